"""Chooses the engine for a model on this machine. A choice carries its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import ConfigError, EngineUnavailableError, ModelFormatError
from hpinfer.hpi.discovery import engines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.hpi.discovery import EngineStatus

#: Model formats that each engine reads, preferred first.
_READABLE: dict[str, tuple[str, ...]] = {
    "onnxruntime": ("onnx",),
    "openvino": ("onnx", "pdmodel"),
    "paddle": ("pir", "pdmodel"),
}

#: Engines by device, preferred first. On a CPU the OCR pipeline with PP-OCRv4 mobile needs on
#: OpenVINO 0.7 times the time that it needs on ONNX Runtime (benchmarks/README.md).
_PREFERENCE: dict[str, tuple[str, ...]] = {
    "cpu": ("openvino", "onnxruntime"),
    "gpu": ("onnxruntime",),
}


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine and model format to use, and why.

    Attributes:
        engine: Engine name.
        model_format: ``"onnx"`` or ``"pdmodel"``.
        reason: One sentence.
        rejected: Reason by engine, for those tried before.
    """

    engine: str
    model_format: str
    reason: str
    rejected: dict[str, str]


def choose_engine(
    formats: Sequence[str],
    *,
    device: str = "cpu",
    engine: str | None = None,
    model_name: str = "model",
) -> EngineChoice:
    """Chooses an engine that is usable here and reads one of the model's formats.

    Args:
        formats: Formats that the model has, e.g. ``["onnx"]``.
        device: ``"cpu"`` or ``"gpu:N"``.
        engine: The engine to take, or None for the best. A named engine is taken or refused, never
            replaced by another.
        model_name: For messages.

    Raises:
        ConfigError: Unknown engine or device.
        EngineUnavailableError: No engine (or not the named one) is usable.
        ModelFormatError: No usable engine reads any of the formats.
    """
    kind = device.split(":", maxsplit=1)[0]
    if kind not in _PREFERENCE:
        raise ConfigError(f"device must be 'cpu', 'gpu' or 'gpu:N'; got {device!r}")
    statuses = {status.name: status for status in engines()}
    if engine is not None and engine not in _READABLE:
        raise ConfigError(f"engine must be one of {sorted(_READABLE)}; got {engine!r}")
    candidates = (engine,) if engine is not None else _PREFERENCE[kind]
    rejected: dict[str, str] = {}
    for name in candidates:
        reason = _refusal(name, statuses.get(name), formats)
        if reason is None:
            model_format = next(item for item in _READABLE[name] if item in formats)
            why = "asked for" if engine else f"first usable engine in the order for {kind}"
            return EngineChoice(name, model_format, why, rejected)
        rejected[name] = reason
    raise _no_engine(model_name, formats, rejected, statuses)


def _refusal(name: str, status: EngineStatus | None, formats: Sequence[str]) -> str | None:
    if status is None:
        return "not part of this build"
    if not status.usable:
        return status.reason
    if not any(item in formats for item in _READABLE[name]):
        return f"reads {', '.join(_READABLE[name])}; the model has {', '.join(formats) or 'none'}"
    return None


def _no_engine(
    model_name: str,
    formats: Sequence[str],
    rejected: dict[str, str],
    statuses: dict[str, EngineStatus],
) -> EngineUnavailableError | ModelFormatError:
    tried = "; ".join(f"{name}: {reason}" for name, reason in rejected.items())
    if any(statuses[name].usable for name in rejected if name in statuses):
        return ModelFormatError(
            f"no usable engine reads {model_name} "
            f"(formats: {', '.join(formats) or 'none'}): {tried}"
        )
    return EngineUnavailableError(
        f"no usable engine for {model_name}; install one with: pip install 'hpinfer[cpu]' "
        f"(tried {tried})"
    )
