"""The pipelines that are one model, in the keys of PaddleX's YAML files.

By name they take a model that the hub has; where there is none, the one that PaddleX's file names,
for which a directory must be given.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from hpinfer.config.pipelines.tree import ModuleConfig, PipelineConfig
from hpinfer.config.validation import StrictModel

_Score: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]


def _none_in_words(value: object) -> object:
    """PaddleX's ``target_size: None`` is a text to YAML, and means null."""
    return None if value == "None" else value


_Size: TypeAlias = Annotated[
    int | tuple[int, int] | None,
    BeforeValidator(_none_in_words),
]


class ImageClassificationConfig(ModuleConfig):
    """Classification. None means: what the model's inference.yml says."""

    model_name: str = "PP-LCNet_x1_0_doc_ori"
    batch_size: int = Field(default=4, ge=1)
    topk: int | None = Field(default=None, ge=1)


class ImageClassificationModules(StrictModel):
    """The module of the pipeline."""

    ImageClassification: ImageClassificationConfig = ImageClassificationConfig()


class ImageClassificationPipelineConfig(PipelineConfig):
    """Image classification."""

    pipeline_name: Literal["image_classification"] = "image_classification"
    SubModules: ImageClassificationModules = ImageClassificationModules()


class ObjectDetectionConfig(ModuleConfig):
    """Detection. None means: what the model's inference.yml says."""

    model_name: str = "picodet_lcnet_x1_0_fgd_layout_cdla"
    threshold: _Score | dict[int | str, _Score] | None = None
    img_size: _Size = None


class ObjectDetectionModules(StrictModel):
    """The module of the pipeline."""

    ObjectDetection: ObjectDetectionConfig = ObjectDetectionConfig()


class ObjectDetectionPipelineConfig(PipelineConfig):
    """Object detection."""

    pipeline_name: Literal["object_detection"] = "object_detection"
    SubModules: ObjectDetectionModules = ObjectDetectionModules()


class SemanticSegmentationConfig(ModuleConfig):
    """Segmentation. None means: what the model's inference.yml says."""

    model_name: str = "PP-LiteSeg-T"
    target_size: _Size = None


class SemanticSegmentationModules(StrictModel):
    """The module of the pipeline."""

    SemanticSegmentation: SemanticSegmentationConfig = SemanticSegmentationConfig()


class SemanticSegmentationPipelineConfig(PipelineConfig):
    """Semantic segmentation."""

    pipeline_name: Literal["semantic_segmentation"] = "semantic_segmentation"
    SubModules: SemanticSegmentationModules = SemanticSegmentationModules()


class InstanceSegmentationConfig(ModuleConfig):
    """Instance segmentation. None means: what the model's inference.yml says."""

    model_name: str = "Mask-RT-DETR-S"
    threshold: _Score | None = None


class InstanceSegmentationModules(StrictModel):
    """The module of the pipeline."""

    InstanceSegmentation: InstanceSegmentationConfig = InstanceSegmentationConfig()


class InstanceSegmentationPipelineConfig(PipelineConfig):
    """Instance segmentation."""

    pipeline_name: Literal["instance_segmentation"] = "instance_segmentation"
    SubModules: InstanceSegmentationModules = InstanceSegmentationModules()
