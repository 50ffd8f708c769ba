"""Reads the outline of a PIR program (``inference.json``).

The file is JSON with short keys: an operator has its type under ``#``, attributes under ``A``
(name ``N``, value ``AT`` = type ``#`` and data ``D``), operands under ``I``, results under ``O``
(id ``%``, type ``TT``) and the blocks of loops and branches under ``regions``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ModelFormatError
from hpinfer.networks.program import POOLS, Pool, Program, TensorFact, any_shape, plane
from hpinfer.networks.reductions import (
    REDUCTIONS,
    Step,
    multiplies_reduced_rows,
    reduces_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_INPUTS, _PARAMETERS = frozenset({"data", "feed"}), frozenset({"p", "parameter"})
#: Others keep Paddle's name.
_DTYPES = {
    **{"t_bool": "bool", "t_i8": "int8", "t_u8": "uint8", "t_ui8": "uint8", "t_i16": "int16"},
    **{"t_i32": "int32", "t_i64": "int64", "t_f16": "float16", "t_fp16": "float16"},
    **{"t_bf16": "bfloat16", "t_f32": "float32", "t_f64": "float64"},
}
#: What a document of another structure raises where it is taken apart.
OTHER_STRUCTURE = (LookupError, TypeError, AttributeError, ValueError, OverflowError)


def parse(content: bytes) -> Program:
    """Reads a program.

    Raises:
        ModelFormatError: The bytes are not a PIR program.
    """
    document = load_document(content)
    try:
        return _outline(list(walk_operators(document)))
    except OTHER_STRUCTURE as error:
        raise unexpected_structure(error) from None


def load_document(content: bytes) -> dict[str, Any]:
    """The JSON document of a program.

    Raises:
        ModelFormatError: It is not JSON, or that of something else.
    """
    try:
        document = json.loads(content)
        if document["base_code"]["magic"] == "pir" and "regions" in document["program"]:
            return dict(document)
    except RecursionError:
        raise ModelFormatError("it is JSON of lists within lists without measure") from None
    except (KeyError, TypeError):
        pass
    except ValueError as error:
        raise ModelFormatError(f"it is not JSON ({error})") from None
    raise ModelFormatError("it is JSON without a PIR program")


def walk_operators(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operator in its order, each followed by those of its own regions (control flow)."""
    # A stack of our own: how deep a file nests is not for Python's to limit.
    todo = [_operators_in(document["program"]["regions"])]
    while todo:
        for operator in todo[-1]:
            yield operator
            if operator.get("regions"):
                todo.append(_operators_in(operator["regions"]))
                break
        else:
            todo.pop()


def unexpected_structure(error: Exception) -> ModelFormatError:
    """What an error while taking a document apart means."""
    return ModelFormatError(f"unexpected structure ({type(error).__name__}: {error})")


def _operators_in(regions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (op for region in regions for block in region["blocks"] for op in block["ops"])


def _outline(operators: list[dict[str, Any]]) -> Program:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for operator in operators:
        by_kind.setdefault(_kind(operator), []).append(operator)
    fetches = sorted(by_kind.get("fetch", ()), key=lambda item: _attribute(item, "col") or 0)
    bilinear = by_kind.get("bilinear_interp", ())
    return Program(
        format="pir",
        operators=frozenset(by_kind),
        inputs=tuple(_fact(item) for item in operators if _kind(item) in _INPUTS),
        outputs=tuple(_fact(operator) for operator in fetches),
        adaptive_pools=tuple(_adaptive_pools(operators)),
        aligned_bilinear=any(_attribute(item, "align_corners") is True for item in bilinear),
        multiplied_rows=multiplies_reduced_rows(_steps(operators)),
        has_parameters=not _PARAMETERS.isdisjoint(by_kind),
    )


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


def _fact(operator: dict[str, Any]) -> TensorFact:
    element, dims = _results(operator)[0]["TT"]["D"][:2]
    kind = str(element["#"]).rpartition(".")[2]
    return TensorFact(str(_attribute(operator, "name")), _DTYPES.get(kind, kind), _shape(dims))


def _shape(dims: list[Any]) -> tuple[int | None, ...]:
    return any_shape([int(dim) for dim in dims])


def _all_results(operators: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The tensors that operators give, by their numbers."""
    return {
        result["%"]: result
        for operator in operators
        for result in _results(operator)
        if isinstance(result, dict) and "TT" in result
    }


def _steps(operators: list[dict[str, Any]]) -> Iterator[Step]:
    if REDUCTIONS.isdisjoint(map(_kind, operators)):
        return
    tensors = _all_results(operators)
    axes = {
        _results(operator)[0]["%"]: [int(item["D"]) for item in _attribute(operator, "value")]
        for operator in operators
        if _kind(operator) == "full_int_array"
    }
    for operator in operators:
        sources = tuple(item["%"] for item in operator.get("I", ()))
        of_rows = _kind(operator) in REDUCTIONS and reduces_rows(
            axes.get(sources[1], []) if len(sources) > 1 else [],
            len(tensors[sources[0]]["TT"]["D"][1]) if sources[0] in tensors else 0,
            keeps=_attribute(operator, "keepdim") is True,
        )
        results = tuple(item["%"] for item in _results(operator) if isinstance(item, dict))
        yield Step(_kind(operator), sources, results, of_rows)


def _adaptive_pools(operators: list[dict[str, Any]]) -> Iterator[Pool]:
    pools = [item for item in operators if _kind(item) in POOLS and _attribute(item, "adaptive")]
    if not pools:
        return
    results = _all_results(operators)
    for operator in pools:
        # Not the kernel, which may be computed: the output has its size.
        channels_last = _attribute(operator, "data_format") == "NHWC"
        sizes = (
            plane(_shape(result["TT"]["D"][1]), channels_last=channels_last)
            for result in (results[operator["I"][0]["%"]], _results(operator)[0])
        )
        yield Pool(_kind(operator), *sizes)
