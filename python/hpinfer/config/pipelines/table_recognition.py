"""Table recognition, in the keys of PaddleX's ``table_recognition.yaml``."""

from __future__ import annotations

from typing import Literal

from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.layout_detection import LayoutDetectionConfig
from hpinfer.config.pipelines.ocr import OCRConfig
from hpinfer.config.pipelines.tree import ModuleConfig, PipelineConfig
from hpinfer.config.validation import StrictModel


class TableStructureConfig(ModuleConfig):
    """Structure of each table: rows, cells and where they are."""

    model_name: str = "SLANet_plus"


class TableLayoutConfig(LayoutDetectionConfig):
    """Layout detection with a class "table"."""

    model_name: str = "picodet_lcnet_x1_0_fgd_layout_cdla"


class TableRecognitionModules(StrictModel):
    """The modules of table recognition."""

    LayoutDetection: TableLayoutConfig = TableLayoutConfig()
    TableStructureRecognition: TableStructureConfig = TableStructureConfig()


class TableRecognitionSubPipelines(StrictModel):
    """The pipelines inside table recognition."""

    DocPreprocessor: DocPreprocessorConfig = DocPreprocessorConfig()
    GeneralOCR: OCRConfig = OCRConfig()


class TableRecognitionConfig(PipelineConfig):
    """Table recognition: finds the tables of a page and reads them.

    Attributes:
        use_doc_preprocessor: Whether pages are turned upright (and flattened) first.
        use_layout_detection: Whether to look for tables; otherwise each page is one table.
        use_ocr_model: Whether to read the page; otherwise each call must bring its text.
    """

    pipeline_name: Literal["table_recognition"] = "table_recognition"
    use_doc_preprocessor: bool = True
    use_layout_detection: bool = True
    use_ocr_model: bool = True
    SubModules: TableRecognitionModules = TableRecognitionModules()
    SubPipelines: TableRecognitionSubPipelines = TableRecognitionSubPipelines()
