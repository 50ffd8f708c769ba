"""Reads what a Paddle program declares: its format, inputs, outputs and operators of interest."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hpinfer.errors import ModelFormatError, ModelNotFoundError
from hpinfer.paddle_inference import legacy_program
from hpinfer.paddle_inference.run_mode import ProgramFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: PIR's element types by ours; others keep Paddle's name and are refused by name.
_PIR_DTYPES = {
    "t_bool": "bool",
    "t_i8": "int8",
    "t_u8": "uint8",
    "t_ui8": "uint8",
    "t_i16": "int16",
    "t_i32": "int32",
    "t_i64": "int64",
    "t_f16": "float16",
    "t_fp16": "float16",
    "t_bf16": "bfloat16",
    "t_f32": "float32",
    "t_f64": "float64",
}
_MODEL_NAME = re.compile(r"^\s+model_name:\s*['\"]?([^\s'\"]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TensorFact:
    """An input or output as the program declares it.

    Attributes:
        name: Its name.
        dtype: NumPy name of the element type.
        shape: Dimensions, None for those of any size.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What a program declares.

    Attributes:
        format: ``"pir"`` or ``"pdmodel"``.
        inputs: In the order of its feeds.
        outputs: In the order of its fetches.
        aligned_bilinear: Whether it resizes bilinearly with ``align_corners=True``.
        has_parameters: Whether it has weights in a file of their own.
    """

    format: Literal["pir", "pdmodel"]
    inputs: tuple[TensorFact, ...]
    outputs: tuple[TensorFact, ...]
    aligned_bilinear: bool
    has_parameters: bool

    def facts(self, model_name: str) -> ProgramFacts:
        """What the choice of the run mode needs."""
        return ProgramFacts(self.format, model_name, self.aligned_bilinear)


def read_program(path: Path) -> Program:
    """Reads a `.json` (PIR) or `.pdmodel` program; told apart by content.

    Raises:
        ModelNotFoundError: The file does not exist.
        ModelFormatError: It is not a Paddle program.
    """
    if not path.exists():
        raise ModelNotFoundError(f"model file {path} does not exist")
    if not path.is_file():
        raise ModelNotFoundError(f"model path {path} is not a file")
    return parse_program(path.read_bytes(), str(path))


def parse_program(content: bytes, what: str) -> Program:
    """Reads a program from memory; `what` names it in errors.

    Raises:
        ModelFormatError: It is not a Paddle program.
    """
    if not content:
        raise ModelFormatError(f"{what} has 0 bytes")
    try:
        if content.lstrip()[:1] == b"{":
            return _parse_pir(json.loads(content))
        return _parse_legacy(content)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelFormatError(
            f"{what} is not a Paddle program (PIR .json or .pdmodel), or is damaged: {error}"
        ) from None


def model_name_beside(path: Path) -> str:
    """`Global.model_name` of the inference.yml in the same directory; empty if there is none."""
    try:
        text = (path.parent / "inference.yml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = _MODEL_NAME.search(text)
    return found[1] if found else ""


def _parse_pir(document: dict[str, Any]) -> Program:
    if document["base_code"]["magic"] != "pir":
        raise ValueError("no PIR magic")
    inputs, outputs, aligned, parameters = [], [], False, False
    for operator in _operators(document["program"]["regions"]):
        kind = str(operator["#"]).rpartition(".")[2]
        if kind in ("data", "feed"):
            inputs.append(_pir_tensor(operator))
        elif kind == "fetch":
            outputs.append((_attribute(operator, "col") or 0, _pir_tensor(operator)))
        elif kind == "bilinear_interp":
            aligned |= _attribute(operator, "align_corners") is True
        parameters |= kind in ("p", "parameter")
    outputs.sort(key=lambda item: item[0])
    in_order = [tensor for _, tensor in outputs]
    return _checked(Program("pir", tuple(inputs), tuple(in_order), aligned, parameters))


def _operators(regions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for region in regions:
        for block in region["blocks"]:
            for operator in block["ops"]:
                yield operator
                yield from _operators(operator.get("regions", []))


def _attribute(operator: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    found = (item["AT"]["D"] for item in operator["A"] if item["N"] == name)
    return next(found, None)


def _pir_tensor(operator: dict[str, Any]) -> TensorFact:
    element, dims = operator["O"][0]["TT"]["D"][:2]
    kind = str(element["#"]).partition(".")[2]
    return TensorFact(str(_attribute(operator, "name")), _PIR_DTYPES.get(kind, kind), _shape(dims))


def _parse_legacy(content: bytes) -> Program:
    program = legacy_program.parse(content)
    aligned = any(
        operator.kind == "bilinear_interp_v2" and operator.flags.get("align_corners", False)
        for operator in program.operators
    )
    inputs = tuple(_legacy_tensor(program, name) for name in program.feeds())
    outputs = tuple(_legacy_tensor(program, name) for name in program.fetches())
    return _checked(Program("pdmodel", inputs, outputs, aligned, program.has_parameters))


def _legacy_tensor(program: legacy_program.LegacyProgram, name: str) -> TensorFact:
    dtype, dims = program.tensors[name]
    return TensorFact(name, dtype, _shape(dims))


def _shape(dims: list[int]) -> tuple[int | None, ...]:
    return tuple(dim if dim >= 0 else None for dim in dims)


def _checked(program: Program) -> Program:
    if not program.inputs or not program.outputs:
        raise ValueError("it has no inputs or no outputs")
    return program
