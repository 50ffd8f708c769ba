"""Layout parsing, in the keys of PaddleX's ``layout_parsing.yaml``."""

from __future__ import annotations

from typing import Literal

from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.formula_recognition import FormulaRecognitionConfig
from hpinfer.config.pipelines.layout_detection import LayoutDetectionConfig
from hpinfer.config.pipelines.ocr import OCRConfig
from hpinfer.config.pipelines.seal_recognition import SealRecognitionConfig
from hpinfer.config.pipelines.table_recognition import TableRecognitionConfig
from hpinfer.config.pipelines.tree import PipelineConfig
from hpinfer.config.validation import StrictModel


class PageLayoutConfig(LayoutDetectionConfig):
    """Layout detection."""

    model_name: str = "picodet_lcnet_x1_0_fgd_layout_cdla"


class LayoutParsingModules(StrictModel):
    """The modules of layout parsing."""

    LayoutDetection: PageLayoutConfig = PageLayoutConfig()


class PageTableConfig(TableRecognitionConfig):
    """Table recognition on pages that are ready, read and laid out already."""

    use_doc_preprocessor: bool = False
    use_layout_detection: bool = False
    use_ocr_model: bool = False


class LayoutParsingSubPipelines(StrictModel):
    """The pipelines inside layout parsing."""

    DocPreprocessor: DocPreprocessorConfig = DocPreprocessorConfig()
    GeneralOCR: OCRConfig = OCRConfig()
    TableRecognition: PageTableConfig = PageTableConfig()
    SealRecognition: SealRecognitionConfig = SealRecognitionConfig()
    FormulaRecognition: FormulaRecognitionConfig = FormulaRecognitionConfig()


class LayoutParsingConfig(PipelineConfig):
    """Layout parsing: the parts of a page in reading order, each with its content.

    Attributes:
        use_doc_preprocessor: Whether pages are turned upright (and flattened) first.
        use_general_ocr: Whether text becomes part of the result.
        use_table_recognition: Whether tables are read as tables.
        use_seal_recognition: Whether seals are read.
        use_formula_recognition: Whether formulas are read as LaTeX.
    """

    pipeline_name: Literal["layout_parsing"] = "layout_parsing"
    use_doc_preprocessor: bool = True
    use_general_ocr: bool = True
    use_table_recognition: bool = True
    use_seal_recognition: bool = False
    use_formula_recognition: bool = False
    SubModules: LayoutParsingModules = LayoutParsingModules()
    SubPipelines: LayoutParsingSubPipelines = LayoutParsingSubPipelines()
