"""Seal recognition, in the keys of PaddleX's ``seal_recognition.yaml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.layout_detection import LayoutDetectionConfig
from hpinfer.config.pipelines.ocr import OCRConfig, OCRModules, TextRecognitionConfig
from hpinfer.config.pipelines.tree import PipelineConfig
from hpinfer.config.validation import StrictModel


class SealLayoutConfig(LayoutDetectionConfig):
    """Layout detection with a class "seal"."""

    model_name: str = "PP-DocLayout-L"


class SealModules(StrictModel):
    """The modules of seal recognition."""

    LayoutDetection: SealLayoutConfig = SealLayoutConfig()


class SealTextRecognitionConfig(TextRecognitionConfig):
    """Text recognition; lines of a seal differ much in width, so each goes alone."""

    batch_size: int = Field(default=1, ge=1)


class SealOCRModules(OCRModules):
    """The modules of OCR for curved text."""

    TextRecognition: SealTextRecognitionConfig = SealTextRecognitionConfig()


class SealOCRConfig(OCRConfig):
    """The OCR pipeline for curved text."""

    text_type: Literal["seal"] = "seal"
    SubModules: SealOCRModules = SealOCRModules()


class SealSubPipelines(StrictModel):
    """The pipelines inside seal recognition."""

    DocPreprocessor: DocPreprocessorConfig = DocPreprocessorConfig()
    SealOCR: SealOCRConfig = SealOCRConfig()


class SealRecognitionConfig(PipelineConfig):
    """Seal recognition. Without layout detection each picture is one seal."""

    pipeline_name: Literal["seal_recognition"] = "seal_recognition"
    use_doc_preprocessor: bool = False
    use_layout_detection: bool = False
    SubModules: SealModules = SealModules()
    SubPipelines: SealSubPipelines = SealSubPipelines()
