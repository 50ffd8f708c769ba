"""Document pre-processing, in the keys of PaddleX's ``doc_preprocessor.yaml``."""

from __future__ import annotations

from typing import Literal

from hpinfer.config.pipelines.tree import ModuleConfig, PipelineConfig
from hpinfer.config.validation import StrictModel


class DocOrientationConfig(ModuleConfig):
    """Direction (0, 90, 180 or 270 degrees) of a page."""

    model_name: str = "PP-LCNet_x1_0_doc_ori"


class DocUnwarpingConfig(ModuleConfig):
    """Unwarping of curved pages."""

    model_name: str = "UVDoc"


class DocPreprocessorModules(StrictModel):
    """The modules of document pre-processing."""

    DocOrientationClassify: DocOrientationConfig = DocOrientationConfig()
    DocUnwarping: DocUnwarpingConfig = DocUnwarpingConfig()


class DocPreprocessorConfig(PipelineConfig):
    """Document pre-processing: turns a page upright before its text is read."""

    pipeline_name: Literal["doc_preprocessor"] = "doc_preprocessor"
    use_doc_orientation_classify: bool = True
    use_doc_unwarping: bool = False
    SubModules: DocPreprocessorModules = DocPreprocessorModules()
