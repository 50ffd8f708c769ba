"""Whether two engines gave the same answer, and by how much they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.hpi.boxes import UNMATCHED_BOXES, pair_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]

#: Largest difference of a float output, relative to its largest magnitude.
TOLERANCE = 1e-3
#: Largest share of differing elements of an integer output (class ids, masks).
ID_TOLERANCE = 1e-3


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
        boxes: The model is a detector: its boxes are compared as a set (`hpinfer.hpi.boxes`).
    """
    if len(reference) != len(actual):
        return Agreement(False, f"{len(actual)} outputs instead of {len(reference)}")
    worst, ids, unmatched = 0.0, 0.0, 0.0
    pairs = tuple(zip(reference, actual, strict=True))
    if boxes:
        paired = pair_outputs(reference, actual, tolerance=TOLERANCE)
        pairs, unmatched = paired.outputs, paired.unmatched
    for index, (expected, got) in enumerate(pairs):
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
