"""What the zoo knows of one network: how to build it and what to feed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a network.

    Attributes:
        name: Input name.
        declared: Shape in the exported program; None is any size.
        fed: Shape of the comparison's input.
        values: ``"picture"`` (normalised picture), ``"size"`` or ``"scale"`` (detectors).
    """

    name: str
    declared: tuple[int | None, ...]
    fed: tuple[int, ...]
    values: str = "picture"


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the zoo.

    Attributes:
        model: The guides' model that it is, or stands for.
        build: Makes the layer with fresh weights. Called after the seed is set.
        inputs: In the order of the layer's arguments.
        compare: ``"values"``, ``"classes"`` (class ids of pixels), ``"boxes"`` (rows of class,
            score, corners: compared as sets) or ``"tokens"``.
        package: Package and class that it comes from.
        by_name: The layer takes one dict instead of arguments.
        logits: Whether its last layer gives logits: their spread is then set to that of a trained
            network, because otherwise every answer is nearly the same number.
        finish: Called with the layer, and with what runs it once, after its weights are random.
        config: Sections of inference.yml besides ``Global``.
    """

    model: str
    build: Callable[[], Any]
    inputs: tuple[Input, ...]
    compare: str
    package: str
    by_name: bool = False
    logits: bool = False
    finish: Callable[[Any, Callable[[], Any]], None] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


def picture(
    height: int, width: int, *, fixed: bool = False, channels: int = 3, batch: int = 1,
    name: str = "x",
) -> Input:
    """The input of a network that takes pictures, of any size unless `fixed`."""
    declared = (None, channels, height, width) if fixed else (None, channels, None, None)
    return Input(name, declared, (batch, channels, height, width))
