"""One random feed for a Paddle program, of shapes that its model is used with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.networks import TensorFact

_SEED = 20240613
#: Height and width when nothing says better.
_DEFAULT_SIZE = (640, 640)
_DEFAULT_SEQUENCE = 16
_IDS = 8
#: Keys of a model's pre-processing operators that hold the size of the picture.
_SIZE_KEYS = ("image_shape", "target_size", "size", "max_len", "resize_short")


def sample_feed(
    inputs: Sequence[TensorFact], config: Mapping[str, Any]
) -> dict[str, npt.NDArray[np.generic]]:
    """Make a feed; the same one every time.

    Args:
        inputs: The program's inputs. A fixed dimension is kept.
        config: The model's inference.yml, which may name typical shapes or the picture's size.

    Returns:
        Input name to values: pictures are normally distributed as after normalisation, and the
        detectors' own inputs say "this size, not scaled".
    """
    import numpy as np

    random = np.random.default_rng(_SEED)
    size = _picture_size(config)
    shapes = {item.name: _shape(item, config, size) for item in inputs}
    picture = next((s[2:] for s in shapes.values() if len(s) == 4), size)
    feed: dict[str, npt.NDArray[np.generic]] = {}
    for item in inputs:
        shape, dtype = shapes[item.name], _dtype(item.dtype)
        if item.name == "scale_factor":
            feed[item.name] = np.ones(shape, dtype)
        elif item.name == "im_shape" and shape[-1:] == (2,):
            feed[item.name] = np.broadcast_to(np.asarray(picture, dtype), shape).copy()
        elif dtype.kind == "f":
            feed[item.name] = random.standard_normal(shape).astype(dtype)
        else:
            feed[item.name] = random.integers(0, _IDS, shape).astype(dtype)
    return feed


def _dtype(name: str) -> np.dtype[Any]:
    import numpy as np

    try:
        return np.dtype(name)
    except TypeError:  # one of Paddle's own
        return np.dtype("float32")


def _shape(item: TensorFact, config: Mapping[str, Any], size: tuple[int, int]) -> tuple[int, ...]:
    typical = next(_named_shapes(config.get("Hpi"), item.name), None)
    if typical is None or len(typical) != len(item.shape):
        rank = len(item.shape)
        typical = (1, 3, *size) if rank == 4 else (1, *[_DEFAULT_SEQUENCE] * (rank - 1))
    pairs = zip(item.shape, typical, strict=True)
    return tuple(fixed or usual for fixed, usual in pairs)


def _named_shapes(section: object, name: str) -> Iterator[tuple[int, ...]]:
    """The middle one of every [smallest, usual, largest] shape given for an input."""
    if not isinstance(section, dict):
        return
    for key, value in section.items():
        if key == name and _is_range(value):
            yield tuple(value[1])
        else:
            yield from _named_shapes(value, name)


def _is_range(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(shape, list) and shape for shape in value)
        and all(isinstance(dim, int) and dim > 0 for shape in value for dim in shape)
    )


def _picture_size(config: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width that the last sizing step of the pre-processing leaves."""
    section = config.get("PreProcess")
    steps = section.get("transform_ops") if isinstance(section, dict) else config.get("Preprocess")
    found = [size for step in steps or () for size in _step_sizes(step)]
    return found[-1] if found else _DEFAULT_SIZE


def _step_sizes(step: object) -> Iterator[tuple[int, int]]:
    """Of a step in either style: ``{Name: {options}}`` or ``{type: Name, options}``."""
    if not isinstance(step, dict):
        return
    options = [value for value in step.values() if isinstance(value, dict)]
    for holder in options or [step]:
        for value in (holder[key] for key in _SIZE_KEYS if key in holder):
            numbers = value[-2:] if isinstance(value, list) else [value, value]
            if len(numbers) == 2 and all(isinstance(n, int) and n > 0 for n in numbers):
                yield (numbers[0], numbers[1])
