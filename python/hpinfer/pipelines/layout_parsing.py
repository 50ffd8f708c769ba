"""Layout parsing: the parts of a page in reading order, each with its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError, ModelFormatError
from hpinfer.io import InputImage
from hpinfer.models.timing import stage
from hpinfer.pipelines.base import switched
from hpinfer.pipelines.formula_recognition import FormulaRecognitionPipeline
from hpinfer.pipelines.layout_step import LAYOUT_NAMES, layout_detector
from hpinfer.pipelines.ocr import DETECTION_PARAMETERS, OCRPipeline
from hpinfer.pipelines.page_blocks import PageContents, page_blocks
from hpinfer.pipelines.pages import PagePipeline
from hpinfer.pipelines.seal_recognition import SealRecognitionPipeline
from hpinfer.pipelines.shared_results import TEXT_PARAMETERS, text_parameters
from hpinfer.pipelines.table_recognition import TableRecognitionPipeline
from hpinfer.results import LayoutParsingResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import LayoutParsingConfig
    from hpinfer.pipelines.doc_preprocessor import DocSteps
    from hpinfer.pipelines.pages import Page
    from hpinfer.results import OCRResult

_SEAL_PARAMETERS = frozenset(
    {
        "seal_rec_batching",
        "seal_rec_score_thresh",
        *(f"seal_det_{name}" for name in DETECTION_PARAMETERS),
    }
)


class _CallParameters(StrictModel):
    """The steps that a call may switch; None leaves the pipeline's value."""

    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_textline_orientation: bool | None = None
    use_general_ocr: bool | None = None
    use_table_recognition: bool | None = None
    use_seal_recognition: bool | None = None
    use_formula_recognition: bool | None = None


@dataclass(frozen=True, slots=True)
class _Settings:
    """Every per-call setting, resolved and checked against the models that are loaded.

    Attributes:
        document: Steps of pre-processing; None is none.
        layout: Settings of layout detection.
        text: Settings of the OCR pipeline.
        seals: Settings of seal recognition, None if it is off.
        read_text: Whether text becomes part of the result.
        tables: Whether tables are read.
        formulas: Whether formulas are read.
    """

    document: DocSteps | None
    layout: object
    text: object
    seals: Any
    read_text: bool
    tables: bool
    formulas: bool

    @property
    def model_settings(self) -> dict[str, bool]:
        """PaddleX's ``model_settings``."""
        return {
            "use_doc_preprocessor": self.document is not None,
            "use_seal_recognition": self.seals is not None,
            "use_table_recognition": self.tables,
            "use_formula_recognition": self.formulas,
        }


class LayoutParsingPipeline(PagePipeline[LayoutParsingResult]):
    """Finds the parts of pages, reads each as what it is, and puts them into reading order.

    Parameters of `predict`: ``use_doc_orientation_classify``, ``use_doc_unwarping``,
    ``use_general_ocr``, ``use_textline_orientation``, ``use_table_recognition``,
    ``use_seal_recognition``, ``use_formula_recognition``, ``layout_threshold``, ``layout_nms``,
    ``layout_unclip_ratio``, ``layout_merge_bboxes_mode``, ``text_det_…`` and
    ``text_rec_…`` as for OCR, ``seal_det_…`` and ``seal_rec_…`` as for seals.

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = (
        frozenset(_CallParameters.model_fields)
        | frozenset(LAYOUT_NAMES)
        | TEXT_PARAMETERS
        | _SEAL_PARAMETERS
    )

    def __init__(self, config: LayoutParsingConfig, settings: Mapping[str, HPISettings]) -> None:
        super().__init__(config, settings)
        self.config = config
        inner, begin = config.SubPipelines, self._begin_sub_pipeline
        path, module = "SubModules.LayoutDetection", config.SubModules.LayoutDetection
        layout = self._begin_loading(path, module)
        ocr = begin(OCRPipeline, "SubPipelines.GeneralOCR", inner.GeneralOCR)
        tables = (
            begin(TableRecognitionPipeline, "SubPipelines.TableRecognition", inner.TableRecognition)
            if config.use_table_recognition
            else None
        )
        seals = (
            begin(SealRecognitionPipeline, "SubPipelines.SealRecognition", inner.SealRecognition)
            if config.use_seal_recognition
            else None
        )
        formulas = (
            begin(
                FormulaRecognitionPipeline,
                "SubPipelines.FormulaRecognition",
                inner.FormulaRecognition,
            )
            if config.use_formula_recognition
            else None
        )
        if config.use_doc_preprocessor:
            self._load_preprocessor(inner.DocPreprocessor)
        self._layout = layout_detector(layout.get(), module, where=f"{self.name}: {path}")
        self._ocr = ocr.get()
        self._tables = None if tables is None else tables.get()
        self._seals = None if seals is None else seals.get()
        self._formulas = None if formulas is None else formulas.get()

    def _predict_batch(
        self, images: Sequence[InputImage], settings: _Settings
    ) -> list[LayoutParsingResult]:
        return [self._page(page, settings) for page in self._pages(images, settings.document)]

    def _page(self, page: Page, settings: _Settings) -> LayoutParsingResult:
        source = page.source
        image = InputImage(page.bgr, None, None, None, source.name)
        with stage("layout"):
            (layout,) = self._layout.predict_images([image], settings.layout)
        if layout.coordinates.shape[1] != 4:
            raise ModelFormatError(
                f"{self.name}: layout boxes must be upright; {self._layout.name} gives rotated ones"
            )
        ocr = self._text(image, settings)
        contents = PageContents(layout=layout, ocr=ocr if settings.read_text else None)
        if self._tables is not None and settings.tables and ocr is not None:
            with stage("tables"):
                contents.tables = self._tables.read_tables(page, layout, ocr)
        if self._seals is not None and settings.seals is not None:
            with stage("seals"):
                contents.seals = self._seals.read_seals(
                    page.bgr, layout, settings.seals, name=source.name
                )
        if self._formulas is not None and settings.formulas:
            with stage("formulas"):
                (contents.formulas,) = self._formulas.read_formulas(
                    [page.bgr], [layout], names=[source.name]
                )

        def read_again(picture: InputImage) -> OCRResult:
            with stage("blocks"):
                return self._ocr.predict_images([picture], settings.text)[0]

        return LayoutParsingResult(
            parsing_res_list=page_blocks(image, contents, read_again),
            table_res_list=contents.tables,
            seal_res_list=contents.seals,
            formula_res_list=contents.formulas,
            overall_ocr_res=ocr,
            layout_det_res=layout,
            doc_preprocessor_res=page.document,
            model_settings=settings.model_settings,
            image=source.bgr,
            input_path=source.input_path,
            page_index=source.page_index,
            name=source.name,
        )

    def _text(self, image: InputImage, settings: _Settings) -> OCRResult | None:
        """The text of the page; None if neither blocks nor tables need it."""
        if not (settings.read_text or settings.tables):
            return None
        with stage("text"):
            return self._ocr.predict_images([image], settings.text)[0]

    def _settings(self, params: Mapping[str, Any]) -> _Settings:
        own = {name: params[name] for name in params if name in _CallParameters.model_fields}
        call = validate(_CallParameters, own, where=f"{self.name}.predict")
        layout = {LAYOUT_NAMES[name]: params[name] for name in LAYOUT_NAMES if name in params}
        text = text_parameters(params)
        if call.use_textline_orientation is not None:
            text["use_textline_orientation"] = call.use_textline_orientation
        read_text = call.use_general_ocr
        return _Settings(
            document=self._document_steps(
                call.use_doc_orientation_classify, call.use_doc_unwarping
            ),
            layout=self._layout.call_settings(layout),
            text=self._ocr.call_settings(text),
            seals=self._seal_settings(call.use_seal_recognition, params),
            read_text=self.config.use_general_ocr if read_text is None else read_text,
            tables=switched(
                call.use_table_recognition,
                loaded=self._tables is not None,
                name="use_table_recognition",
            ),
            formulas=switched(
                call.use_formula_recognition,
                loaded=self._formulas is not None,
                name="use_formula_recognition",
            ),
        )

    def _seal_settings(self, asked: bool | None, params: Mapping[str, Any]) -> object | None:
        given = {name: params[name] for name in _SEAL_PARAMETERS if name in params}
        wanted = switched(asked, loaded=self._seals is not None, name="use_seal_recognition")
        if self._seals is None or not wanted:
            if given:
                raise ConfigError(
                    f"{self.name}.predict: {min(given)} has no effect without seal recognition"
                )
            return None
        return self._seals.seal_settings(given)
