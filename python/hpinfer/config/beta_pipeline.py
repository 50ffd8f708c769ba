"""Pipeline files of PaddleX 3.0 beta (``Global``, ``Pipeline``), told in today's layout.

The beta has one flat section: ``<module>_model`` with a model's name or directory, and
``<module>_batch_size``. What it does not name has today's default.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.config.literals import read_yaml
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_Places = dict[str, tuple[str, ...]]

_LAYOUT: _Places = {"layout": ("SubModules.LayoutDetection",)}


def _ocr(*sub_pipelines: str) -> _Places:
    """The modules that read text, in these pipelines."""
    modules = {"text_det": "TextDetection", "text_rec": "TextRecognition"}
    return {
        prefix: tuple(f"{place}SubModules.{module}" for place in sub_pipelines)
        for prefix, module in modules.items()
    }


_SEALS = "SubPipelines.SealRecognition.SubPipelines.SealOCR.SubModules."
_TEXT = _ocr("SubPipelines.GeneralOCR.")
_PREPROCESSOR = "SubPipelines.DocPreprocessor.SubModules."
_PAGE: _Places = {
    **_LAYOUT,
    "text_det": _TEXT["text_det"],
    "text_rec": (*_TEXT["text_rec"], f"{_SEALS}TextRecognition"),
    "table": ("SubPipelines.TableRecognition.SubModules.TableStructureRecognition",),
    "formula_rec": ("SubPipelines.FormulaRecognition.SubModules.FormulaRecognition",),
    "seal_text_det": (f"{_SEALS}TextDetection",),
    "doc_image_ori_cls": (f"{_PREPROCESSOR}DocOrientationClassify",),
    "doc_image_unwarp": (f"{_PREPROCESSOR}DocUnwarping",),
}
_PARSER = "SubPipelines.LayoutParser."
#: Prefix of the beta's keys to the modules of today's pipeline; an empty one is the only module.
_MODULES: dict[str, _Places] = {
    "image_classification": {"": ("SubModules.ImageClassification",)},
    "object_detection": {"": ("SubModules.ObjectDetection",)},
    "semantic_segmentation": {"": ("SubModules.SemanticSegmentation",)},
    "instance_segmentation": {"": ("SubModules.InstanceSegmentation",)},
    "OCR": _ocr(""),
    "seal_recognition": {**_LAYOUT, **_ocr("SubPipelines.SealOCR.")},
    "table_recognition": {
        **_LAYOUT,
        **_TEXT,
        "table": ("SubModules.TableStructureRecognition",),
    },
    "formula_recognition": {**_LAYOUT, "formula_rec": ("SubModules.FormulaRecognition",)},
    "layout_parsing": _PAGE,
    "PP-ChatOCRv3-doc": {
        prefix: tuple(f"{_PARSER}{place}" for place in places) for prefix, places in _PAGE.items()
    },
}
#: What the beta does without being told.
_ALWAYS: dict[str, dict[str, bool]] = {
    "seal_recognition": {"use_layout_detection": True},
    "table_recognition": {"use_doc_preprocessor": False},
    "formula_recognition": {"use_layout_detection": True},
}
#: Modules of a page whose presence switches a part of it on, with the key of that part.
_SWITCHES = {
    "table": "use_table_recognition",
    "seal_text_det": "use_seal_recognition",
    "formula_rec": "use_formula_recognition",
    "doc_image_ori_cls": "SubPipelines.DocPreprocessor.use_doc_orientation_classify",
    "doc_image_unwarp": "SubPipelines.DocPreprocessor.use_doc_unwarping",
}
_MODEL, _BATCH = "model", "batch_size"
_SETTINGS = frozenset({"device", "use_hpip"})
#: Keys of the chat, whose services have other names and secrets today.
_SERVICES = frozenset({"llm_name", "llm_params", "task_prompt_yaml", "user_prompt_yaml"})


def is_beta(data: Mapping[str, Any]) -> bool:
    """Whether a document has the layout of the beta."""
    return "Pipeline" in data and "pipeline_name" not in data


def from_beta(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A pipeline of the beta in today's layout.

    Args:
        data: The document, of which `is_beta` is true.
        where: What to call it in messages.

    Raises:
        ConfigError: A pipeline or a key that has no counterpart, or a model directory that says no
            name.
    """
    head, given = data.get("Global"), data["Pipeline"]
    name = head.get("pipeline_name") if isinstance(head, dict) else None
    if not isinstance(given, dict) or not isinstance(name, str) or name not in _MODULES:
        raise ConfigError(
            f"{where}: Global.pipeline_name must be one of {sorted(_MODULES)} and Pipeline a "
            f"mapping; got {name!r} and {type(given).__name__}"
        )
    values = {key: None if value == "None" else value for key, value in given.items()}
    _check_keys(values, name, where)
    result: dict[str, Any] = {"pipeline_name": name, **_ALWAYS.get(name, {})}
    for key in _SETTINGS & values.keys():
        result[key] = values[key]
    for prefix, places in _MODULES[name].items():
        module = _module(values, prefix, where)
        for place in places if module else ():
            _put(result, place, module)
    if "seal_text_det" in _MODULES[name]:
        _switch_parts(result, values, _PARSER if name == "PP-ChatOCRv3-doc" else "")
    return result


def _check_keys(values: Mapping[str, Any], name: str, where: str) -> None:
    known = {_key(prefix, part) for prefix in _MODULES[name] for part in (_MODEL, _BATCH)}
    for key, value in values.items():
        if key in _SERVICES and value is not None:
            raise ConfigError(
                f"{where}: Pipeline.{key} of the beta names services that hpinfer does not call; "
                "write SubModules.LLM_Chat in today's layout: 'hpinfer config show "
                "PP-ChatOCRv3-doc' prints it"
            )
        recovery = key == "recovery" and value is True  # which is how pages are read
        if key not in known | _SETTINGS | _SERVICES and not recovery:
            raise ConfigError(
                f"{where}: Pipeline has no key {key!r} with the value {value!r} for {name}; known "
                f"are {sorted(known | _SETTINGS)}"
            )


def _key(prefix: str, part: str) -> str:
    return f"{prefix}_{part}" if prefix else part


def _module(values: Mapping[str, Any], prefix: str, where: str) -> dict[str, Any]:
    """What the beta says about one module."""
    module: dict[str, Any] = {}
    model = values.get(_key(prefix, _MODEL))
    if model is not None:
        module["model_name"] = str(model)
        folder = Path(str(model))
        if folder.is_dir():
            module |= {"model_name": _name_of(folder, where), "model_dir": str(folder)}
    size = values.get(_key(prefix, _BATCH))
    return module if size is None else {**module, "batch_size": size}


def _name_of(folder: Path, where: str) -> str:
    content = read_yaml(folder / "inference.yml", where=f"{where}: model directory")
    head = content.get("Global") if isinstance(content, dict) else None
    name = head.get("model_name") if isinstance(head, dict) else None
    if not isinstance(name, str):
        raise ConfigError(f"{where}: {folder}/inference.yml has no Global.model_name")
    return name


def _put(result: dict[str, Any], place: str, value: Any) -> None:  # noqa: ANN401 - any YAML value
    *path, last = place.split(".")
    for name in path:
        result = result.setdefault(name, {})
    result[last] = dict(value) if isinstance(value, dict) else value


def _switch_parts(result: dict[str, Any], values: Mapping[str, Any], root: str) -> None:
    """Parts of a page are on where the beta names their model."""
    for prefix, switch in _SWITCHES.items():
        _put(result, f"{root}{switch}", values.get(_key(prefix, _MODEL)) is not None)
    turned = ("doc_image_ori_cls", "doc_image_unwarp")
    on = any(values.get(_key(prefix, _MODEL)) is not None for prefix in turned)
    _put(result, f"{root}use_doc_preprocessor", on)
