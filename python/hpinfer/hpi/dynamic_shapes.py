"""Ranges of shapes that an engine is built for: found by running a model, kept in a readable file.

The file is YAML, ``dynamic_shapes.yml`` beside the model, else in hpinfer's cache. People may edit
it: what is used is what it says.
"""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any, TypeAlias

from hpinfer._settings import Settings
from hpinfer.errors import CacheError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Input name to its smallest, usual and largest shape.
Ranges: TypeAlias = "Mapping[str, Sequence[Sequence[int]]]"

FILE_NAME = "dynamic_shapes.yml"
#: What a range is widened to when it has to be extended for inputs that it does not hold: half as
#: much again, in steps of 32, so that growing inputs do not build an engine each.
_GROWTH = 1.5
_STEP = 32


def ranges_of(
    names: Sequence[str], recorded: Sequence[tuple[Sequence[Sequence[int]], int]]
) -> dict[str, list[list[int]]]:
    """The range that holds every recorded run; the most frequent shapes are the usual ones.

    Args:
        names: The inputs, in graph order.
        recorded: For each set of shapes, one an input, how many runs had it.

    Raises:
        ConfigError: Nothing was recorded, or the rank of an input differs from run to run.
    """
    if not recorded:
        raise ConfigError("no shapes were collected: the model was never run")
    usual = max(recorded, key=lambda item: item[1])[0]
    ranges: dict[str, list[list[int]]] = {}
    for index, name in enumerate(names):
        shapes = [list(run[index]) for run, _ in recorded]
        if len({len(shape) for shape in shapes}) != 1:
            raise ConfigError(f"input {name!r} has shapes of different ranks: {shapes[:3]}")
        sides = list(zip(*shapes, strict=True))
        ranges[name] = [[min(s) for s in sides], list(usual[index]), [max(s) for s in sides]]
    return ranges


def extended(
    names: Sequence[str], refused: Sequence[Sequence[Sequence[int]]], known: Sequence[Ranges]
) -> dict[str, list[list[int]]]:
    """A further range for inputs that no known one holds, with room to grow.

    Args:
        names: The inputs, in graph order.
        refused: Shapes of the inputs, one list an inference.
        known: The ranges that the engine has.
    """
    found = ranges_of(names, [(shapes, 1) for shapes in refused])
    for name, (smallest, _usual, largest) in found.items():
        bounds = [ranges[name] for ranges in known if name in ranges]
        for i, side in enumerate(largest):
            beyond = bounds and all(side > bound[2][i] for bound in bounds)
            if beyond and side >= _STEP:
                largest[i] = -(-int(side * _GROWTH) // _STEP) * _STEP
            below = bounds and all(smallest[i] < bound[0][i] for bound in bounds)
            if below and smallest[i] > _STEP:
                smallest[i] = max(int(smallest[i] / _GROWTH) // _STEP * _STEP, 1)
    return found


def shapes_file(model_dir: Path, name: str) -> Path | None:
    """The file of a model, if there is one."""
    return next((path for path in _places(model_dir, name) if path.is_file()), None)


def read_shapes(path: Path) -> list[dict[str, list[list[int]]]]:
    """The ranges in a file.

    Raises:
        ConfigError: It cannot be read, or does not hold ranges.
    """
    from pydantic import TypeAdapter, ValidationError

    from hpinfer.config.backends import DynamicShapes
    from hpinfer.config.yaml_text import parse_yaml, read_yaml_text

    try:
        data = parse_yaml(read_yaml_text(path))
        profiles = data["profiles"]
        return TypeAdapter(list[DynamicShapes]).validate_python(profiles)
    except ValidationError as error:
        detail = error.errors()[0]
        raise ConfigError(f"{path}: {detail['loc']}: {detail['msg']}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} holds no ranges of shapes ({' '.join(str(error).split())}): "
            "hpinfer tune --collect-shapes writes it anew"
        ) from None


def write_shapes(
    model_dir: Path, name: str, profiles: Sequence[Ranges], *, source: str = ""
) -> Path:
    """Writes the file of a model, beside it if that can be written.

    Args:
        model_dir: The model's folder.
        name: The model's name.
        profiles: The ranges.
        source: Where they come from, in words.

    Raises:
        CacheError: It can be written nowhere.
    """
    text = _text(name, profiles, source)
    failures = []
    for path in _places(model_dir, name):
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            failures.append(f"{path}: {error.strerror or error}")
            continue
        return path
    raise CacheError(f"the shapes of {name} cannot be written: {'; '.join(failures)}")


def _places(model_dir: Path, name: str) -> tuple[Path, ...]:
    from hpinfer.hpi.artifact_manifest import text_hash

    own = f"{name}-{text_hash(str(model_dir.absolute()))[:12]}.yml"
    return (model_dir / FILE_NAME, Settings.from_env().cache_dir / "shapes" / own)


def _text(name: str, profiles: Sequence[Ranges], source: str) -> str:
    lines = [
        "# Input shapes that TensorRT engines are built for: smallest, usual, largest of each.",
        "# Used where backend_config and inference.yml give none. Edit it if you like.",
        *([f"# {source}"] if source else []),
        f"model: {name}",
        "profiles:",
    ]
    for ranges in profiles:
        for index, (tensor, shapes) in enumerate(ranges.items()):
            mark = "- " if index == 0 else "  "
            lines.append(f"{mark}{_quoted(tensor)}: {[list(shape) for shape in shapes]}")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """A name as a YAML key; JSON strings are YAML."""
    import json

    return name if name.replace("_", "").isalnum() and name[0].isalpha() else json.dumps(name)


def ranges_text(profiles: Sequence[Ranges]) -> str:
    """E.g. ``"x 1x3x32x32 to 1x3x4000x4000"``, for `explain()`."""
    return " or ".join(
        ", ".join(
            f"{name} {_dims(shapes[0])} to {_dims(shapes[2])}" for name, shapes in one.items()
        )
        for one in profiles
    )


def _dims(shape: Sequence[Any]) -> str:
    return "x".join(map(str, shape)) or "scalar"
