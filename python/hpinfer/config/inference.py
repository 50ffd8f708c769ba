"""``inference.yml``: what a model says of its own pre- and post-processing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Operator:
    """One pre-processing step: its name and parameters as written in the file."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferenceConfig:
    """The parts of an ``inference.yml`` that a model family reads.

    Attributes:
        model_name: ``Global.model_name``.
        operators: Pre-processing steps in order.
        postprocess: The ``PostProcess`` section.
        raw: The whole file.
    """

    model_name: str
    operators: tuple[Operator, ...]
    postprocess: Mapping[str, Any]
    raw: Mapping[str, Any]

    def operator(self, name: str) -> Operator | None:
        """The first step of that name, or None."""
        return next((step for step in self.operators if step.name == name), None)


def parse_inference_config(config: Mapping[str, Any]) -> InferenceConfig:
    """Reads a parsed ``inference.yml``.

    Raises:
        ConfigError: A section has the wrong form.
    """
    name = _section(config, "Global").get("model_name", "")
    return InferenceConfig(
        model_name=str(name),
        operators=_operators(config, str(name)),
        postprocess=_section(config, "PostProcess"),
        raw=config,
    )


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = config.get(name) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"inference.yml: {name} must be a mapping; got {section!r}")
    return section


def _operators(config: Mapping[str, Any], model: str) -> tuple[Operator, ...]:
    """The steps of whichever of the three layouts the file has (contract 4.2)."""
    if "Preprocess" in config:  # detection
        steps, where, read = config["Preprocess"], "Preprocess", _typed_operator
    elif "Deploy" in config:  # semantic segmentation
        steps, where = _section(config, "Deploy").get("transforms", []), "Deploy.transforms"
        read = _typed_operator
    else:
        steps = _section(config, "PreProcess").get("transform_ops", [])
        where, read = "PreProcess.transform_ops", _operator
    if not isinstance(steps, list):
        raise ConfigError(
            f"inference.yml of {model!r}: {where} must be a list; got {type(steps).__name__}"
        )
    return tuple(read(step, model) for step in steps)


def _typed_operator(step: object, model: str) -> Operator:
    if isinstance(step, dict) and isinstance(step.get("type"), str):
        return Operator(step["type"], {key: step[key] for key in step if key != "type"})
    raise ConfigError(
        f"inference.yml of {model!r}: a step must be '{{type: Name, parameters}}'; got {step!r}"
    )


def _operator(step: object, model: str) -> Operator:
    if isinstance(step, str):
        return Operator(step)
    if isinstance(step, dict) and len(step) == 1:
        ((name, params),) = step.items()
        if params is None or isinstance(params, dict):
            return Operator(str(name), params or {})
    raise ConfigError(
        f"inference.yml of {model!r}: a step must be 'Name: {{parameters}}'; got {step!r}"
    )
