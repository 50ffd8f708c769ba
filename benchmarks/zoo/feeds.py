"""What the networks are fed: the same arrays wherever they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def make(values: str, shape: tuple[int, ...], *, seed: int) -> npt.NDArray[np.float32]:
    """One input array.

    Args:
        values: ``"picture"``, ``"size"`` or ``"scale"``.
        shape: Its shape.
        seed: Same seed, same array.

    Returns:
        A float32 array. Pictures are smooth with some noise, in the range that normalised pictures
        have; noise alone has no large structures and drives every mean to the same value.
    """
    if values == "scale":
        return np.ones(shape, np.float32)
    if values == "size":
        raise ValueError("the size of a picture depends on the picture")
    rng = np.random.default_rng(seed)
    count, channels, height, width = shape
    rows = np.linspace(0.0, 1.0, height)[:, None]
    columns = np.linspace(0.0, 1.0, width)[None, :]
    picture = np.empty(shape, np.float64)
    for index in range(count):
        for channel in range(channels):
            plane = np.zeros((height, width))
            for _ in range(6):
                a, b = rng.uniform(-25.0, 25.0, 2)
                plane += np.sin(a * rows + b * columns + rng.uniform(0.0, 6.3))
            picture[index, channel] = plane / 2.5
    picture += rng.normal(0.0, 0.25, shape)
    return np.clip(picture, -2.2, 2.6).astype(np.float32)


def for_inputs(inputs: list[dict[str, Any]], *, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """The feed of a network from the inputs in its zoo.json.

    Args:
        inputs: ``name``, ``fed`` and ``values`` of each input.
        seed: Same seed, same feed.

    Returns:
        Arrays by input name.
    """
    found = {}
    pictures = [entry["fed"] for entry in inputs if entry["values"] == "picture"]
    for entry in inputs:
        shape = tuple(entry["fed"])
        if entry["values"] == "size":
            height, width = pictures[0][2:]
            found[entry["name"]] = np.tile(np.float32([height, width]), (shape[0], 1))
        else:
            found[entry["name"]] = make(entry["values"], shape, seed=seed)
    return found
