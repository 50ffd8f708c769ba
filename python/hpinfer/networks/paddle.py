"""Reads Paddle programs of either format, told apart by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.errors import ModelFormatError, ModelNotFoundError
from hpinfer.networks import pdmodel, pir

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.networks.program import Program

#: A program holds no weights: the largest of the known models have some 10 MB.
_MAX_BYTES = 256 * 1024 * 1024


def read_program(path: Path) -> Program:
    """Reads a ``.json`` (PIR) or ``.pdmodel`` program.

    Raises:
        ModelNotFoundError: The file does not exist.
        ModelFormatError: It cannot be read, or is not a Paddle program.
    """
    if not path.exists():
        raise ModelNotFoundError(f"model file {path} does not exist")
    if not path.is_file():
        raise ModelNotFoundError(f"model path {path} is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ModelFormatError(f"{path} cannot be read: {error.strerror or error}") from error
    return parse_program(content, str(path))


def parse_program(content: bytes, what: str) -> Program:
    """Reads a program from memory; `what` names it in errors.

    Raises:
        ModelFormatError: It is not a Paddle program.
    """
    if not content:
        raise ModelFormatError(f"{what} has 0 bytes and is not a Paddle program")
    try:
        if len(content) > _MAX_BYTES:
            raise ModelFormatError(f"it has more than {_MAX_BYTES} bytes")
        is_json = content.lstrip()[:1] == b"{"
        program = pir.parse(content) if is_json else pdmodel.parse(content)
        if not program.inputs or not program.outputs:
            raise ModelFormatError("it has no inputs or no outputs")
    except ModelFormatError as error:
        raise ModelFormatError(
            f"{what} is not a Paddle program (PIR .json or .pdmodel), or is damaged: {error}"
        ) from None
    return program
