"""The OCR pipeline: page orientation, text detection, line direction, text recognition."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import UnsupportedError
from hpinfer.models import ImageClassification, TextDetection, TextRecognition
from hpinfer.models.text_detection import detection_settings
from hpinfer.pipelines.base import Pipeline, switched
from hpinfer.pipelines.doc_preprocessor import DocPreprocessorPipeline
from hpinfer.results import OCRResult

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
    from hpinfer.pipelines.doc_preprocessor import DocSteps
    from hpinfer.results import DocPreprocessorResult

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
    document: DocSteps | None
    words: bool

    @property
    def model_settings(self) -> dict[str, bool]:
        return {
            "use_doc_preprocessor": self.document is not None,
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
        self._preprocessor = (
            self._sub_pipeline(
                DocPreprocessorPipeline,
                "SubPipelines.DocPreprocessor",
                config.SubPipelines.DocPreprocessor,
            )
            if config.use_doc_preprocessor
            else None
        )
        self._reader = _native.TextReader(
            self._detector.native,
            self._recognizer.native,
            None if self._line_classifier is None else self._line_classifier.native,
        )

    def _predict_batch(self, images: Sequence[InputImage], settings: _Settings) -> list[OCRResult]:
        return [self._read(image, settings) for image in images]

    def _read(self, image: InputImage, settings: _Settings) -> OCRResult:
        from hpinfer import _native

        upright = None
        if self._preprocessor is not None and settings.document is not None:
            (upright,) = self._preprocessor.process([image], settings.document)
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

    def _settings(self, params: Mapping[str, Any]) -> _Settings:
        detection = {
            name: params[_DETECTION_PREFIX + name]
            for name in _DETECTION_PARAMETERS
            if _DETECTION_PREFIX + name in params
        }
        rest = {name: params[name] for name in params if name in _CallParameters.model_fields}
        call = validate(_CallParameters, rest, where="OCR.predict")
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
            document=self._document_steps(
                call.use_doc_orientation_classify, call.use_doc_unwarping
            ),
            words=self.config.SubModules.TextRecognition.return_word_box
            if call.return_word_box is None
            else call.return_word_box,
        )

    def _document_steps(self, orientation: bool | None, unwarping: bool | None) -> DocSteps | None:
        """Steps of pre-processing; None is none of them: the page is read as it is."""
        if self._preprocessor is None:
            switched(orientation, loaded=False, name="use_doc_orientation_classify")
            switched(unwarping, loaded=False, name="use_doc_unwarping")
            return None
        steps = self._preprocessor.steps(orientation, unwarping)
        return steps if steps.orientation or steps.unwarping else None

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
