"""Configuration: pipeline YAML and inference.yml, validated; nothing here touches an engine."""

from __future__ import annotations

from hpinfer.config.inference import InferenceConfig, Operator, parse_inference_config
from hpinfer.config.inheritance import Given, resolve, resolve_model
from hpinfer.config.model_hpi import ModelHPI, parse_model_hpi
from hpinfer.config.pipeline import load_pipeline_config
from hpinfer.config.pipelines import OCRConfig

__all__ = [
    "Given",
    "InferenceConfig",
    "ModelHPI",
    "OCRConfig",
    "Operator",
    "load_pipeline_config",
    "parse_inference_config",
    "parse_model_hpi",
    "resolve",
    "resolve_model",
]
