"""Single models, one class a family: parameters come from the model's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.config.inheritance import Given, resolve_model
from hpinfer.config.paddlex_arguments import one_use_hpip, split_paddlex_arguments
from hpinfer.errors import UnsupportedError
from hpinfer.models.document_unwarping import DocumentUnwarping
from hpinfer.models.formula_recognition import FormulaRecognition
from hpinfer.models.image_classification import ImageClassification
from hpinfer.models.instance_segmentation import InstanceSegmentation
from hpinfer.models.loading import load_model, locate_model
from hpinfer.models.object_detection import ObjectDetection
from hpinfer.models.semantic_segmentation import SemanticSegmentation
from hpinfer.models.table_structure import TableStructureRecognition
from hpinfer.models.text_detection import TextDetection
from hpinfer.models.text_recognition import TextRecognition

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from hpinfer.config.hpi import PrecisionChoice
    from hpinfer.config.inference import InferenceConfig

__all__ = [
    "AnyModel",
    "DocumentUnwarping",
    "FormulaRecognition",
    "ImageClassification",
    "InstanceSegmentation",
    "ObjectDetection",
    "SemanticSegmentation",
    "TableStructureRecognition",
    "TextDetection",
    "TextRecognition",
    "create_model",
    "load_model",
    "locate_model",
    "model_family",
]

AnyModel = (
    TextDetection
    | TextRecognition
    | ImageClassification
    | ObjectDetection
    | InstanceSegmentation
    | SemanticSegmentation
    | TableStructureRecognition
    | DocumentUnwarping
    | FormulaRecognition
)

#: ``PostProcess.name`` of an inference.yml to the family; classification has a ``Topk`` section.
_FAMILIES: dict[str, type[AnyModel]] = {
    "DBPostProcess": TextDetection,
    "CTCLabelDecode": TextRecognition,
    "LaTeXOCRDecode": FormulaRecognition,
    "TableLabelDecode": TableStructureRecognition,
    "UniMERNetDecode": FormulaRecognition,
}
#: Models whose inference.yml says nothing but their name.
_FAMILIES_BY_NAME: dict[str, type[AnyModel]] = {"UVDoc": DocumentUnwarping}


def create_model(
    model_name: str,
    model_dir: str | os.PathLike[str] | None = None,
    *,
    device: str | None = None,
    engine: str | None = None,
    use_hpip: bool | None = None,
    hpi_config: Mapping[str, Any] | str | None = None,
    precision: PrecisionChoice | None = None,
    batch_size: int = 1,
    **options: Any,
) -> AnyModel:
    """Loads a model by name; its family is read from its ``inference.yml``.

    Args:
        model_name: E.g. ``"PP-OCRv4_mobile_det"``; see ``hpinfer models list``.
        model_dir: Directory with ``inference.yml`` and the network; None looks in the caches and
            fetches the model if it is not there.
        device: ``"cpu"`` (default), ``"gpu"``, ``"gpu:N"`` or, for several, ``"gpu:N,M"``.
        engine: Short for ``hpi_config={"backend": engine}``; ``"hpi"`` is ``use_hpip=True``.
        use_hpip: False for plain inference; None and True for the best engine.
        hpi_config: ``auto_config``, ``backend``, ``backend_config``, ``auto_paddle2onnx`` and
            ``tune``, as a mapping or as text (JSON, a Python literal, ``@file``).
        precision: ``"fp32"``, ``"bf16"`` or ``"fp16"``; None leaves it to `hpi_config`.
        batch_size: Images that go through the network together by default.
        **options: Parameters of the model's `predict`, for calls that do not give them, e.g.
            ``topk=3``; ``img_size`` of a detector that takes several sizes; further options of
            `hpinfer.Session`, e.g. ``num_streams``; PaddleOCR's ``enable_hpi`` (the same as
            `use_hpip`).

    Raises:
        ConfigError: Unknown key or wrong value, or settings that contradict each other.
        ModelNotFoundError: Unknown name, or the files cannot be had.
        ModelFormatError: Corrupted or incomplete files.
        EngineUnavailableError: No usable engine.
        UnsupportedError: The model's family is not supported.
    """
    where = "create_model"
    enable_hpi, options = split_paddlex_arguments(options, where=where)
    given = Given(
        use_hpip=one_use_hpip(use_hpip, enable_hpi, where=where),
        hpi_config=hpi_config,
        engine=engine,
        device=device,
        precision=precision,
    )
    settings = resolve_model(given)
    located = locate_model(model_name, model_dir=model_dir, settings=settings)
    family = model_family(located.config)
    defaults = {name: options.pop(name) for name in family.PARAMETERS if name in options}
    fixed = {name: options.pop(name) for name in family.OPTIONS if name in options}
    model = family(load_model(located, settings, **options), batch_size=batch_size, **fixed)
    return model.with_defaults(defaults) if defaults else model


def model_family(config: InferenceConfig) -> type[AnyModel]:
    """The class for a model, by its inference.yml.

    Raises:
        UnsupportedError: There is none.
    """
    if config.model_name in _FAMILIES_BY_NAME:
        return _FAMILIES_BY_NAME[config.model_name]
    if "Preprocess" in config.raw:
        return InstanceSegmentation if config.raw.get("mask") else ObjectDetection
    if "Deploy" in config.raw:
        return SemanticSegmentation
    if "Topk" in config.postprocess:
        return ImageClassification
    name = config.postprocess.get("name")
    if name in _FAMILIES:
        return _FAMILIES[str(name)]
    raise UnsupportedError(
        f"model {config.model_name!r} has post-processing {name!r}; supported are "
        f"{', '.join(sorted(_FAMILIES))} and Topk, or a section Preprocess (detection) or Deploy "
        "(segmentation)"
    )
