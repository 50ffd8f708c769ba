"""Prior knowledge: the usual order of the engines for a model, before anything is measured."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.config.hpi import BackendName
    from hpinfer.hpi.family import Family

#: Names of the published lists to engines; Paddle's variants are one engine with options.
_ENGINES: dict[str, BackendName] = {
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
    "paddle": "paddle",
    "paddle_mkldnn": "paddle",
}
_PUBLISHED_PADDLE = (3, 1)
_PUBLISHED_ARCHITECTURES = frozenset({"x86_64", "AMD64"})
_REST: tuple[BackendName, ...] = ("openvino", "onnxruntime", "paddle", "tensorrt", "om")


@dataclass(frozen=True, slots=True)
class Preference:
    """The order in which to take the engines for a model.

    Attributes:
        order: Every engine, best first.
        unlisted: Those of them that the list does not name; they come last.
        source: ``"prior"`` if the model is known, ``"rule"`` if its family decides.
        reason: Where the order comes from.
        assumptions: What had to be taken for granted.
    """

    order: tuple[BackendName, ...]
    unlisted: tuple[BackendName, ...]
    source: Literal["prior", "rule"]
    reason: str
    assumptions: tuple[str, ...] = ()


def preference(
    model_name: str,
    family: Family,
    *,
    device: Literal["cpu", "gpu", "npu"] = "cpu",
    architecture: str | None = None,
    versions: Mapping[str, str] | None = None,
) -> Preference:
    """The order for a model; never fails, whatever the model and the machine.

    Args:
        model_name: Name as in ``inference.yml``.
        family: What the model does, for models that are not known.
        device: Which order to look up.
        architecture: Of the processor; None takes this machine's.
        versions: Of the usable engines.
    """
    if device == "npu":
        order: tuple[BackendName, ...] = ("om", *(name for name in _REST if name != "om"))
        return Preference(order, order[1:], "rule", "the one engine for Ascend NPUs")
    knowledge = _knowledge()
    machine = architecture or platform.machine()
    assumptions: list[str] = []
    source: Literal["prior", "rule"] = "prior"
    if device in knowledge["measured"].get(model_name, {}):
        names = knowledge["measured"][model_name][device]
        reason = "first of its usual order, from hpinfer's own measurements"
    elif model_name in knowledge["published"]:
        names = knowledge["published"][model_name][device]
        reason = "first of its usual order, from PaddleX 3.7.2's published list"
        assumptions += _newer_framework((versions or {}).get("paddle", ""))
    else:
        source = "rule"
        names = knowledge["families"][family][device]
        reason = f"first of the usual order for {family.replace('_', ' ')} models"
        assumptions.append(
            f"{model_name} is not in the lists: its family's order is taken; "
            "`hpinfer tune` measures it"
        )
    if device == "cpu" and machine not in _PUBLISHED_ARCHITECTURES:
        assumptions.append(f"the order was found on x86-64 and is taken for {machine} too")
    listed = _engine_order(names)
    unlisted = tuple(name for name in _REST if name not in listed)
    return Preference((*listed, *unlisted), unlisted, source, reason, tuple(assumptions))


def _newer_framework(paddle: str) -> list[str]:
    numbers = tuple(int(part) for part in paddle.split(".")[:2] if part.isdigit())
    if numbers <= _PUBLISHED_PADDLE:
        return []
    found = ".".join(map(str, _PUBLISHED_PADDLE))
    return [f"the list was found with PaddlePaddle {found} and is taken for {paddle} too"]


def known_models() -> tuple[str, ...]:
    """Names of the models that the lists know."""
    knowledge = _knowledge()
    return tuple(dict.fromkeys([*knowledge["published"], *knowledge["measured"]]))


def _engine_order(names: Sequence[str]) -> tuple[BackendName, ...]:
    return tuple(dict.fromkeys(_ENGINES[name] for name in names))


@lru_cache(maxsize=1)
def _knowledge() -> dict[str, Any]:
    import yaml

    text = resources.files("hpinfer.hpi").joinpath("prior_knowledge.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return data
