"""Configuration models of the pipelines, one file each, and their registry."""

from __future__ import annotations

from hpinfer.config.pipelines.chatocr import ChatOCRConfig
from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.formula_recognition import FormulaRecognitionConfig
from hpinfer.config.pipelines.layout_detection import LayoutDetectionConfig
from hpinfer.config.pipelines.layout_parsing import LayoutParsingConfig
from hpinfer.config.pipelines.ocr import OCRConfig
from hpinfer.config.pipelines.seal_recognition import SealRecognitionConfig
from hpinfer.config.pipelines.single_model import (
    ImageClassificationPipelineConfig,
    InstanceSegmentationPipelineConfig,
    ObjectDetectionPipelineConfig,
    SemanticSegmentationPipelineConfig,
)
from hpinfer.config.pipelines.table_recognition import TableRecognitionConfig
from hpinfer.config.pipelines.tree import Level, ModuleConfig, PipelineConfig, levels, plain

__all__ = [
    "PIPELINES",
    "ChatOCRConfig",
    "DocPreprocessorConfig",
    "FormulaRecognitionConfig",
    "ImageClassificationPipelineConfig",
    "InstanceSegmentationPipelineConfig",
    "LayoutDetectionConfig",
    "LayoutParsingConfig",
    "Level",
    "ModuleConfig",
    "OCRConfig",
    "ObjectDetectionPipelineConfig",
    "PipelineConfig",
    "SealRecognitionConfig",
    "SemanticSegmentationPipelineConfig",
    "TableRecognitionConfig",
    "levels",
    "plain",
]

#: ``pipeline_name`` to its configuration model.
PIPELINES: dict[str, type[PipelineConfig]] = {
    "OCR": OCRConfig,
    "PP-ChatOCRv3-doc": ChatOCRConfig,
    "doc_preprocessor": DocPreprocessorConfig,
    "formula_recognition": FormulaRecognitionConfig,
    "image_classification": ImageClassificationPipelineConfig,
    "instance_segmentation": InstanceSegmentationPipelineConfig,
    "layout_parsing": LayoutParsingConfig,
    "object_detection": ObjectDetectionPipelineConfig,
    "seal_recognition": SealRecognitionConfig,
    "semantic_segmentation": SemanticSegmentationPipelineConfig,
    "table_recognition": TableRecognitionConfig,
}
