"""The OCR pipeline: page orientation, text detection, line direction, text recognition."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from hpinfer.config.batching import Batching  # noqa: TC001 - pydantic reads it
from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError, UnsupportedError
from hpinfer.models import ImageClassification, TextDetection, TextRecognition
from hpinfer.models.text_detection import detection_settings
from hpinfer.models.text_recognition import recognition_options
from hpinfer.pipelines.base import switched
from hpinfer.pipelines.pages import PagePipeline
from hpinfer.results import OCRResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer import _native
    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import OCRConfig
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel
    from hpinfer.models.text_detection import TextDetectionSettings
    from hpinfer.pipelines.doc_preprocessor import DocSteps
    from hpinfer.pipelines.pages import Page

_DETECTION_PREFIX = "text_det_"
#: Parameters of text detection that a call may set.
DETECTION_PARAMETERS = ("limit_side_len", "limit_type", "thresh", "box_thresh", "unclip_ratio")


class _CallParameters(StrictModel):
    """What a call may set beside text detection; None leaves the pipeline's value."""

    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_textline_orientation: bool | None = None
    text_rec_score_thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    text_rec_batching: Batching | None = None
    return_word_box: bool | None = None


_PARAMETERS = frozenset(_CallParameters.model_fields) | {
    _DETECTION_PREFIX + name for name in DETECTION_PARAMETERS
}


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """Every per-call setting, resolved and checked against the models that are loaded.

    Attributes:
        detection: Parameters of text detection.
        score_thresh: Score that a line needs.
        line_orientation: Whether upside-down lines are turned.
        document: Steps of document pre-processing, None for none.
        words: Whether the words of each line are located.
        batching: How lines share inputs of the recognition network.
    """

    detection: TextDetectionSettings
    score_thresh: float
    line_orientation: bool
    document: DocSteps | None
    words: bool
    batching: Batching

    @property
    def model_settings(self) -> dict[str, bool]:
        """PaddleX's ``model_settings``."""
        return {
            "use_doc_preprocessor": self.document is not None,
            "use_textline_orientation": self.line_orientation,
        }

    @property
    def detection_params(self) -> dict[str, Any]:
        """PaddleX's ``text_det_params``."""
        names = ("max_side_limit", *DETECTION_PARAMETERS)
        values = asdict(self.detection)
        return {name: values[name] for name in names}


class OCRPipeline(PagePipeline[OCRResult]):
    """Reads the text of pictures and documents; with ``text_type: seal``, curved text.

    Parameters of `predict`: ``text_det_limit_side_len``, ``text_det_limit_type``,
    ``text_det_thresh``, ``text_det_box_thresh``, ``text_det_unclip_ratio``,
    ``text_rec_score_thresh``, ``text_rec_batching`` (``"compact"`` or ``"official"``),
    ``use_textline_orientation``, ``use_doc_orientation_classify``, ``use_doc_unwarping``,
    ``return_word_box`` (also locate the words of each line).

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
        detection = self._begin_loading("SubModules.TextDetection", modules.TextDetection)
        recognition = self._begin_loading(
            "SubModules.TextRecognition", modules.TextRecognition, num_streams=streams
        )
        orientation = (
            self._begin_loading(
                "SubModules.TextLineOrientation", modules.TextLineOrientation, num_streams=streams
            )
            if config.use_textline_orientation
            else None
        )
        self._detector = self._detection_model(detection.get())
        self._recognizer = TextRecognition(recognition.get())
        self._line_classifier = (
            None if orientation is None else ImageClassification(orientation.get())
        )
        if config.use_doc_preprocessor:
            self._load_preprocessor(config.SubPipelines.DocPreprocessor)
        self._reader = _native.TextReader(
            self._detector.native,
            self._recognizer.native,
            None if self._line_classifier is None else self._line_classifier.native,
        )

    def reading_settings(
        self,
        detection: Mapping[str, Any],
        *,
        where: str,
        score_thresh: float | None = None,
        line_orientation: bool | None = None,
        words: bool | None = None,
        document: DocSteps | None = None,
        batching: Batching | None = None,
    ) -> ReadingSettings:
        """The settings of one call, for `predict_images`; None is the pipeline's own value.

        Args:
            detection: `DETECTION_PARAMETERS` that are given.
            where: What `detection` is, for messages.
            score_thresh: Score that a line needs, 0 to 1.
            line_orientation: Whether upside-down lines are turned.
            words: Whether the words of each line are located.
            document: Steps of document pre-processing.
            batching: How lines share inputs of the recognition network.

        Raises:
            ConfigError: A value is wrong, or a step is asked for whose model was not loaded.
            UnsupportedError: The recognition network does not allow the batching.
        """
        recognition = self.config.SubModules.TextRecognition
        words = recognition.return_word_box if words is None else words
        if words and self._is_curved:
            raise ConfigError(
                f"{self.name}: return_word_box is for text_type general; words of curved text "
                "(text_type seal) are not located"
            )
        return ReadingSettings(
            detection=self._detector.settings.override(detection, where=where),
            score_thresh=recognition.score_thresh if score_thresh is None else score_thresh,
            line_orientation=switched(
                line_orientation,
                loaded=self._line_classifier is not None,
                name="use_textline_orientation",
            ),
            document=document,
            words=words,
            batching=self._recognizer.batching(batching or recognition.batching),
        )

    @property
    def _is_curved(self) -> bool:
        return self.config.text_type == "seal"

    def _settings(self, params: Mapping[str, Any]) -> ReadingSettings:
        detection = {
            name: params[_DETECTION_PREFIX + name]
            for name in DETECTION_PARAMETERS
            if _DETECTION_PREFIX + name in params
        }
        rest = {name: params[name] for name in params if name in _CallParameters.model_fields}
        call = validate(_CallParameters, rest, where="OCR.predict")
        return self.reading_settings(
            detection,
            where="OCR.predict: text_det",
            score_thresh=call.text_rec_score_thresh,
            line_orientation=call.use_textline_orientation,
            words=call.return_word_box,
            batching=call.text_rec_batching,
            document=self._document_steps(
                call.use_doc_orientation_classify, call.use_doc_unwarping
            ),
        )

    def _predict_batch(
        self, images: Sequence[InputImage], settings: ReadingSettings
    ) -> list[OCRResult]:
        return [self._read(page, settings) for page in self._pages(images, settings.document)]

    def _read(self, page: Page, settings: ReadingSettings) -> OCRResult:
        from hpinfer import _native

        modules = self.config.SubModules
        batch = modules.TextLineOrientation.batch_size if settings.line_orientation else None
        read = self._reader.read(
            page.bgr,
            _native.TextReaderParams(
                settings.detection.native(),
                recognition_options(
                    settings.batching,
                    batch_size=modules.TextRecognition.batch_size,
                    sort_by_ratio=True,
                ),
                line_orientation_batch=batch,
                words=settings.words,
            ),
        )
        return self._result(page, read, settings)

    def _detection_model(self, loaded: LoadedModel) -> TextDetection:
        module = self.config.SubModules.TextDetection
        values = {name: getattr(module, name) for name in (*DETECTION_PARAMETERS, "max_side_limit")}
        where = "pipeline config: SubModules.TextDetection"
        own = detection_settings(loaded.config)
        if self._is_curved:
            own = own.for_curved_text()
        elif own.box_type != "quad":
            raise UnsupportedError(
                f"text_type general reads quadrilaterals; {loaded.name} gives polygons: "
                "set text_type to seal"
            )
        return TextDetection(loaded, settings=own.override(values, where=where))

    def _result(self, page: Page, read: _native.ReadPage, settings: ReadingSettings) -> OCRResult:
        import numpy as np

        lines, words = read.lines, settings.words
        kept = [line for line in lines if line.text.score >= settings.score_thresh]
        polygons = [line.polygon for line in kept]
        source = page.source
        return OCRResult(
            dt_polys=[line.polygon for line in lines],
            rec_texts=[line.text.text for line in kept],
            rec_scores=[line.text.score for line in kept],
            rec_polys=polygons,
            rec_boxes=_bounds([] if self._is_curved else polygons),
            model_settings=settings.model_settings,
            text_det_params=settings.detection_params,
            text_type=self.config.text_type,
            textline_orientation_angles=np.array([line.orientation for line in lines], np.int32)
            if lines
            else None,
            text_rec_score_thresh=settings.score_thresh,
            return_word_box=words,
            text_word=[line.words for line in kept] if words else None,
            text_word_region=[line.word_polygons for line in kept] if words else None,
            text_word_boxes=[_bounds(line.word_polygons) for line in kept] if words else None,
            doc_preprocessor_res=page.document,
            image=source.bgr,
            input_path=source.input_path,
            page_index=source.page_index,
            name=source.name,
            timing=read.seconds,
        )


def _refuse_unsupported(config: OCRConfig) -> None:
    modules = config.SubModules
    if config.text_type == "seal" and modules.TextRecognition.return_word_box:
        raise UnsupportedError(
            "SubModules.TextRecognition.return_word_box: words of curved text (text_type seal) "
            "are not located; set it to false"
        )
    for name, shape in (
        ("TextDetection", modules.TextDetection.input_shape),
        ("TextRecognition", modules.TextRecognition.input_shape),
    ):
        if shape is not None:
            raise UnsupportedError(
                f"SubModules.{name}.input_shape is not supported: sizes follow the picture; "
                "set it to null"
            )


def _bounds(
    polygons: list[npt.NDArray[np.int32]] | npt.NDArray[np.int32],
) -> npt.NDArray[np.int32]:
    import numpy as np

    if len(polygons) == 0:
        return np.zeros((0, 4), dtype=np.int32)
    return np.array([[*polygon.min(axis=0), *polygon.max(axis=0)] for polygon in polygons])
