"""YAML that may come from anyone: plain values only, and bounded before it can grow.

A few hundred bytes of YAML can stand for gigabytes: an alias repeats what it names, a merge key
copies it. What a document stands for is counted, not only how long it is.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

#: The longest ``inference.yml`` known, with 18 708 characters of a dictionary, has 170 KB.
MAX_BYTES = 8 * 1024 * 1024
#: Values that a document may stand for, every use of an alias counted.
MAX_VALUES = 1_000_000
MAX_DEPTH = 64
#: Longer numbers take time that grows with the square of their length (YAML 1.1 has base 60).
_MAX_NUMBER = 400


class YamlProblem(ValueError):
    """The text is not YAML, or more than is read; the message is the reason, on one line."""


def read_yaml_text(path: Path) -> str:
    """The text of a YAML or JSON file.

    Raises:
        OSError: The file cannot be read.
        YamlProblem: It is larger than `MAX_BYTES` or not UTF-8.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise YamlProblem(f"it has more than {MAX_BYTES} bytes, which no configuration has")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlProblem(f"it is not UTF-8 text: {error}") from None


def parse_yaml(text: str) -> Any:  # noqa: ANN401 - whatever the text holds
    """Reads YAML: mappings, lists, strings, numbers, dates, no objects.

    Raises:
        YamlProblem: It is not valid YAML, refers to itself, or stands for too much.
    """
    import yaml

    try:
        value = yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise YamlProblem(" ".join(str(error).split())) from None
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # constructors of PyYAML raise what int, datetime … raise
        reason = " ".join(str(error).split())
        raise YamlProblem(f"a value cannot be read ({type(error).__name__}: {reason})") from None
    check_extent(value)
    return value


def check_extent(value: object) -> None:
    """Counts what a document stands for.

    Args:
        value: Mappings, lists and scalars; parts may be shared, as aliases of YAML are.

    Raises:
        YamlProblem: It refers to itself, is nested too deep, or stands for too many values.
    """
    if _extent(value, {}, 0) > MAX_VALUES:
        raise YamlProblem(f"it stands for more than {MAX_VALUES} values")


def _extent(value: object, known: dict[int, int], depth: int) -> int:
    if isinstance(value, str) and not value.isascii():
        _check_text(value)
    if not isinstance(value, (dict, list, tuple, set)):
        return 1
    if depth > MAX_DEPTH:
        raise YamlProblem(f"it is nested more than {MAX_DEPTH} deep, or refers to itself")
    if id(value) not in known:
        parts = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
        known[id(value)] = 1 + sum(_extent(part, known, depth + 1) for part in parts)
    return known[id(value)]


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise YamlProblem("a text has half of a surrogate pair, which is no character") from None


@functools.cache
def _loader() -> Any:  # noqa: ANN401 - a class without types
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """PyYAML's safe loader, which constructs nothing but plain values, with bounds."""

        merged = 0

        def flatten_mapping(self, node: Any) -> None:  # noqa: ANN401 - PyYAML's node
            """Counts the entries that merge keys copy."""
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > MAX_VALUES:
                raise yaml.constructor.ConstructorError(
                    None, None, f"mappings of more than {MAX_VALUES} entries", node.start_mark
                )

        def number(self, node: Any) -> Any:  # noqa: ANN401 - PyYAML's node
            """A whole number, unless it is too long to be one."""
            if len(self.construct_scalar(node)) > _MAX_NUMBER:
                raise yaml.constructor.ConstructorError(
                    None, None, f"a number of more than {_MAX_NUMBER} digits", node.start_mark
                )
            return self.construct_yaml_int(node)

    Loader.add_constructor("tag:yaml.org,2002:int", Loader.number)
    return Loader
