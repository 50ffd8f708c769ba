"""Tells what holds in a configuration, value by value, and what kind of file one is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.config.hpi import HPIOptions
from hpinfer.config.inference import parse_inference_config
from hpinfer.config.inheritance import resolve
from hpinfer.config.literals import read_yaml
from hpinfer.config.model_hpi import ModelHPI, parse_model_hpi
from hpinfer.config.module_run import parse_module_run
from hpinfer.config.pipeline import parse_pipeline
from hpinfer.config.pipelines.tree import Level, ModuleConfig, levels
from hpinfer.config.validation import StrictModel
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.inheritance import Given
    from hpinfer.config.pipeline import PipelineSource

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """One value in force.

    Attributes:
        path: The level that it belongs to, e.g. ``"SubModules.TextDetection"``; empty for the top.
        key: Its key there, e.g. ``"thresh"`` or ``"hpi_config.backend"``.
        value: The value, as plain data.
        origin: Where it came from, in words.
    """

    path: str
    key: str
    value: Any
    origin: str

    @property
    def full_key(self) -> str:
        """The whole dotted key."""
        return f"{self.path}.{self.key}" if self.path else self.key


def resolved_values(
    source: PipelineSource,
    given: Given,
    *,
    model_hpi: Callable[[str, str | None], ModelHPI] = lambda name, _: ModelHPI(model_name=name),
) -> list[ResolvedValue]:
    """Every value of a pipeline's configuration that is in force.

    Args:
        source: The configuration.
        given: What the caller gives beside it.
        model_hpi: Model name and directory to the ``Hpi`` section of its inference.yml.

    Raises:
        ConfigError: The levels contradict each other.
    """
    settings = resolve(source.config, label=source.label, given=given, origin_of=source.set_origin)
    found: list[ResolvedValue] = []
    for path, level in levels(source.config):
        found += _own_values(path, level, source)
        if isinstance(level, ModuleConfig):
            model_dir = None if level.model_dir is None else str(level.model_dir)
            merged = model_hpi(level.model_name, model_dir).apply(settings[path])
            found += _engine_values(path, merged)
    return found


def _own_values(path: str, level: Level, source: PipelineSource) -> Iterator[ResolvedValue]:
    for name, value in level.model_dump(mode="json").items():
        if name in Level.model_fields or isinstance(getattr(level, name), StrictModel):
            continue
        key = f"{path}.{name}" if path else name
        origin = source.origin(key) if name in level.model_fields_set else DEFAULT
        yield ResolvedValue(path, name, value, origin)


def _engine_values(path: str, settings: HPISettings) -> Iterator[ResolvedValue]:
    plain = {
        "use_hpip": settings.use_hpip is not False,
        "device": settings.device,
        "precision": settings.precision,
    }
    for name, value in plain.items():
        yield ResolvedValue(path, name, value, settings.origins.get(name, DEFAULT))
    for name in HPIOptions.model_fields:
        value = getattr(settings.hpi, name)
        key = f"hpi_config.{name}"
        if isinstance(value, dict) and value:
            for option, setting in value.items():
                origin = settings.origins.get(f"{key}.{option}") or settings.origins.get(key)
                yield ResolvedValue(path, f"{key}.{option}", setting, origin or DEFAULT)
            continue
        yield ResolvedValue(path, key, value, settings.origins.get(key, DEFAULT))
    if settings.preferred_backend is not None:
        origin = settings.origins["preferred_backend"]
        yield ResolvedValue(path, "preferred_backend", settings.preferred_backend, origin)
    for note in settings.notes:
        yield ResolvedValue(path, "note", note, "hpinfer")


def describe_file(file: str | os.PathLike[str]) -> str:
    """Reads a configuration file of any kind and says in words what it configures.

    Raises:
        ConfigError: It is not valid, or no kind of configuration that hpinfer reads.
        InputNotFoundError: It does not exist.
    """
    path = Path(file)
    where = f"config {path.name}"
    data = read_yaml(path, where=where)
    if not isinstance(data, dict):
        raise ConfigError(f"{where} must be a mapping; got {type(data).__name__}")
    if "pipeline_name" in data or "Pipeline" in data:
        pipeline = parse_pipeline(data, where)
        modules = resolve(pipeline, label=path.name)
        return f"pipeline {pipeline.pipeline_name}, {len(modules)} modules"
    if "Predict" in data:
        return f"module {parse_module_run(data, label=path.name).model_name}"
    if "Global" in data:
        parse_model_hpi(data)
        return f"model {parse_inference_config(data).model_name}"
    raise ConfigError(
        f"{where} is none of: a pipeline (pipeline_name), a module (Global and Predict), "
        "a model's inference.yml (Global)"
    )
