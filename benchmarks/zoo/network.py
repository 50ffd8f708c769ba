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
    height: int,
    width: int,
    *,
    fixed: bool = False,
    height_only: bool = False,
    channels: int = 3,
    batch: int = 1,
) -> Input:
    """The input ``x`` of a network that takes pictures.

    Args:
        height: Height of the comparison's input.
        width: Its width.
        fixed: The program takes this size only.
        height_only: It takes this height and any width.
        channels: Channels of the picture.
        batch: Pictures in the comparison's input.
    """
    declared: tuple[int | None, ...] = (None, channels, None, None)
    if fixed:
        declared = (None, channels, height, width)
    elif height_only:
        declared = (None, channels, height, None)
    return Input("x", declared, (batch, channels, height, width))
