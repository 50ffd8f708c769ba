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
_TILE = 32
_DEFAULT_SCALING = ([0.5], [0.5])
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
        Input name to values: pictures lie in the range that the model's normalisation leaves, and
        the detectors' own inputs say "this size, not scaled".
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
        elif dtype.kind == "f" and len(shape) == 4:
            feed[item.name] = _picture(random, shape, config).astype(dtype)
        elif dtype.kind == "f":
            feed[item.name] = random.standard_normal(shape).astype(dtype)
        else:
            feed[item.name] = random.integers(0, _IDS, shape).astype(dtype)
    return feed


def _picture(
    random: np.random.Generator, shape: tuple[int, ...], config: Mapping[str, Any]
) -> npt.NDArray[np.float64]:
    """Coloured tiles with noise on them, normalised.

    Noise alone is the same everywhere to a network, so that a detector's scores would be nearly
    equal and tiny differences would choose other boxes; so would values that it never sees.
    """
    import numpy as np

    batch, channels, height, width = shape
    tiles = random.random((batch, channels, -(-height // _TILE), -(-width // _TILE)))
    tiled = tiles.repeat(_TILE, axis=2).repeat(_TILE, axis=3)[:, :, :height, :width]
    mean, std = (np.resize(np.array(part, np.float64), channels) for part in _scaling(config))
    picture: npt.NDArray[np.float64] = (tiled + random.random(shape)) / 2
    picture -= mean[:, None, None]
    picture /= std[:, None, None]
    return picture


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
    found = [size for options in _steps(config) for size in _step_sizes(options)]
    return found[-1] if found else _DEFAULT_SIZE


def _scaling(config: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of the normalisation, for values from 0 to 1."""
    for options in _steps(config):
        mean, std = (_numbers(options.get(key)) for key in ("mean", "std"))
        if mean and std and all(std):
            return mean, std
    return _DEFAULT_SCALING


def _numbers(value: object) -> list[float]:
    items: list[Any] = value if isinstance(value, list) else [value]
    return items if all(isinstance(item, (int, float)) for item in items) else []


def _steps(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Options of the steps, in either style: ``{Name: {…}}`` or ``{type: Name, …}``."""
    section = config.get("PreProcess")
    steps = section.get("transform_ops") if isinstance(section, dict) else config.get("Preprocess")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            yield from [value for value in step.values() if isinstance(value, dict)] or [step]


def _step_sizes(holder: dict[str, Any]) -> Iterator[tuple[int, int]]:
    for value in (holder[key] for key in _SIZE_KEYS if key in holder):
        numbers = value[-2:] if isinstance(value, list) else [value, value]
        if len(numbers) == 2 and all(isinstance(n, int) and n > 0 for n in numbers):
            yield (numbers[0], numbers[1])
