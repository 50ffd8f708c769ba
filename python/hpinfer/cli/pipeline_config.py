"""Merges ``--config``, the model options and ``--set`` into one pipeline configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpinfer.config.pipeline import PipelineSource

_DOCUMENT_SWITCHES = ("use_doc_orientation_classify", "use_doc_unwarping")


def pipeline_config(
    pipeline: str,
    *,
    config: str | None = None,
    models: Mapping[str, str] | None = None,
    switches: Mapping[str, bool] | None = None,
    settings: tuple[str, ...] = (),
) -> str | dict[str, Any]:
    """What to pass to ``create_pipeline``.

    Later ones win: `config`, `models`, `switches`, `settings`.

    Args:
        pipeline: The pipeline's name.
        config: Path of a pipeline YAML.
        models: Dotted path of a module to the name or directory of its model.
        switches: Steps to switch on or off, by PaddleX's parameter names.
        settings: ``key=value`` with a dotted key of the YAML and a YAML value.

    Returns:
        The name or the path if nothing changes it, else the configuration.

    Raises:
        ConfigError: The file is not a YAML mapping or is of another pipeline, or a setting cannot
            be applied.
        ModelNotFoundError: A model directory does not exist.
    """
    if config is not None:
        _check_pipeline(config, pipeline)
    if not (models or switches or settings):
        return config or pipeline
    merged: dict[str, Any] = {"pipeline_name": pipeline} if config is None else _read(Path(config))
    for path, model in (models or {}).items():
        _put_model(merged, path.split("."), _model_keys(model))
    _apply_switches(merged, switches or {}, pipeline)
    for setting in settings:
        key, value = _parse_setting(setting)
        _put(merged, key.split("."), value)
    return merged


def _check_pipeline(config: str, pipeline: str) -> None:
    found = _read(Path(config)).get("pipeline_name", pipeline)
    if found != pipeline:
        raise ConfigError(
            f"config {config!r} is of the pipeline {found!r}, and this command runs {pipeline!r}; "
            f"run it with 'hpinfer --pipeline {config} --input INPUT'"
        )


def pipeline_document(pipeline: str, settings: tuple[str, ...] = ()) -> PipelineSource:
    """A pipeline's configuration with ``--set`` applied, and the origins of its values.

    Args:
        pipeline: A name, or the path of a pipeline YAML.
        settings: ``key=value`` with a dotted key of the YAML and a YAML value.

    Raises:
        ConfigError: Unknown pipeline or key, a wrong value, or a setting that cannot be applied.
        InputNotFoundError: The file does not exist.
    """
    from hpinfer.config.pipeline import PipelineSource, parse_pipeline, read_pipeline
    from hpinfer.config.pipelines import PIPELINES

    source = read_pipeline(pipeline)
    if not settings:
        return source
    named = pipeline in PIPELINES
    data: dict[str, Any] = {"pipeline_name": pipeline} if named else _read(Path(pipeline))
    pairs = [_parse_setting(setting) for setting in settings]
    for key, value in pairs:
        _put(data, key.split("."), value)
    config = parse_pipeline(data, f"pipeline config {source.label} with --set")
    return PipelineSource(config, source.label, frozenset(key for key, _ in pairs))


def _apply_switches(config: dict[str, Any], switches: Mapping[str, bool], pipeline: str) -> None:
    for key, on in switches.items():
        if key not in _DOCUMENT_SWITCHES:
            _put(config, [*_home(pipeline, key)[0], key], on)
    asked = {key: switches[key] for key in _DOCUMENT_SWITCHES if key in switches}
    if not asked:
        return
    home, default = _home(pipeline, "use_doc_preprocessor")
    if default is None:
        config.update(asked)
        return
    if not _get(config, [*home, "use_doc_preprocessor"], default):
        # Off before: only what was asked for comes on, whatever the section's own defaults say.
        asked = {**dict.fromkeys(_DOCUMENT_SWITCHES, False), **asked}
        _put(config, [*home, "use_doc_preprocessor"], any(asked.values()))
    for key, value in asked.items():
        _put(config, [*home, "SubPipelines", "DocPreprocessor", key], value)


def _home(pipeline: str, key: str) -> tuple[list[str], object]:
    """Path of the highest level of a pipeline that has `key`, and its default there.

    The pipeline itself and None if no level has it.
    """
    from hpinfer.config.pipelines import PIPELINES, levels
    from hpinfer.config.validation import validate

    places = [
        (path.split(".") if path else [], getattr(level, key))
        for path, level in levels(validate(PIPELINES[pipeline], {}, where="default"))
        if key in type(level).model_fields
    ]
    return min(places, key=lambda place: len(place[0]), default=([], None))


def _get(config: Mapping[str, Any], path: list[str], default: object) -> object:
    value: object = config
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return default
        value = value[part]
    return value


def _read(path: Path) -> dict[str, Any]:
    from hpinfer.config.pipeline import read_document

    return read_document(path)


def _parse_yaml(text: str, where: str) -> object:
    from hpinfer.config.yaml_text import YamlProblem, parse_yaml

    try:
        return parse_yaml(text)
    except YamlProblem as error:
        raise ConfigError(f"{where} is not valid YAML: {error}") from None


def _model_keys(name_or_directory: str) -> dict[str, str]:
    path = Path(name_or_directory).expanduser()
    if os.sep not in name_or_directory and not path.is_dir():
        return {"model_name": name_or_directory}
    from hpinfer import hub

    return {"model_name": hub.resolve(path).name, "model_dir": str(path)}


def _put_model(config: dict[str, Any], where: list[str], keys: dict[str, str]) -> None:
    for key in ("model_name", "model_dir"):
        _put(config, [*where, key], keys.get(key))


def _parse_setting(setting: str) -> tuple[str, object]:
    key, equals, value = setting.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(
            f"--set {setting!r}: expected key=value, e.g. SubModules.TextRecognition.batch_size=8"
        )
    return key, _parse_yaml(value, f"--set {key}: the value")


def _put(config: dict[str, Any], path: list[str], value: object) -> None:
    target = config
    for depth, part in enumerate(path[:-1]):
        inner = target.get(part)
        if inner is None:
            inner = target[part] = {}
        if not isinstance(inner, dict):
            raise ConfigError(
                f"cannot set {'.'.join(path)}: {'.'.join(path[: depth + 1])} is {inner!r}, "
                "not a section"
            )
        target = inner
    target[path[-1]] = value
