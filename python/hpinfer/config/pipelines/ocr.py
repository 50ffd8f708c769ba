"""The OCR pipeline, in the keys of PaddleX's ``OCR.yaml``."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field

from hpinfer.config.batching import Batching  # noqa: TC001 - pydantic reads it
from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.tree import ModuleConfig, PipelineConfig
from hpinfer.config.validation import StrictModel


class TextDetectionConfig(ModuleConfig):
    """Text detection. None means: what the model's inference.yml says."""

    model_name: str = "PP-OCRv4_mobile_det"
    limit_side_len: int | None = Field(default=None, ge=1)
    limit_type: Literal["max", "min"] | None = None
    # PaddleX's seal_recognition.yaml says max_side_len, which PaddleX then does not read.
    max_side_limit: int = Field(
        default=4000, ge=32, validation_alias=AliasChoices("max_side_limit", "max_side_len")
    )
    thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    box_thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    unclip_ratio: float | None = Field(default=None, gt=0.0)
    input_shape: list[int] | None = None


class TextLineOrientationConfig(ModuleConfig):
    """Direction (0 or 180 degrees) of each text line."""

    model_name: str = "ch_ppocr_mobile_v2.0_cls"
    batch_size: int = Field(default=6, ge=1)


class TextRecognitionConfig(ModuleConfig):
    """Text recognition.

    Attributes:
        batching: How lines share inputs; None takes ``"compact"`` where the network allows it.
    """

    model_name: str = "PP-OCRv4_mobile_rec"
    batch_size: int = Field(default=6, ge=1)
    score_thresh: float = Field(default=0.0, ge=0.0, le=1.0)
    return_word_box: bool = False
    batching: Batching | None = None
    input_shape: list[int] | None = None


class OCRModules(StrictModel):
    """The modules of the OCR pipeline."""

    TextDetection: TextDetectionConfig = TextDetectionConfig()
    TextLineOrientation: TextLineOrientationConfig = TextLineOrientationConfig()
    TextRecognition: TextRecognitionConfig = TextRecognitionConfig()


class OCRSubPipelines(StrictModel):
    """The pipelines inside the OCR pipeline."""

    DocPreprocessor: DocPreprocessorConfig = DocPreprocessorConfig()


class OCRConfig(PipelineConfig):
    """The OCR pipeline, in the keys of PaddleX's ``OCR.yaml``."""

    pipeline_name: Literal["OCR"] = "OCR"
    text_type: Literal["general", "seal"] = "general"
    use_doc_preprocessor: bool = False
    use_textline_orientation: bool = False
    SubPipelines: OCRSubPipelines = OCRSubPipelines()
    SubModules: OCRModules = OCRModules()
