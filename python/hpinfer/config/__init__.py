"""Configuration: pipeline YAML and inference.yml, validated; nothing here touches an engine."""

from __future__ import annotations

from hpinfer.config.inference import InferenceConfig, Operator, parse_inference_config
from hpinfer.config.pipeline import OCRConfig, load_pipeline_config

__all__ = [
    "InferenceConfig",
    "OCRConfig",
    "Operator",
    "load_pipeline_config",
    "parse_inference_config",
]
