"""What a model does, read from its ``inference.yml``: decides rules, feeds and tolerances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from hpinfer.config.inference import InferenceConfig

Family: TypeAlias = Literal[
    "text_detection",
    "text_recognition",
    "classification",
    "detection",
    "detr",
    "segmentation",
    "table",
    "formula",
    "unwarping",
    "unknown",
]

#: ``PostProcess.name`` to the family.
_BY_POSTPROCESS: dict[str, Family] = {
    "DBPostProcess": "text_detection",
    "CTCLabelDecode": "text_recognition",
    "TableLabelDecode": "table",
    "LaTeXOCRDecode": "formula",
    "UniMERNetDecode": "formula",
}


def family_of(config: InferenceConfig) -> Family:
    """The family of a model; ``"unknown"`` if its configuration names none."""
    if "Topk" in config.postprocess:
        return "classification"
    known = _BY_POSTPROCESS.get(str(config.postprocess.get("name")))
    if known is not None:
        return known
    if "Deploy" in config.raw:
        return "segmentation"
    if "Preprocess" in config.raw:  # the detectors' spelling
        return "detr" if "DETR" in str(config.raw.get("arch", "")).upper() else "detection"
    return "unwarping" if config.model_name == "UVDoc" else "unknown"
