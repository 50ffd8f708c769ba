"""The OCR pipeline: page orientation, text detection, line direction, text recognition."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ModelFormatError, UnsupportedError
from hpinfer.models import ImageClassification, TextDetection, TextRecognition
from hpinfer.models.text_detection import detection_settings
from hpinfer.pipelines.base import Pipeline, switched
from hpinfer.results import DocPreprocessorResult, OCRResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer import _native
    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import ModuleConfig, OCRConfig
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel
    from hpinfer.models.text_detection import TextDetectionSettings

_DETECTION_PREFIX = "text_det_"
_DETECTION_PARAMETERS = ("limit_side_len", "limit_type", "thresh", "box_thresh", "unclip_ratio")


class _CallParameters(StrictModel):
    """What a call may set beside text detection; None leaves the pipeline's value."""

    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_textline_orientation: bool | None = None
    text_rec_score_thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    return_word_box: bool | None = None


_PARAMETERS = frozenset(_CallParameters.model_fields) | {
    _DETECTION_PREFIX + name for name in _DETECTION_PARAMETERS
}


@dataclass(frozen=True, slots=True)
class _Settings:
    """Every per-call setting, resolved and checked against the models that are loaded."""

    detection: TextDetectionSettings
    score_thresh: float
    line_orientation: bool
    page_orientation: bool
    words: bool

    @property
    def model_settings(self) -> dict[str, bool]:
        return {
            "use_doc_preprocessor": self.page_orientation,
            "use_textline_orientation": self.line_orientation,
        }

    @property
    def detection_params(self) -> dict[str, Any]:
        names = ("max_side_limit", *_DETECTION_PARAMETERS)
        values = asdict(self.detection)
        return {name: values[name] for name in names}


class OCRPipeline(Pipeline[OCRResult]):
    """Reads the text of pictures and documents.

    Parameters of `predict`: ``text_det_limit_side_len``, ``text_det_limit_type``,
    ``text_det_thresh``, ``text_det_box_thresh``, ``text_det_unclip_ratio``,
    ``text_rec_score_thresh``, ``use_textline_orientation``, ``use_doc_orientation_classify``,
    ``use_doc_unwarping``, ``return_word_box`` (also locate the words of each line).

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = _PARAMETERS

    def __init__(self, config: OCRConfig, settings: Mapping[str, HPISettings]) -> None:
        from hpinfer import _native

        _refuse_unsupported(config)
        super().__init__(config, settings)
        self.config = config
        modules = config.SubModules
        # Many small inferences at once keep cores busier than all cores in each (baseline.md).
        streams = int(_native.thread_info()["threads"])
        detection = self._load("SubModules.TextDetection", modules.TextDetection)
        recognition = self._load(
            "SubModules.TextRecognition", modules.TextRecognition, num_streams=streams
        )
        self._detector = self._detection_model(detection)
        self._recognizer = TextRecognition(recognition)
        self._line_classifier = (
            self._classifier(
                "SubModules.TextLineOrientation", modules.TextLineOrientation, num_streams=streams
            )
            if config.use_textline_orientation
            else None
        )
        self._page_classifier = self._load_page_classifier()
        self._reader = _native.TextReader(
            self._detector.native,
            self._recognizer.native,
            None if self._line_classifier is None else self._line_classifier.native,
        )

    def _predict_batch(self, images: Sequence[InputImage], settings: _Settings) -> list[OCRResult]:
        return [self._read(image, settings) for image in images]

    def _read(self, image: InputImage, settings: _Settings) -> OCRResult:
        from hpinfer import _native

        upright = self._turn_upright(image) if settings.page_orientation else None
        page = image.bgr if upright is None or upright.output_img is None else upright.output_img
        modules = self.config.SubModules
        batch = modules.TextLineOrientation.batch_size if settings.line_orientation else None
        read = self._reader.read(
            page,
            _native.TextReaderParams(
                settings.detection.native(),
                modules.TextRecognition.batch_size,
                line_orientation_batch=batch,
                words=settings.words,
            ),
        )
        return _result(image, upright, read, settings)

    def _turn_upright(self, image: InputImage) -> DocPreprocessorResult:
        from hpinfer import _native

        assert self._page_classifier is not None  # _settings has checked
        classifier = self._page_classifier
        (scores,) = classifier.native.classify([image.bgr], 1)
        (best,) = _native.top_classes(scores, 1)
        angle = _page_angle(classifier, best)
        page = image.bgr if angle == 0 else _native.rotate_image(image.bgr, angle)
        return DocPreprocessorResult(
            model_settings={"use_doc_orientation_classify": True, "use_doc_unwarping": False},
            angle=angle,
            rot_img=page,
            output_img=page,
            image=image.bgr,
            input_path=image.input_path,
            page_index=image.page_index,
            name=image.name,
        )

    def _settings(self, params: Mapping[str, Any]) -> _Settings:
        detection = {
            name: params[_DETECTION_PREFIX + name]
            for name in _DETECTION_PARAMETERS
            if _DETECTION_PREFIX + name in params
        }
        rest = {name: params[name] for name in params if name in _CallParameters.model_fields}
        call = validate(_CallParameters, rest, where="OCR.predict")
        if call.use_doc_unwarping:
            raise _unwarping_unsupported()
        score_thresh = call.text_rec_score_thresh
        if score_thresh is None:
            score_thresh = self.config.SubModules.TextRecognition.score_thresh
        return _Settings(
            detection=self._detector.settings.override(detection, where="OCR.predict: text_det"),
            score_thresh=score_thresh,
            line_orientation=switched(
                call.use_textline_orientation,
                loaded=self._line_classifier is not None,
                name="use_textline_orientation",
            ),
            page_orientation=switched(
                call.use_doc_orientation_classify,
                loaded=self._page_classifier is not None,
                name="use_doc_orientation_classify",
            ),
            words=self.config.SubModules.TextRecognition.return_word_box
            if call.return_word_box is None
            else call.return_word_box,
        )

    def _classifier(
        self, path: str, module: ModuleConfig, **session_options: Any
    ) -> ImageClassification:
        return ImageClassification(self._load(path, module, **session_options))

    def _detection_model(self, loaded: LoadedModel) -> TextDetection:
        module = self.config.SubModules.TextDetection
        values = {
            name: getattr(module, name) for name in (*_DETECTION_PARAMETERS, "max_side_limit")
        }
        where = "pipeline config: SubModules.TextDetection"
        settings = detection_settings(loaded.config).override(values, where=where)
        if settings.box_type != "quad":
            raise UnsupportedError(
                f"the OCR pipeline reads quadrilaterals; {loaded.name} gives polygons"
            )
        return TextDetection(loaded, settings=settings)

    def _load_page_classifier(self) -> ImageClassification | None:
        preprocessor = self.config.SubPipelines.DocPreprocessor
        if not self.config.use_doc_preprocessor:
            return None
        if preprocessor.use_doc_unwarping:
            raise _unwarping_unsupported()
        if not preprocessor.use_doc_orientation_classify:
            return None
        return self._classifier(
            "SubPipelines.DocPreprocessor.SubModules.DocOrientationClassify",
            preprocessor.SubModules.DocOrientationClassify,
        )


def _refuse_unsupported(config: OCRConfig) -> None:
    if config.text_type != "general":
        raise UnsupportedError(
            f"the OCR pipeline reads text_type 'general'; {config.text_type!r} is not supported yet"
        )
    modules = config.SubModules
    for name, shape in (
        ("TextDetection", modules.TextDetection.input_shape),
        ("TextRecognition", modules.TextRecognition.input_shape),
    ):
        if shape is not None:
            raise UnsupportedError(
                f"SubModules.{name}.input_shape is not supported: sizes follow the picture; "
                "set it to null"
            )


def _unwarping_unsupported() -> UnsupportedError:
    return UnsupportedError(
        "document unwarping (UVDoc) is not supported yet; set use_doc_unwarping to False"
    )


def _page_angle(classifier: ImageClassification, index: int) -> int:
    label = classifier.labels[index] if index < len(classifier.labels) else str(index)
    if label not in {"0", "90", "180", "270"}:
        raise ModelFormatError(
            f"{classifier.name} must have the labels 0, 90, 180 and 270; it gave {label!r}"
        )
    return int(label)


def _result(
    image: InputImage,
    upright: DocPreprocessorResult | None,
    read: _native.ReadPage,
    settings: _Settings,
) -> OCRResult:
    import numpy as np

    lines = read.lines
    kept = [line for line in lines if line.text.score >= settings.score_thresh]
    polygons = [line.polygon for line in kept]
    return OCRResult(
        dt_polys=[line.polygon for line in lines],
        rec_texts=[line.text.text for line in kept],
        rec_scores=[line.text.score for line in kept],
        rec_polys=polygons,
        rec_boxes=_bounds(polygons),
        model_settings=settings.model_settings,
        text_det_params=settings.detection_params,
        textline_orientation_angles=np.array([line.orientation for line in lines], dtype=np.int32)
        if lines
        else None,
        text_rec_score_thresh=settings.score_thresh,
        return_word_box=settings.words,
        text_word=[line.words for line in kept] if settings.words else None,
        text_word_region=[line.word_polygons for line in kept] if settings.words else None,
        text_word_boxes=[_bounds(line.word_polygons) for line in kept] if settings.words else None,
        doc_preprocessor_res=upright,
        image=image.bgr,
        input_path=image.input_path,
        page_index=image.page_index,
        name=image.name,
        timing=read.seconds,
    )


def _bounds(
    polygons: list[npt.NDArray[np.int32]] | npt.NDArray[np.int32],
) -> npt.NDArray[np.int32]:
    import numpy as np

    if len(polygons) == 0:
        return np.zeros((0, 4), dtype=np.int32)
    return np.array([[*polygon.min(axis=0), *polygon.max(axis=0)] for polygon in polygons])
