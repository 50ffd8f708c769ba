"""Whether and how a model can be converted to ONNX here, found out without doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import HpinferError
from hpinfer.hpi.conversion.converters import Converter, find_converter
from hpinfer.hpi.conversion.faults import Refusal, known_fault
from hpinfer.networks import Program, ProgramFormat, read_program

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.hub import ModelFiles

#: A protobuf message, and so an ONNX file with its weights inside, ends here.
_ONNX_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ConversionRoute:
    """How a model would be converted here.

    Attributes:
        format: What it is converted from.
        program: The program file.
        params: The weights file.
        outline: What was read of the program.
        converter: What converts it.
    """

    format: ProgramFormat
    program: Path
    params: Path
    outline: Program
    converter: Converter


def route(files: ModelFiles) -> ConversionRoute | Refusal:
    """Find what would convert a model, or why it cannot be converted here.

    Cheap (the program file is read, nothing is run, fetched or written), so that it can be asked
    for every model that is loaded.

    Args:
        files: The files of a model.

    Returns:
        The route, or the reason and what to do instead.
    """
    found = files.program
    if found is None or files.pdiparams is None:
        return Refusal(
            f"{files.directory} has no complete Paddle model",
            "inference.pdiparams and inference.pdmodel or inference.json are needed",
        )
    program_format, program = found
    try:
        outline = read_program(program)
        if files.pdiparams.stat().st_size > _ONNX_LIMIT:
            return Refusal(
                "its weights do not fit into one ONNX file (2 GiB)", "use Paddle Inference"
            )
    except (HpinferError, OSError) as error:
        return Refusal(str(error), "get the model again")
    if outline.format != program_format:
        return Refusal(f"{program} holds a program of the other format", "give it its right name")
    fault = known_fault(outline)
    if fault is not None:
        return fault
    converter = find_converter(program_format)
    if isinstance(converter, Refusal):
        return converter
    return ConversionRoute(program_format, program, files.pdiparams, outline, converter)
