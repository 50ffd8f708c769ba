"""PaddleX's module YAML (``Global``, ``Predict`` …) and its ``-o Key=Value``, for prediction."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from hpinfer.config.inheritance import Given
from hpinfer.config.literals import parse_mapping, parse_override, read_yaml
from hpinfer.config.pipelines.tree import Level
from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError, ModelNotFoundError, UnsupportedError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

#: Sections that serve training; they are read over.
_TRAINING_SECTIONS = frozenset({"CheckDataset", "Train", "Evaluate", "Export"})
_SECTIONS = ("Global", "Predict", *sorted(_TRAINING_SECTIONS))
#: What every module YAML of PaddleX has: it says nothing of the user's wish.
_SHIPPED_KERNEL_OPTION = {"run_mode": "paddle"}


class _Global(StrictModel):
    """The ``Global`` section; all but four keys serve training."""

    model: str
    mode: str = "predict"
    module: str | None = None
    dataset_dir: str | None = None
    device: str | None = None
    output: str | None = None
    load_cam_from: Any = None
    load_lidar_from: Any = None
    datart_prefix: Any = None
    version: Any = None


class _Engine(Level):
    """The keys of ``Predict`` for engine and model; the rest goes to ``predict``."""

    model_dir: Path | None = None
    kernel_option: dict[str, Any] = Field(default_factory=dict)
    engine_config: None = None
    genai_config: None = None


@dataclass(frozen=True, slots=True)
class ModuleRun:
    """A prediction with a single model, as a module YAML describes it.

    Attributes:
        model_name: The model.
        model_dir: Its directory; None looks in the caches and fetches it.
        given: Device and engine, to pass to ``create_model``.
        device_asked: Whether the device was given with ``-o``.
        input: ``Predict.input``.
        output: Where to save results; None saves none.
        params: What goes to ``predict``: ``batch_size`` and the family's own parameters.
        messages: What of the file has no effect, one line each.
    """

    model_name: str
    given: Given
    input: Any
    model_dir: Path | None = None
    device_asked: bool = False
    output: Path | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[str, ...] = ()


def load_module_run(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> ModuleRun:
    """Reads a module YAML.

    Args:
        path: The file.
        overrides: ``Key.key=value`` as after PaddleX's ``-o``.

    Raises:
        ConfigError: Unknown key, wrong value, or not a module YAML.
        InputNotFoundError: The file does not exist.
        ModelNotFoundError: ``-o Predict.model_dir`` does not exist.
        UnsupportedError: A mode other than ``predict`` was asked for.
    """
    path = Path(path)
    data = read_yaml(path, where="module config")
    if not isinstance(data, dict):
        raise ConfigError(f"module config {path.name} must be a mapping")
    return parse_module_run(data, label=path.name, overrides=overrides)


def parse_module_run(
    data: Mapping[str, Any], *, label: str, overrides: Sequence[str] = ()
) -> ModuleRun:
    """As `load_module_run`, from plain data; `label` names the file in messages and origins."""
    where = f"module config {label}"
    if "pipeline_name" in data:
        raise ConfigError(
            f"{where} configures a pipeline: run it with 'hpinfer --pipeline FILE --input INPUT'"
        )
    merged = copy.deepcopy(dict(data))
    asked = _override(merged, overrides)
    _check_sections(merged, where)
    top = validate(_Global, _section(merged, "Global", where), where=f"{where}: Global")
    if top.mode != "predict" and "Global.mode" in asked:
        raise UnsupportedError(
            f"{where}: hpinfer predicts; mode {top.mode!r} is the work of PaddleX itself"
        )
    predict = _section(merged, "Predict", where)
    own = {key: predict[key] for key in predict if key in _engine_keys()}
    if isinstance(own.get("hpi_config"), str):
        own["hpi_config"] = parse_mapping(own["hpi_config"], where=f"{where}: Predict.hpi_config")
    engine = validate(_Engine, own, where=f"{where}: Predict")
    given, ignored = _given(engine, top.device, asked, label)
    model_dir, missing = _model_dir(engine.model_dir, asked, top.model)
    rest = {key: value for key, value in predict.items() if key not in own and key != "input"}
    return ModuleRun(
        model_name=top.model,
        model_dir=model_dir,
        given=given,
        device_asked="Global.device" in asked,
        input=predict.get("input"),
        output=Path(top.output) if top.output else None,
        params={key: value for key, value in rest.items() if value is not None},
        messages=(*missing, *ignored),
    )


def _engine_keys() -> set[str]:
    return {*_Engine.model_fields, "enable_hpi"}


def _section(data: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    section = data.get(name)
    if not isinstance(section, Mapping):
        raise ConfigError(f"{where} needs a section {name}; got {section!r}")
    return section


def _check_sections(data: Mapping[str, Any], where: str) -> None:
    for name in data:
        if name in _SECTIONS:
            continue
        nearest = difflib.get_close_matches(str(name), _SECTIONS, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(_SECTIONS)}"
        raise ConfigError(f"{where}: unknown section {name!r}; {hint}")


def _override(data: dict[str, Any], overrides: Sequence[str]) -> set[str]:
    """Applies ``Key.key=value`` in place and returns the dotted keys."""
    asked = set()
    for text in overrides:
        key, equals, value = text.partition("=")
        parts = key.strip().split(".")
        if not equals or len(parts) < 2 or not all(parts):
            raise ConfigError(f"-o {text!r}: expected Section.key=value, e.g. Predict.input=a.png")
        if parts[0] in _TRAINING_SECTIONS:
            raise ConfigError(f"-o {text!r} has no effect: hpinfer predicts, it does not train")
        target = data
        for part in parts[:-1]:
            inner = target.get(part)
            if inner is None:
                inner = target[part] = {}
            if not isinstance(inner, dict):
                raise ConfigError(f"-o {text!r}: {part} is {inner!r}, not a section")
            target = inner
        target[parts[-1]] = parse_override(value)
        asked.add(".".join(parts))
    return asked


def _model_dir(
    directory: Path | None, asked: set[str], name: str
) -> tuple[Path | None, tuple[str, ...]]:
    if directory is None or directory.is_dir():
        return directory, ()
    if "Predict.model_dir" in asked:
        raise ModelNotFoundError(f"Predict.model_dir {str(directory)!r} is not a directory")
    # Every shipped file names the folder that training would write.
    return None, (f"model_dir {str(directory)!r} does not exist: taking the published {name}",)


def _given(
    engine: _Engine, device: str | None, asked: set[str], label: str
) -> tuple[Given, tuple[str, ...]]:
    # A single model runs on the first device of a list, as in PaddleX.
    first = None if device is None else device.partition(",")[0]
    hpi = None if engine.hpi_config is None else engine.hpi_config.given()
    given = Given(
        use_hpip=engine.use_hpip,
        hpi_config=hpi,
        engine=engine.engine,
        device=first,
        origin=label,
    )
    option = engine.kernel_option
    wanted = any(key.startswith("Predict.kernel_option") for key in asked)
    if not option or (option == _SHIPPED_KERNEL_OPTION and not wanted):
        return given, ()
    if engine.use_hpip or engine.engine is not None or (hpi or {}).get("backend") is not None:
        return given, ("kernel_option has no effect: another engine is asked for",)
    manual = {"auto_config": False, "backend": "paddle", "backend_config": option}
    return Given(hpi_config=manual, device=first, origin=label), ()
