"""Single models, one class a family: parameters come from the model's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import UnsupportedError
from hpinfer.models.document_unwarping import DocumentUnwarping
from hpinfer.models.formula_recognition import FormulaRecognition
from hpinfer.models.image_classification import ImageClassification
from hpinfer.models.loading import load_model, locate_model
from hpinfer.models.table_structure import TableStructureRecognition
from hpinfer.models.text_detection import TextDetection
from hpinfer.models.text_recognition import TextRecognition

if TYPE_CHECKING:
    import os

    from hpinfer.config.inference import InferenceConfig

__all__ = [
    "DocumentUnwarping",
    "FormulaRecognition",
    "ImageClassification",
    "TableStructureRecognition",
    "TextDetection",
    "TextRecognition",
    "create_model",
    "load_model",
    "locate_model",
]

AnyModel = (
    TextDetection
    | TextRecognition
    | ImageClassification
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
    *,
    model_dir: str | os.PathLike[str] | None = None,
    device: str | None = None,
    engine: str | None = None,
    batch_size: int = 1,
    **session_options: Any,
) -> AnyModel:
    """Loads a model by name; its family is read from its ``inference.yml``.

    Args:
        model_name: E.g. ``"PP-OCRv4_mobile_det"``; see ``hpinfer models list``.
        model_dir: Directory with ``inference.yml`` and the network; None looks in the caches and
            fetches the model if it is not there.
        device: ``"cpu"`` (default) or ``"gpu:N"``.
        engine: ``"onnxruntime"`` or ``"openvino"``; None takes the best that is usable.
        batch_size: Images that go through the network together by default.
        **session_options: Further options of `hpinfer.Session`, e.g. ``num_threads``.

    Raises:
        ModelNotFoundError: Unknown name, or the files cannot be had.
        ModelFormatError: Corrupted or incomplete files.
        EngineUnavailableError: No usable engine.
        UnsupportedError: The model's family is not supported.
    """
    located = locate_model(model_name, model_dir=model_dir)
    family = _family(located.config)
    loaded = load_model(located, device=device or "cpu", engine=engine, **session_options)
    return family(loaded, batch_size=batch_size)


def _family(config: InferenceConfig) -> type[AnyModel]:
    if config.model_name in _FAMILIES_BY_NAME:
        return _FAMILIES_BY_NAME[config.model_name]
    if "Topk" in config.postprocess:
        return ImageClassification
    name = config.postprocess.get("name")
    if name in _FAMILIES:
        return _FAMILIES[str(name)]
    raise UnsupportedError(
        f"model {config.model_name!r} has post-processing {name!r}; supported are "
        f"{', '.join(sorted(_FAMILIES))} and Topk"
    )
