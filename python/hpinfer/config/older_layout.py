"""Pipeline files of PaddleX 3.0 beta (``Global`` and ``Pipeline``), in today's keys.

There, a pipeline was a flat list of models and batch sizes; each of them has a place in the tree of
modules and pipelines of today. A model that is missing, null or ``None`` switched its step off.
"""

from __future__ import annotations

import difflib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.config.literals import read_yaml
from hpinfer.config.paddlex_arguments import NO_LICENCE
from hpinfer.errors import ConfigError, InputNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LAYOUT = "SubModules.LayoutDetection"
_DETECTION = "SubModules.TextDetection"
_RECOGNITION = "SubModules.TextRecognition"
_TEXT = "SubPipelines.GeneralOCR"
_SEAL = "SubPipelines.SealRecognition.SubPipelines.SealOCR"
_DOCUMENT = "SubPipelines.DocPreprocessor"

_OCR: dict[str, tuple[str, ...]] = {"text_det": (_DETECTION,), "text_rec": (_RECOGNITION,)}
_PAGE: dict[str, tuple[str, ...]] = {
    "layout": (_LAYOUT,),
    "text_det": (f"{_TEXT}.{_DETECTION}",),
    "text_rec": (f"{_TEXT}.{_RECOGNITION}",),
}
_PARSING: dict[str, tuple[str, ...]] = {
    **_PAGE,
    # One recognition model read text and seals.
    "text_rec": (*_PAGE["text_rec"], f"{_SEAL}.{_RECOGNITION}"),
    "table": ("SubPipelines.TableRecognition.SubModules.TableStructureRecognition",),
    "seal_text_det": (f"{_SEAL}.{_DETECTION}",),
    "doc_image_ori_cls": (f"{_DOCUMENT}.SubModules.DocOrientationClassify",),
    "doc_image_unwarp": (f"{_DOCUMENT}.SubModules.DocUnwarping",),
}
_FORMULA = "SubPipelines.FormulaRecognition.SubModules.FormulaRecognition"
_PARSER = "SubPipelines.LayoutParser"


def _inside(parent: str, modules: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(f"{parent}.{path}" for path in paths) for key, paths in modules.items()}


#: For each pipeline: what came before ``_model`` and ``_batch_size``, and the modules it set.
_MODULES: dict[str, dict[str, tuple[str, ...]]] = {
    "image_classification": {"": ("SubModules.ImageClassification",)},
    "object_detection": {"": ("SubModules.ObjectDetection",)},
    "semantic_segmentation": {"": ("SubModules.SemanticSegmentation",)},
    "instance_segmentation": {"": ("SubModules.InstanceSegmentation",)},
    "OCR": _OCR,
    "seal_recognition": {
        "layout": (_LAYOUT,),
        "text_det": (f"SubPipelines.SealOCR.{_DETECTION}",),
        "text_rec": (f"SubPipelines.SealOCR.{_RECOGNITION}",),
    },
    "table_recognition": {**_PAGE, "table": ("SubModules.TableStructureRecognition",)},
    "formula_recognition": {
        "layout": (_LAYOUT,),
        "formula_rec": ("SubModules.FormulaRecognition",),
    },
    "layout_parsing": {**_PARSING, "formula_rec": (_FORMULA,)},
    "PP-ChatOCRv3-doc": _inside(_PARSER, _PARSING),
}
#: Steps that a pipeline had if it had their model: model key, and the switches of today.
_STEPS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "seal_recognition": (("layout", ("use_layout_detection",)),),
    "table_recognition": (("layout", ("use_layout_detection",)),),
    "formula_recognition": (("layout", ("use_layout_detection",)),),
    "layout_parsing": (
        ("table", ("use_table_recognition",)),
        ("seal_text_det", ("use_seal_recognition",)),
        ("formula_rec", ("use_formula_recognition",)),
        ("doc_image_ori_cls", (f"{_DOCUMENT}.use_doc_orientation_classify",)),
        ("doc_image_unwarp", (f"{_DOCUMENT}.use_doc_unwarping",)),
    ),
}
_STEPS["PP-ChatOCRv3-doc"] = tuple(
    (key, tuple(f"{_PARSER}.{path}" for path in paths))
    for key, paths in _STEPS["layout_parsing"]
    if key != "formula_rec"
)
#: Further keys of the pipelines of one model; they have the same name today.
_OWN_KEYS = {
    "image_classification": ("topk",),
    "object_detection": ("threshold",),
    "semantic_segmentation": ("target_size",),
    "instance_segmentation": ("threshold",),
}
#: Names before the last beta.
_RENAMED = {
    "det": "text_det",
    "rec": "text_rec",
    "curve": "seal_text_det",
    "oricls": "doc_image_ori_cls",
    "uvdoc": "doc_image_unwarp",
}
#: Modules whose pictures went one by one unless the file said otherwise; today's defaults differ.
_ONE_BY_ONE = ("text_rec", "formula_rec", "")
_SAME_TODAY = ("device", "use_hpip", "enable_hpi", "hpi_config")
_PLACEHOLDERS = ("", "api_key", "secret_key", "access_token")
_CHAT = "SubModules.LLM_Chat"


def is_older_layout(data: Mapping[str, Any]) -> bool:
    """Whether `data` is a pipeline file of the beta."""
    return "pipeline_name" not in data and isinstance(data.get("Pipeline"), dict)


def current_layout(data: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """The configuration of a beta file, in today's keys.

    The picture in ``Global.input`` and the notes on models are read over.

    Args:
        data: What the file holds.
        where: What is being read, for messages.

    Raises:
        ConfigError: Unknown pipeline or key, or a value that cannot be kept.
    """
    section = data.get("Global")
    name = section.get("pipeline_name") if isinstance(section, dict) else None
    if not isinstance(name, str) or name not in _MODULES:
        raise ConfigError(
            f"{where}: Global.pipeline_name must be one of {sorted(_MODULES)}; got {name!r}"
        )
    return _Translation(name, where).of(data["Pipeline"])


class _Translation:
    """One file on its way."""

    def __init__(self, name: str, where: str) -> None:
        self._name = name
        self._where = where
        self._modules = _MODULES[name]
        self._config: dict[str, Any] = {"pipeline_name": name}
        self._models: set[str] = set()

    def of(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Today's configuration for the section ``Pipeline``."""
        for key in self._modules:
            if key in _ONE_BY_ONE:
                self._put_all(key, "batch_size", 1)
        for key, value in settings.items():
            self._translate(str(key), value)
        missing = [key for key in ("layout", "text_det", "text_rec", "formula_rec", "")
                   if key in self._modules and key not in self._models
                   and self._name != "layout_parsing"]  # fmt: skip
        if missing:
            raise ConfigError(f"{self._where}: Pipeline.{_joined(missing[0], 'model')} is missing")
        self._switch_steps(settings)
        return self._config

    def _translate(self, key: str, value: object) -> None:
        prefix, kind = _parts(key)
        if kind == "model" and prefix in self._modules:
            self._put_model(prefix, value)
        elif kind == "batch_size" and prefix in self._modules:
            self._put_all(prefix, "batch_size", value)
        elif key == "batch_size":
            for module in self._modules:
                self._put_all(module, "batch_size", value)
        elif key in _OWN_KEYS.get(self._name, ()):
            self._put_all("", key, value)
        elif key in _SAME_TODAY:
            self._config[key] = value
        elif not self._put_special(key, value):
            self._refuse(key)

    def _put_model(self, prefix: str, value: object) -> None:
        if value in (None, "None", ""):
            return
        if not isinstance(value, (str, os.PathLike)):
            raise ConfigError(
                f"{self._where}: Pipeline.{_joined(prefix, 'model')} must be a name or a "
                f"directory; got {value!r}"
            )
        self._models.add(prefix)
        for key, text in _model_keys(str(value)).items():
            self._put_all(prefix, key, text)

    def _switch_steps(self, settings: Mapping[str, Any]) -> None:
        document = []
        for prefix, paths in _STEPS.get(self._name, ()):
            on = prefix in self._models
            if prefix.startswith("doc_image"):
                document.append(on)
            for path in paths:
                self._put(path, on)
        if self._name == "table_recognition":
            self._put("use_doc_preprocessor", False)
        elif document:
            parser = f"{_PARSER}." if self._name == "PP-ChatOCRv3-doc" else ""
            self._put(f"{parser}use_doc_preprocessor", any(document))
            self._put(f"{parser}use_general_ocr", True)
        detector = str(settings.get("text_det_model", settings.get("det_model", "")))
        if self._name == "OCR" and self._is_seal_detector(detector):
            self._put("text_type", "seal")

    def _is_seal_detector(self, detector: str) -> bool:
        return str(_model_keys(detector)["model_name"]).endswith("_seal_det")

    def _put_special(self, key: str, value: object) -> bool:
        """Whether `key` is one without a place of its own today."""
        if key == "hpi_params":
            self._check_hpi_params(value)
        elif key == "recovery" and "table" in self._modules:
            if value is not True:
                raise ConfigError(
                    f"{self._where}: Pipeline.recovery must be True: the text of a page is read "
                    f"as a whole; got {value!r}"
                )
        elif self._name != "PP-ChatOCRv3-doc":
            return False
        elif key == "llm_name":
            self._put(f"{_CHAT}.model_name", value)
        elif key == "llm_params":
            self._put_service(value)
        elif key in ("task_prompt_yaml", "user_prompt_yaml"):
            if value not in (None, "None", ""):
                raise ConfigError(
                    f"{self._where}: Pipeline.{key} is not supported; write the prompts to "
                    "SubModules.PromptEngneering of a file in today's layout"
                )
        else:
            return False
        return True

    def _put_service(self, params: object) -> None:
        for key, value in _mapping(params, f"{self._where}: Pipeline.llm_params").items():
            if key in ("api_type", "api_key", "base_url", "max_retries", "timeout"):
                if value is not None:
                    self._put(f"{_CHAT}.{key}", value)
            elif key not in ("ak", "sk", "access_token"):
                self._refuse(f"llm_params.{key}")
            elif value not in (None, *_PLACEHOLDERS):
                logging.getLogger("hpinfer.config").warning(
                    "%s: llm_params.%s is of an interface that is not used any more: set "
                    "llm_params.api_key, or OPENAI_API_KEY in the environment",
                    *(self._where, key),
                )

    def _check_hpi_params(self, params: object) -> None:
        for key, value in _mapping(params, f"{self._where}: Pipeline.hpi_params").items():
            if key not in ("serial_number", "update_license"):
                raise ConfigError(
                    f"{self._where}: Pipeline.hpi_params.{key} is not supported; write hpi_config: "
                    "{backend: NAME, backend_config: {...}}"
                )
            if value:
                logging.getLogger("hpinfer.config").warning(NO_LICENCE.format(key))

    def _refuse(self, key: str) -> None:
        known = [
            *(
                _joined(prefix, kind)
                for prefix in self._modules
                for kind in ("model", "batch_size")
            ),
            *_OWN_KEYS.get(self._name, ()),
            *_SAME_TODAY,
        ]
        nearest = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(known)}"
        raise ConfigError(f"{self._where}: unknown key 'Pipeline.{key}'; {hint}")

    def _put_all(self, prefix: str, key: str, value: object) -> None:
        for path in self._modules[prefix]:
            self._put(f"{path}.{key}", value)

    def _put(self, path: str, value: object) -> None:
        *parents, last = path.split(".")
        target = self._config
        for part in parents:
            target = target.setdefault(part, {})
        target[last] = value


def _parts(key: str) -> tuple[str, str]:
    """What a key is about, and whether it is its model or its batch size."""
    for kind in ("model", "batch_size"):
        if key == kind:
            return "", kind
        if key.endswith(f"_{kind}"):
            prefix = key.removesuffix(f"_{kind}")
            return _RENAMED.get(prefix, prefix), kind
    return key, ""


def _joined(prefix: str, kind: str) -> str:
    return f"{prefix}_{kind}" if prefix else kind


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if value in (None, "None"):
        return {}
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a mapping; got {value!r}")
    return value


def _model_keys(name_or_directory: str) -> dict[str, str]:
    path = Path(name_or_directory).expanduser()
    if os.sep not in name_or_directory and not path.is_dir():
        return {"model_name": name_or_directory}
    return {"model_name": _name_of(path), "model_dir": str(path)}


def _name_of(directory: Path) -> str:
    """The name that a model directory gives itself; its own name if it gives none."""
    try:
        data = read_yaml(directory / "inference.yml", where="model directory")
    except InputNotFoundError:
        return directory.name
    section = data.get("Global") if isinstance(data, dict) else None
    name = section.get("model_name") if isinstance(section, dict) else None
    return str(name) if name else directory.name
