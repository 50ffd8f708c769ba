"""Reads the outline of a PIR program (``inference.json``), and repairs one for the converter.

The file is JSON with short keys: an operator has its type under ``#``, attributes under ``A``
(name ``N``, value ``AT`` = type ``#`` and data ``D``), operands under ``I``, results under ``O``
(id ``%``, type ``TT``) and the blocks of loops and branches under ``regions``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ModelFormatError
from hpinfer.hpi.conversion.program import Input, Pool, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

_POOLS = frozenset({"pool2d", "max_pool2d_with_index"})
_DTYPES = {
    **{"t_bool": "bool", "t_i8": "int8", "t_ui8": "uint8", "t_i16": "int16", "t_i32": "int32"},
    **{"t_i64": "int64", "t_f16": "float16", "t_f32": "float32", "t_f64": "float64"},
}
#: The first version whose scalar attributes are f64 where the converter reads f32.
_WIDE_VERSION = 4
#: Attributes that are data of a tensor: their width is meant.
_TENSOR_DATA = frozenset({"value", "values"})


def parse(content: bytes) -> Program:
    """Read a program.

    Raises:
        ModelFormatError: The bytes are not a PIR program.
    """
    try:
        operators = list(_operators(_document(content)["program"]))
        results = {
            result["%"]: result
            for operator in operators
            for result in _results(operator)
            if isinstance(result, dict) and "TT" in result
        }
        return Program(
            format="pir",
            operators=frozenset(_kind(operator) for operator in operators),
            inputs=tuple(_input(op) for op in operators if _kind(op) in ("data", "feed")),
            adaptive_pools=tuple(_adaptive_pools(operators, results)),
        )
    except (KeyError, IndexError, TypeError, AttributeError, StopIteration) as error:
        raise ModelFormatError(f"unexpected structure ({type(error).__name__}: {error})") from None


def narrow_attributes(content: bytes) -> bytes | None:
    """Write the f64 attributes of a version 4 program as f32, which the converter reads.

    Paddle itself refuses the result: it is for the converter only.

    Args:
        content: The program.

    Returns:
        The changed program; None if there is nothing to change.

    Raises:
        ModelFormatError: The bytes are not a PIR program.
    """
    document = _document(content)
    try:
        if document["base_code"]["version"] < _WIDE_VERSION:
            return None
        changed = [
            _narrow(attribute["AT"])
            for operator in _operators(document["program"])
            for attribute in operator.get("A", ())
            if isinstance(attribute, dict) and attribute.get("N") not in _TENSOR_DATA
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelFormatError(f"unexpected structure ({type(error).__name__}: {error})") from None
    return json.dumps(document).encode() if any(changed) else None


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise ModelFormatError(f"it is not JSON ({error})") from None
    if not isinstance(document, dict) or "program" not in document or "base_code" not in document:
        raise ModelFormatError("it has no PIR program")
    return document


def _operators(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operator, depth first: control flow holds regions of its own."""
    for region in holder.get("regions", ()):
        for block in region["blocks"]:
            for operator in block["ops"]:
                yield operator
                yield from _operators(operator)


def _kind(operator: dict[str, Any]) -> str:
    """The type without its dialect, ``1.pool2d`` or ``pd_op.pool2d``."""
    return str(operator["#"]).rpartition(".")[2]


def _results(operator: dict[str, Any]) -> list[Any]:
    found = operator.get("O", ())
    return found if isinstance(found, list) else [found]


def _attribute(operator: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON value
    for attribute in operator.get("A", ()):
        if isinstance(attribute, dict) and attribute.get("N") == name:
            return attribute["AT"]["D"]
    return None


def _input(operator: dict[str, Any]) -> Input:
    shape, dtype = _tensor(_results(operator)[0])
    return Input(str(_attribute(operator, "name")), shape, dtype)


def _tensor(result: dict[str, Any]) -> tuple[tuple[int, ...], str]:
    kind, dims = result["TT"]["D"][:2]
    return tuple(int(dim) for dim in dims), _DTYPES.get(str(kind["#"]).rpartition(".")[2], "")


def _adaptive_pools(operators: list[dict[str, Any]], results: dict[int, Any]) -> Iterator[Pool]:
    for operator in operators:
        if _kind(operator) not in _POOLS or not _attribute(operator, "adaptive"):
            continue
        # Not the kernel, which may be computed: the output has its size.
        channels_last = _attribute(operator, "data_format") == "NHWC"
        source, _ = _tensor(results[operator["I"][0]["%"]])
        target, _ = _tensor(_results(operator)[0])
        size = _plane(source, channels_last=channels_last)
        yield Pool(_kind(operator), size, _plane(target, channels_last=channels_last))


def _plane(shape: tuple[int, ...], *, channels_last: bool) -> tuple[int, int]:
    if len(shape) != 4:
        return (-1, -1)
    return (shape[1], shape[2]) if channels_last else (shape[2], shape[3])


def _narrow(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return sum(_narrow(item) for item in value) > 0  # every one, not up to the first
    if not isinstance(value, dict):
        return False
    wide = value.get("#") == "0.a_f64"
    if wide:
        value["#"] = "0.a_f32"
    return _narrow(value.get("D")) or wide
