"""Reads pipeline configurations: PaddleX's YAML, validated, with hpinfer's defaults."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.config.beta_pipeline import from_beta, is_beta
from hpinfer.config.literals import read_yaml
from hpinfer.config.pipelines import PIPELINES, PipelineConfig
from hpinfer.config.validation import validate
from hpinfer.errors import ConfigError, InputNotFoundError

if TYPE_CHECKING:
    import os

__all__ = [
    "PIPELINES",
    "PipelineSource",
    "load_pipeline_config",
    "parse_pipeline",
    "pipeline_name",
    "read_pipeline",
]


@dataclass(frozen=True, slots=True)
class PipelineSource:
    """A pipeline configuration and where it came from.

    Attributes:
        config: The configuration.
        label: Its source in words, e.g. ``"OCR.yaml"``; starts the origin of each value.
        set_keys: Dotted keys that were set one by one afterwards.
        set_label: What to call the origin of those.
    """

    config: PipelineConfig
    label: str
    set_keys: frozenset[str] = frozenset()
    set_label: str = "--set"

    def set_origin(self, key: str) -> str | None:
        """The origin of `key` if it was set afterwards, itself or as part of a section."""
        near = any(
            key == one or key.startswith(f"{one}.") or one.startswith(f"{key}.")
            for one in self.set_keys
        )
        return self.set_label if near else None

    def origin(self, key: str) -> str:
        """The origin of `key`, a value that was given."""
        place = key.rpartition(".")[0]
        return self.set_origin(key) or (f"{self.label}: {place}" if place else self.label)


def load_pipeline_config(
    pipeline: str | os.PathLike[str] | Mapping[str, Any],
) -> PipelineConfig:
    """Reads a pipeline configuration.

    Args:
        pipeline: A pipeline name (its defaults), the path of a YAML file, or plain data.

    Raises:
        ConfigError: Unknown name or key, or a wrong value.
        InputNotFoundError: The YAML file does not exist.
    """
    return read_pipeline(pipeline).config


def read_pipeline(pipeline: str | os.PathLike[str] | Mapping[str, Any]) -> PipelineSource:
    """Reads a pipeline configuration and remembers where it came from.

    Args:
        pipeline: A pipeline name (its defaults), the path of a YAML file, or plain data.

    Raises:
        ConfigError: Unknown name or key, or a wrong value.
        InputNotFoundError: The YAML file does not exist.
    """
    if isinstance(pipeline, (str, Path)) and str(pipeline) in PIPELINES:
        return PipelineSource(validate(PIPELINES[str(pipeline)], {}, where="default"), "default")
    if isinstance(pipeline, Mapping):
        data, label, where = pipeline, "pipeline config", "pipeline config"
    else:
        path = Path(pipeline)
        data, label, where = _read_file(path), path.name, f"pipeline config {path.name}"
    return PipelineSource(parse_pipeline(data, where), label)


def pipeline_name(pipeline: str | os.PathLike[str]) -> str:
    """The name of the pipeline that a name or a YAML file means.

    Raises:
        ConfigError: It is neither, or the file names no pipeline.
        InputNotFoundError: The YAML file does not exist.
    """
    if str(pipeline) in PIPELINES:
        return str(pipeline)
    path = Path(pipeline)
    data, where = _read_file(path), f"pipeline config {path.name}"
    return _name_in(from_beta(data, where) if is_beta(data) else data, where)


def parse_pipeline(data: Mapping[str, Any], where: str) -> PipelineConfig:
    """Validates plain data as the pipeline that it names.

    Raises:
        ConfigError: Unknown pipeline or key, or a wrong value.
    """
    if is_beta(data):
        data = from_beta(data, where)
    name = _name_in(data, where)
    return validate(PIPELINES[name], data, where=where)


def _name_in(data: Mapping[str, Any], where: str) -> str:
    if "Predict" in data and "pipeline_name" not in data:
        raise ConfigError(
            f"{where} configures a single module: run it with "
            "'hpinfer run -c FILE -o Predict.input=INPUT'"
        )
    name = data.get("pipeline_name")
    if not isinstance(name, str) or name not in PIPELINES:
        raise ConfigError(
            f"{where}: pipeline_name must be one of {sorted(PIPELINES)}; got {name!r}"
        )
    return name


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, PIPELINES, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(PIPELINES)}"


def _read_file(path: Path) -> Mapping[str, Any]:
    if path.suffix.lower() not in {".yaml", ".yml"}:
        raise ConfigError(
            f"unknown pipeline {str(path)!r}; {_nearest(str(path))}, or give a path ending in .yaml"
        )
    try:
        data = read_yaml(path, where="pipeline config")
    except InputNotFoundError:
        raise InputNotFoundError(f"pipeline config {path} does not exist") from None
    if not isinstance(data, dict):
        raise ConfigError(f"pipeline config {path} must be a mapping; got {type(data).__name__}")
    return data
