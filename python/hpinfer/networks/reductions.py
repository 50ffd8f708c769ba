"""Finds reductions of a picture's rows whose results are multiplied as matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

#: Names of both formats.
REDUCTIONS = frozenset(
    {
        *("mean", "sum", "max", "min", "amax", "amin"),
        *("reduce_mean", "reduce_sum", "reduce_max", "reduce_min"),
    }
)
_PRODUCTS = frozenset({"matmul", "matmul_v2"})
#: What leaves numbers in the memory order that they have.
_PASSING = frozenset(
    {
        *("add", "subtract", "multiply", "divide", "scale", "scale_", "cast", "transpose"),
        *("elementwise_add", "elementwise_sub", "elementwise_mul", "elementwise_div"),
        *("transpose2", "relu", "relu_", "relu6", "sigmoid", "tanh", "hardswish", "hard_swish"),
    }
)
_PICTURE_AXES = 4


@dataclass(frozen=True, slots=True)
class Step:
    """An operator as far as this matters.

    Attributes:
        kind: Its type.
        sources: The values that it takes.
        results: Those that it gives.
        reduces_rows: Whether it reduces the last axis of [N, C, H, W], which then is gone.
    """

    kind: str
    sources: tuple[Hashable, ...]
    results: tuple[Hashable, ...]
    reduces_rows: bool = False


def reduces_rows(axes: Sequence[int], rank: int, *, keeps: bool) -> bool:
    """Whether a reduction is of the last axis of a picture alone, and the axis goes."""
    return not keeps and rank == _PICTURE_AXES and list(axes) in ([-1], [_PICTURE_AXES - 1])


def multiplies_reduced_rows(steps: Iterable[Step]) -> bool:
    """Whether reduced rows reach a matrix product with nothing between that reorders them.

    Args:
        steps: In the order in which they run.
    """
    reduced: set[Hashable] = set()
    for step in steps:
        touched = not reduced.isdisjoint(step.sources)
        if touched and step.kind in _PRODUCTS:
            return True
        if step.reduces_rows or (touched and step.kind in _PASSING):
            reduced.update(step.results)
    return False
