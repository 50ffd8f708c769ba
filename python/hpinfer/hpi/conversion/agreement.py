"""Whether two engines gave the same answer, and by how much they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]

#: Largest difference of a float output, relative to its largest magnitude.
TOLERANCE = 1e-3
#: Largest share of differing elements of an integer output (class ids, masks).
ID_TOLERANCE = 1e-3
#: Largest share of a detector's boxes without a partner.
UNMATCHED_BOXES = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """The comparison of all outputs.

    Attributes:
        agrees: Whether every output is within its tolerance.
        summary: The largest differences, or what is different, in words.
    """

    agrees: bool
    summary: str


def compare(
    reference: Sequence[Array], actual: Sequence[Array], *, boxes: bool = False
) -> Agreement:
    """Compare the outputs of a converted model with the reference.

    Args:
        reference: The outputs of the Paddle model.
        actual: Those of its conversion, in the same order.
        boxes: The model is a detector: rows [class, score, x1, y1, x2, y2] may come in another
            order, what belongs to them (masks) with them, and near-equal scores may exchange a box
            for its neighbour.
    """
    if len(reference) != len(actual):
        return Agreement(False, f"{len(actual)} outputs instead of {len(reference)}")
    worst, ids, unmatched = 0.0, 0.0, 0.0
    rows: _Matching | None = None
    for index, (expected, got) in enumerate(zip(reference, actual, strict=True)):
        if boxes and _are_boxes(expected, got):
            rows = _match(expected, got)
            unmatched = max(unmatched, 1.0 - rows.share)
            continue
        if rows is not None and rows.belong(expected, got):
            expected, got = rows.aligned(expected, got)
        if expected.shape != got.shape:
            return Agreement(False, f"output {index} is {got.shape} instead of {expected.shape}")
        if expected.dtype.kind == "f":
            worst = max(worst, _relative_difference(expected, got))
        elif expected.size:
            ids = max(ids, float((expected != got).mean()))
    agrees = worst <= TOLERANCE and ids <= ID_TOLERANCE and unmatched <= UNMATCHED_BOXES
    return Agreement(agrees, _words(worst, ids, unmatched if boxes else None))


def _words(worst: float, ids: float, unmatched: float | None) -> str:
    words = [f"largest relative difference {worst:.1e} (allowed {TOLERANCE:g})"]
    if unmatched is not None:
        words = [f"{unmatched:.0%} of the boxes differ (allowed {UNMATCHED_BOXES:.0%})"]
    if ids:
        words.append(f"{ids:.2%} of the class ids differ (allowed {ID_TOLERANCE:.1%})")
    return ", ".join(words)


def _relative_difference(expected: Array, got: Array) -> float:
    import numpy as np

    if not expected.size:
        return 0.0
    wide, other = expected.astype(np.float64), got.astype(np.float64)
    if not np.array_equal(np.isfinite(wide), np.isfinite(other)):
        return float("inf")
    finite = np.isfinite(wide)
    if not finite.any():
        return 0.0
    scale = max(float(np.abs(wide[finite]).max()), 1e-12)
    return float(np.abs(wide[finite] - other[finite]).max()) / scale


def _are_boxes(expected: Array, got: Array) -> bool:
    return all(array.ndim == 2 and array.shape[1] >= 6 for array in (expected, got))


@dataclass(frozen=True, slots=True)
class _Matching:
    """Boxes of two engines.

    Attributes:
        counts: How many there are on either side.
        share: Share of the rows, of the larger side, that have a partner on the other.
        partners: For each row of the reference the nearest one of the other side, -1 if none.
    """

    counts: tuple[int, int]
    share: float
    partners: npt.NDArray[Any]

    def belong(self, expected: Array, got: Array) -> bool:
        """Whether two outputs have an element for each box: masks, for example."""
        counts = tuple(array.shape[0] if array.ndim > 1 else -1 for array in (expected, got))
        return counts == self.counts

    def aligned(self, expected: Array, got: Array) -> tuple[Array, Array]:
        """The elements of boxes that have a partner, in the same order."""
        matched = self.partners >= 0
        return expected[matched], got[self.partners[matched]]


def _match(expected: Array, got: Array) -> _Matching:
    import numpy as np

    counts = len(expected), len(got)
    if not all(counts):
        share = 1.0 if counts == (0, 0) else 0.0
        return _Matching(counts, share, np.full(len(expected), -1))
    scale = np.maximum(np.abs(expected).max(axis=0), 1e-12)
    distance = np.abs(expected[:, None] - got[None]) / scale
    near = (distance <= TOLERANCE).all(axis=2)
    share = min(float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))
    nearest = distance.sum(axis=2).argmin(axis=1)
    partners = np.where(near[np.arange(len(expected)), nearest], nearest, -1)
    return _Matching(counts, share * min(counts) / max(counts), partners)
