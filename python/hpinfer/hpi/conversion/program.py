"""What conversion needs to know of a Paddle program, whichever way it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from hpinfer.errors import ModelFormatError

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.hub import ModelFiles

#: How a Paddle program is stored: ``.pdmodel`` (protobuf) or PIR ``.json``.
ProgramFormat: TypeAlias = Literal["pdmodel", "pir"]


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a program.

    Attributes:
        name: Its name.
        shape: Its dimensions, -1 where any size will do.
        dtype: NumPy name of its element type, e.g. ``"float32"``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Pool:
    """An adaptive pooling.

    Attributes:
        kind: Type of the operator.
        size: Height and width of its input, -1 where not fixed.
        output: Height and width of its output, -1 where not fixed.
    """

    kind: str
    size: tuple[int, int]
    output: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Program:
    """A Paddle program in outline.

    Attributes:
        format: How it is stored.
        operators: Types of its operators, those inside loops and branches too.
        inputs: Its inputs in their order.
        adaptive_pools: Its adaptive poolings.
    """

    format: ProgramFormat
    operators: frozenset[str]
    inputs: tuple[Input, ...]
    adaptive_pools: tuple[Pool, ...]


def program_file(files: ModelFiles) -> tuple[ProgramFormat, Path] | None:
    """The Paddle program of a model, ``.pdmodel`` first because its converter needs no Paddle."""
    if files.pdmodel is not None:
        return "pdmodel", files.pdmodel
    return None if files.program_json is None else ("pir", files.program_json)


def read_program(path: Path, program_format: ProgramFormat) -> Program:
    """Read the outline of a program.

    Raises:
        ModelFormatError: The file cannot be read, or is not such a program.
    """
    from hpinfer.hpi.conversion import pdmodel, pir

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFormatError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return pdmodel.parse(content) if program_format == "pdmodel" else pir.parse(content)
    except ModelFormatError as error:
        raise ModelFormatError(f"{path} is not a Paddle program: {error}") from None
