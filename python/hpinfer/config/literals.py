"""Values written on a command line: JSON, Python literals, and YAML or JSON in a file."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpinfer.errors import ConfigError, InputNotFoundError

_NOTHING = object()


def parse_mapping(value: object, *, where: str) -> dict[str, Any]:
    """Reads a mapping that may come as text.

    Args:
        value: A mapping, an object with pydantic's ``model_dump`` (PaddleX's ``HPIConfig``), or
            text: JSON, a Python literal, or ``@`` and the path of a YAML or JSON file.
        where: What is being read, for messages, e.g. ``"--hpi_config"``.

    Raises:
        ConfigError: It is none of these, or a key is not a string.
        InputNotFoundError: The file does not exist.
    """
    data = parse_value(value, where=where) if isinstance(value, str) else value
    dump = getattr(data, "model_dump", None)
    if callable(dump):
        data = dump(exclude_unset=True)
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise ConfigError(
            f"{where} must be a mapping as JSON or a Python literal, "
            f'e.g. \'{{"backend": "onnxruntime"}}\'; got {value!r}'
        )
    return dict(data)


def parse_value(text: str, *, where: str) -> object:
    """Reads JSON, a Python literal, or with a leading ``@`` a YAML or JSON file.

    Returns:
        The value; the text itself if it is neither JSON nor a literal.

    Raises:
        ConfigError: The file is not valid YAML.
        InputNotFoundError: The file does not exist.
    """
    if text.startswith("@"):
        return read_yaml(Path(text[1:]), where=where)
    value = _literal(text)
    return text if value is _NOTHING else value


def parse_override(text: str) -> object:
    """Reads the value of PaddleX's ``-o Key=Value``: ``T``, ``true`` … are yes, ``None`` null."""
    word = text.strip()
    if word in {"TRUE", "True", "true", "T", "t"}:
        return True
    if word in {"FALSE", "False", "false", "F", "f"}:
        return False
    value = _literal(word)
    return text if value is _NOTHING else value


def _literal(text: str) -> object:
    try:
        with warnings.catch_warnings():  # of a backslash in a path, say
            warnings.simplefilter("ignore")
            return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING


def read_yaml(path: Path, *, where: str) -> object:
    """Reads a YAML (or JSON) file.

    Raises:
        ConfigError: It is not valid YAML.
        InputNotFoundError: It does not exist, is no file, or cannot be read.
    """
    from hpinfer.config.yaml_text import YamlProblem, parse_yaml, read_yaml_text

    try:
        return parse_yaml(read_yaml_text(path))
    except YamlProblem as error:
        raise ConfigError(f"{where}: {path} is not valid YAML: {error}") from None
    except (FileNotFoundError, IsADirectoryError, ValueError):  # ValueError: a zero character
        raise InputNotFoundError(f"{where}: there is no file {str(path)!r}") from None
    except OSError as error:
        reason = error.strerror or error
        raise InputNotFoundError(f"{where}: {path} cannot be read: {reason}") from None
