"""Boxes of two engines compared as sets: near-equal scores change their order, not the answer.

A detector gives rows [class, score, x1, y1, x2, y2, …], best score first. Where two scores are
nearly equal, another engine or precision may exchange them, and at the end of the list take a
neighbour; what belongs to the boxes (masks) moves with them. So each box is paired with the nearest
one of its class on the other side, and what is left alone counts by its score: boxes of low score,
which no user sees, decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]

#: Largest share of the scores that boxes without a partner may have on either side.
UNMATCHED_BOXES = 0.1

_COLUMNS = 6
_CLASS, _SCORE = 0, 1


@dataclass(frozen=True, slots=True)
class PairedOutputs:
    """Outputs that can be compared number by number.

    Attributes:
        outputs: Reference and other, in graph order, without the rows of boxes: those are compared
            here. What belongs to boxes is of the paired ones only, in one order.
        unmatched: Share of the scores, on the worse side, of boxes without a partner.
    """

    outputs: tuple[tuple[Array, Array], ...]
    unmatched: float


def pair_outputs(
    reference: Sequence[Array], other: Sequence[Array], *, tolerance: float
) -> PairedOutputs:
    """Pairs the boxes among the outputs of a detector.

    Args:
        reference: Outputs of the trusted engine.
        other: As many outputs of the other one.
        tolerance: How far partners may be from each other, in scores relative to the best score
            and in places relative to the largest coordinate.
    """
    outputs: list[tuple[Array, Array]] = []
    rows: _Rows | None = None
    unmatched = 0.0
    for expected, got in zip(reference, other, strict=True):
        if _are_boxes(expected, got):
            rows = _pair(expected, got, tolerance)
            unmatched = max(unmatched, rows.unmatched)
        elif rows is not None and rows.belong(expected, got):
            outputs.append(rows.aligned(expected, got))
        else:
            outputs.append((expected, got))
    return PairedOutputs(tuple(outputs), unmatched)


def _are_boxes(expected: Array, got: Array) -> bool:
    return all(
        array.ndim == 2 and array.shape[1] >= _COLUMNS and array.dtype.kind == "f"
        for array in (expected, got)
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Boxes of two engines.

    Attributes:
        counts: How many there are on either side.
        partners: For each row of the reference that of the other side, -1 if it has none.
        unmatched: Share of the scores without a partner, on the worse side.
    """

    counts: tuple[int, int]
    partners: npt.NDArray[Any]
    unmatched: float

    def belong(self, expected: Array, got: Array) -> bool:
        """Whether two outputs have an element for each box: masks, for example."""
        counts = tuple(array.shape[0] if array.ndim > 1 else -1 for array in (expected, got))
        return counts == self.counts

    def aligned(self, expected: Array, got: Array) -> tuple[Array, Array]:
        """The elements of boxes that have a partner, in the same order."""
        matched = self.partners >= 0
        return expected[matched], got[self.partners[matched]]


def _pair(expected: Array, got: Array, tolerance: float) -> _Rows:
    import numpy as np

    partners = np.full(len(expected), -1)
    if len(expected) and len(got):
        distance = _distances(expected, got)
        near = (distance <= tolerance).all(axis=2)
        cost = np.where(near, distance.sum(axis=2), np.inf)
        for row in np.argsort(-expected[:, _SCORE], kind="stable"):
            nearest = int(cost[row].argmin())
            if np.isfinite(cost[row, nearest]):
                partners[row] = nearest
                cost[:, nearest] = np.inf  # each box has one partner
    taken = np.zeros(len(got), bool)
    taken[partners[partners >= 0]] = True
    unmatched = max(_share_alone(expected, partners >= 0), _share_alone(got, taken))
    return _Rows((len(expected), len(got)), partners, unmatched)


def _distances(expected: Array, got: Array) -> Array:
    """[rows, rows, columns]; another class is infinitely far."""
    import numpy as np

    scale = np.maximum(np.abs(expected).max(axis=0), 1e-12)
    # One scale for all places: a column of left edges at 0 has none of its own.
    scale[_SCORE + 1 : _COLUMNS] = scale[_SCORE + 1 : _COLUMNS].max()
    with np.errstate(invalid="ignore"):  # of two infinite places
        distance = np.abs(expected[:, None] - got[None]) / scale
    distance[:, :, _CLASS] = np.where(
        expected[:, None, _CLASS] == got[None, :, _CLASS], 0.0, np.inf
    )
    return np.where(np.isnan(distance), np.inf, distance)


def _share_alone(boxes: Array, matched: npt.NDArray[Any]) -> float:
    import numpy as np

    if matched.all():
        return 0.0
    scores = np.nan_to_num(np.maximum(boxes[:, _SCORE], 0), posinf=0.0)
    if not scores.any():
        scores = np.ones(len(boxes))
    return float(scores[~matched].sum() / scores.sum())
