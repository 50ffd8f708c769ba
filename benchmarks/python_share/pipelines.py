"""The pipelines to measure, and the networks that they run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hpinfer
import networks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

LAYOUT_LABELS = ("text", "formula", "seal", "title")


@dataclass(frozen=True)
class Case:
    """A pipeline to measure.

    Attributes:
        predict: Gives the results of pictures, lazily.
        models: ``real``, ``stand-in`` or both.
    """

    predict: Callable[[Any], Iterable[Any]]
    models: str


def _folder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir(exist_ok=True)
    return folder


def _module(name: str, folder: Path, **others: Any) -> dict[str, Any]:
    return {"model_name": name, "model_dir": str(folder), **others}


def _made(config: str | dict[str, Any], engine: str | None, models: str) -> Case:
    return Case(hpinfer.create_pipeline(config, engine=engine).predict, models)


def _layout(work: Path) -> dict[str, Any]:
    folder = networks.detector(_folder(work, "layout"), LAYOUT_LABELS)
    return _module("RT-DETR-L", folder)


def _formula(work: Path) -> dict[str, Any]:
    return _module("LaTeX_OCR_rec", networks.formula_model(_folder(work, "formula")))


def by_name(name: str) -> Callable[[Path, str | None], Case]:
    """A pipeline with real weights for all of its models."""
    return lambda _work, engine: _made(name, engine, "real")


def _classification(work: Path, engine: str | None) -> Case:
    module = _module("ResNet50", networks.classifier(_folder(work, "classes")), batch_size=4)
    config = {
        "pipeline_name": "image_classification",
        "SubModules": {"ImageClassification": module},
    }
    return _made(config, engine, "stand-in")


def _segmentation(work: Path, engine: str | None) -> Case:
    module = _module("SegFormer-B0", networks.segmenter(_folder(work, "segments")))
    config = {
        "pipeline_name": "semantic_segmentation",
        "SubModules": {"SemanticSegmentation": module},
    }
    return _made(config, engine, "stand-in")


def _instances(work: Path, engine: str | None) -> Case:
    labels = [f"class {number}" for number in range(80)]
    folder = networks.detector(
        _folder(work, "instances"), labels, name="Mask-RT-DETR-L", masks=True
    )
    config = {
        "pipeline_name": "instance_segmentation",
        "SubModules": {"InstanceSegmentation": _module("Mask-RT-DETR-L", folder)},
    }
    return _made(config, engine, "stand-in")


def _documents(work: Path, engine: str | None) -> Case:
    folder = networks.unwarper(_folder(work, "unwarping"))
    config = {
        "pipeline_name": "doc_preprocessor",
        "use_doc_unwarping": True,
        "SubModules": {"DocUnwarping": _module("UVDoc", folder)},
    }
    return _made(config, engine, "real, stand-in")


def _seals(work: Path, engine: str | None) -> Case:
    config = {
        "pipeline_name": "seal_recognition",
        "use_layout_detection": True,
        "SubModules": {"LayoutDetection": _layout(work)},
    }
    return _made(config, engine, "real, stand-in")


def _formulas(work: Path, engine: str | None) -> Case:
    config = {
        "pipeline_name": "formula_recognition",
        "use_layout_detection": True,
        "SubModules": {"LayoutDetection": _layout(work), "FormulaRecognition": _formula(work)},
    }
    return _made(config, engine, "stand-in")


def _everything(work: Path, engine: str | None) -> Case:
    config = {
        "pipeline_name": "layout_parsing",
        "use_seal_recognition": True,
        "use_formula_recognition": True,
        "SubPipelines": {
            "FormulaRecognition": {"SubModules": {"FormulaRecognition": _formula(work)}}
        },
    }
    return _made(config, engine, "real, stand-in")


def _chat(_work: Path, engine: str | None) -> Case:
    made = hpinfer.create_pipeline("PP-ChatOCRv3-doc", engine=engine)
    return Case(made.visual_predict, "real")


#: Pipeline to what makes it, from a work folder and the engine.
CASES: dict[str, Callable[[Path, str | None], Case]] = {
    "image_classification (PP-LCNet)": by_name("image_classification"),
    "image_classification (1000 classes)": _classification,
    "object_detection": by_name("object_detection"),
    "semantic_segmentation": _segmentation,
    "instance_segmentation": _instances,
    "OCR": by_name("OCR"),
    "seal_recognition": _seals,
    "table_recognition": by_name("table_recognition"),
    "doc_preprocessor": _documents,
    "formula_recognition": _formulas,
    "layout_parsing": by_name("layout_parsing"),
    "layout_parsing (seals, formulas)": _everything,
    "PP-ChatOCRv3-doc (visual part)": _chat,
}
