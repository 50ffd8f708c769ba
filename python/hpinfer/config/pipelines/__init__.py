"""Configuration models of the pipelines, one file each, and their registry."""

from __future__ import annotations

from hpinfer.config.pipelines.doc_preprocessor import DocPreprocessorConfig
from hpinfer.config.pipelines.layout_detection import LayoutDetectionConfig
from hpinfer.config.pipelines.ocr import OCRConfig
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
    "DocPreprocessorConfig",
    "ImageClassificationPipelineConfig",
    "InstanceSegmentationPipelineConfig",
    "LayoutDetectionConfig",
    "Level",
    "ModuleConfig",
    "OCRConfig",
    "ObjectDetectionPipelineConfig",
    "PipelineConfig",
    "SemanticSegmentationPipelineConfig",
    "TableRecognitionConfig",
    "levels",
    "plain",
]

#: ``pipeline_name`` to its configuration model.
PIPELINES: dict[str, type[PipelineConfig]] = {
    "OCR": OCRConfig,
    "doc_preprocessor": DocPreprocessorConfig,
    "image_classification": ImageClassificationPipelineConfig,
    "instance_segmentation": InstanceSegmentationPipelineConfig,
    "object_detection": ObjectDetectionPipelineConfig,
    "semantic_segmentation": SemanticSegmentationPipelineConfig,
    "table_recognition": TableRecognitionConfig,
}
