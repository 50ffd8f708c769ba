"""Pipelines: several models that answer one question about a page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from hpinfer._giving_up import given_up_on_failure
from hpinfer.config.inheritance import Given, resolve
from hpinfer.config.paddlex_arguments import one_use_hpip, refuse_unknown, split_paddlex_arguments
from hpinfer.config.pipeline import read_pipeline
from hpinfer.errors import ConfigError
from hpinfer.pipelines.base import Pipeline, Precision
from hpinfer.pipelines.chatocr import ChatOCRPipeline
from hpinfer.pipelines.doc_preprocessor import DocPreprocessorPipeline
from hpinfer.pipelines.formula_recognition import FormulaRecognitionPipeline
from hpinfer.pipelines.layout_parsing import LayoutParsingPipeline
from hpinfer.pipelines.loading import Part
from hpinfer.pipelines.ocr import OCRPipeline
from hpinfer.pipelines.seal_recognition import SealRecognitionPipeline
from hpinfer.pipelines.single_model import (
    ImageClassificationPipeline,
    InstanceSegmentationPipeline,
    ObjectDetectionPipeline,
    SemanticSegmentationPipeline,
)
from hpinfer.pipelines.table_recognition import TableRecognitionPipeline

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from hpinfer.config.hpi import HPISettings

__all__ = [
    "PIPELINE_CLASSES",
    "ChatOCRPipeline",
    "DocPreprocessorPipeline",
    "FormulaRecognitionPipeline",
    "ImageClassificationPipeline",
    "InstanceSegmentationPipeline",
    "LayoutParsingPipeline",
    "OCRPipeline",
    "ObjectDetectionPipeline",
    "Pipeline",
    "Precision",
    "SealRecognitionPipeline",
    "SemanticSegmentationPipeline",
    "TableRecognitionPipeline",
    "create_pipeline",
]

#: ``pipeline_name`` to its class, made from the configuration that `config.pipelines` has for it.
PIPELINE_CLASSES: dict[str, Callable[..., Pipeline[Any]]] = {
    "OCR": OCRPipeline,
    "PP-ChatOCRv3-doc": ChatOCRPipeline,
    "doc_preprocessor": DocPreprocessorPipeline,
    "formula_recognition": FormulaRecognitionPipeline,
    "image_classification": ImageClassificationPipeline,
    "instance_segmentation": InstanceSegmentationPipeline,
    "layout_parsing": LayoutParsingPipeline,
    "object_detection": ObjectDetectionPipeline,
    "seal_recognition": SealRecognitionPipeline,
    "semantic_segmentation": SemanticSegmentationPipeline,
    "table_recognition": TableRecognitionPipeline,
}

_ARGUMENTS = (
    *("pipeline", "config", "device", "engine", "use_hpip", "hpi_config", "precision"),
    "enable_hpi",
)


def create_pipeline(
    pipeline: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    device: str | None = None,
    engine: str | None = None,
    use_hpip: bool | None = None,
    hpi_config: Mapping[str, Any] | str | None = None,
    precision: Precision | None = None,
    **others: Any,
) -> Pipeline[Any]:
    """Loads a pipeline with all its models.

    `device`, `engine`, `use_hpip` and `hpi_config` replace the same key at the top of the YAML, as
    a whole; deeper levels of the YAML still win for their part (docs/configuration.md).

    Args:
        pipeline: A name (``"OCR"``, the default), the path of a PaddleX pipeline YAML, or the same
            as a dict.
        config: The YAML as a dict, instead of `pipeline`.
        device: ``"cpu"`` (default), ``"gpu"``, ``"gpu:N"`` or, for several, ``"gpu:N,M"``.
        engine: Short for ``hpi_config={"backend": engine}``; ``"hpi"`` is ``use_hpip=True``. None
            takes the best engine that is usable for each model.
        use_hpip: False for plain inference; None and True for the best engine.
        hpi_config: ``auto_config``, ``backend``, ``backend_config``, ``auto_paddle2onnx`` and
            ``tune``, as a mapping or as text (JSON, a Python literal, ``@file``).
        precision: ``"fp32"`` (default), ``"bf16"`` or ``"fp16"`` for every network. The lower ones
            are faster where the processor has them, and change some results. ``"auto"`` takes a
            lower one only for models where it was measured here (`hpinfer tune`) as faster and
            close enough.
        **others: PaddleOCR's ``enable_hpi`` (the same as `use_hpip`).

    Raises:
        ConfigError: Unknown pipeline, key, argument or value, or settings that contradict each
            other.
        ModelNotFoundError: A model's files cannot be had.
        EngineUnavailableError: No usable engine.
        UnsupportedError: The engine or the processor does not have the precision.
    """
    where = "create_pipeline"
    enable_hpi, unknown = split_paddlex_arguments(others, where=where)
    refuse_unknown(unknown, _ARGUMENTS, where=where)
    if pipeline is not None and config is not None:
        raise ConfigError(f"{where}: give either pipeline or config")
    source = read_pipeline((config if pipeline is None else pipeline) or "OCR")
    given = Given(
        use_hpip=one_use_hpip(use_hpip, enable_hpi, where=where),
        hpi_config=hpi_config,
        engine=engine,
        device=device,
        precision=precision,
    )
    settings = resolve(source.config, label=source.label, given=given)
    # Engines load without Python's lock: meanwhile, what the first prediction would wait for.
    Part(_import_for_prediction, lambda _: None, in_background=True)
    _tell_what_does_not_apply(settings)
    with given_up_on_failure():
        return PIPELINE_CLASSES[source.config.pipeline_name](source.config, settings)


def _import_for_prediction() -> None:
    import numpy
    import PIL.Image

    del numpy, PIL


def _tell_what_does_not_apply(settings: Mapping[str, HPISettings]) -> None:
    for path, item in settings.items():
        for note in item.notes:
            logging.getLogger("hpinfer.config").info("%s: %s", path, note)
