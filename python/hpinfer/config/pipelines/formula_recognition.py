"""Formula recognition, in the keys of PaddleX's ``formula_recognition.yaml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.layout_detection import LayoutDetectionConfig
from hpinfer.config.pipelines.tree import ModuleConfig, PipelineConfig
from hpinfer.config.validation import StrictModel


class FormulaLayoutConfig(LayoutDetectionConfig):
    """Layout detection with a class "formula"."""

    model_name: str = "PP-DocLayout_plus-L"


class FormulaModelConfig(ModuleConfig):
    """Formula recognition."""

    model_name: str = "PP-FormulaNet_plus-M"
    batch_size: int = Field(default=5, ge=1)


class FormulaModules(StrictModel):
    """The modules of formula recognition."""

    LayoutDetection: FormulaLayoutConfig = FormulaLayoutConfig()
    FormulaRecognition: FormulaModelConfig = FormulaModelConfig()


class FormulaSubPipelines(StrictModel):
    """The pipelines inside formula recognition."""

    DocPreprocessor: DocPreprocessorConfig = DocPreprocessorConfig()


class FormulaRecognitionConfig(PipelineConfig):
    """Formula recognition. Without layout detection each picture is one formula."""

    pipeline_name: Literal["formula_recognition"] = "formula_recognition"
    use_doc_preprocessor: bool = False
    use_layout_detection: bool = False
    SubModules: FormulaModules = FormulaModules()
    SubPipelines: FormulaSubPipelines = FormulaSubPipelines()
