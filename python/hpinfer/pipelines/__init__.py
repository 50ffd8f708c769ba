"""Pipelines: several models that answer one question about a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.config.pipeline import load_pipeline_config
from hpinfer.pipelines.ocr import OCRPipeline, Precision

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["OCRPipeline", "Precision", "create_pipeline"]


def create_pipeline(
    pipeline: str | os.PathLike[str] | Mapping[str, Any] = "OCR",
    *,
    device: str | None = None,
    engine: str | None = None,
    precision: Precision | None = None,
) -> OCRPipeline:
    """Loads a pipeline with all its models.

    Args:
        pipeline: A name (``"OCR"``), the path of a PaddleX pipeline YAML, or the same as a dict.
        device: ``"cpu"`` (default) or ``"gpu:N"``.
        engine: Engine of every module that does not name its own; None takes the best that is
            usable for each model.
        precision: ``"fp32"`` (default), ``"bf16"`` or ``"fp16"`` for every network. The lower ones
            are faster where the processor has them, and change some results. ``"auto"`` takes a
            lower one only for models where it was measured here (`hpinfer tune`) as faster and
            close enough.

    Raises:
        ConfigError: Unknown pipeline, key or value.
        ModelNotFoundError: A model's files cannot be had.
        EngineUnavailableError: No usable engine.
        UnsupportedError: The engine or the processor does not have the precision.
    """
    config = load_pipeline_config(pipeline)
    return OCRPipeline(config, device=device or "cpu", engine=engine, precision=precision)
