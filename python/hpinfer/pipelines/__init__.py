"""Pipelines: several models that answer one question about a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.config.pipeline import load_pipeline_config
from hpinfer.pipelines.ocr import OCRPipeline

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["OCRPipeline", "create_pipeline"]


def create_pipeline(
    pipeline: str | os.PathLike[str] | Mapping[str, Any] = "OCR",
    *,
    device: str | None = None,
    engine: str | None = None,
) -> OCRPipeline:
    """Loads a pipeline with all its models.

    Args:
        pipeline: A name (``"OCR"``), the path of a PaddleX pipeline YAML, or the same as a dict.
        device: ``"cpu"`` (default) or ``"gpu:N"``.
        engine: Engine of every module that does not name its own; None takes the best that is
            usable for each model.

    Raises:
        ConfigError: Unknown pipeline, key or value.
        ModelNotFoundError: A model's files cannot be had.
        EngineUnavailableError: No usable engine.
    """
    config = load_pipeline_config(pipeline)
    return OCRPipeline(config, device=device or "cpu", engine=engine)
