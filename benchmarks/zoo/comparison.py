"""How far an engine's answers are from the reference's, by what the answers mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

#: Largest difference of values, as a share of the largest magnitude, that still is the same answer.
VALUE_LIMIT = 1e-3
#: Largest share of differing classes, boxes or tokens that still is: networks with random weights
#: have many nearly equal scores, whose order depends on the last bit.
SHARE_LIMIT = 0.01
_BOX_PIXELS = 0.5
_BOX_SCORE = 1e-3
_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Difference:
    """One comparison.

    Attributes:
        amount: Largest difference relative to the reference's largest magnitude, or the share of
            differing classes, boxes or tokens.
        unit: ``"relative"`` or ``"share"``.
        agrees: Whether it is within the limit.
        detail: What else is to be said.
    """

    amount: float
    unit: str
    agrees: bool
    detail: str = ""


def compare(
    kind: str, reference: Sequence[npt.NDArray[Any]], answer: Sequence[npt.NDArray[Any]]
) -> Difference:
    """Compare all outputs of a network.

    Args:
        kind: ``compare`` of the network.
        reference: Outputs of the reference.
        answer: Outputs of the engine.
    """
    if len(reference) != len(answer):
        return _unlike(f"{len(answer)} outputs instead of {len(reference)}")
    if kind == "boxes":
        return _boxes(reference, answer)
    worst = Difference(0.0, "relative", agrees=True)
    for expected, got in zip(reference, answer, strict=True):
        if expected.shape != got.shape:
            return _unlike(f"shape {got.shape} instead of {expected.shape}")
        one = _values(expected, got) if expected.dtype.kind == "f" else _shares(expected, got)
        if (one.agrees, -one.amount) < (worst.agrees, -worst.amount):
            worst = one
    return worst


def _unlike(detail: str) -> Difference:
    return Difference(float("inf"), "share", agrees=False, detail=detail)


def _values(expected: npt.NDArray[Any], got: npt.NDArray[Any]) -> Difference:
    if expected.size == 0:
        return Difference(0.0, "relative", agrees=True, detail="empty")
    if not np.isfinite(got).all():
        same = bool((np.isfinite(expected) == np.isfinite(got)).all())
        return Difference(float("inf"), "relative", agrees=same, detail="not finite")
    scale = float(np.abs(expected).max()) or 1.0
    amount = float(np.abs(expected.astype(np.float64) - got).max()) / scale
    return Difference(amount, "relative", agrees=amount <= VALUE_LIMIT)


def _shares(expected: npt.NDArray[Any], got: npt.NDArray[Any]) -> Difference:
    amount = float((expected != got).mean()) if expected.size else 0.0
    return Difference(amount, "share", agrees=amount <= SHARE_LIMIT)


def _boxes(reference: Sequence[npt.NDArray[Any]], answer: Sequence[npt.NDArray[Any]]) -> Difference:
    """Share of the reference's boxes without a partner; boxes at the cut-off may differ."""
    expected, got = reference[0], answer[0]
    if expected.ndim != 2 or got.ndim != 2 or expected.shape[1] != got.shape[1]:
        return _unlike(f"shape {got.shape} instead of {expected.shape}")
    if len(expected) == 0:
        return Difference(float(len(got)), "share", agrees=len(got) == 0, detail="no boxes")
    firm = expected[:, 1] > expected[:, 1].min() + _EDGE
    used = np.zeros(len(got), bool)
    pairs = np.full(len(expected), -1)
    for index, row in enumerate(expected):
        fits = (
            (got[:, 0] == row[0])
            & (np.abs(got[:, 1] - row[1]) <= _BOX_SCORE)
            & (np.abs(got[:, 2:6] - row[2:6]).max(axis=1) <= _BOX_PIXELS)
            & ~used
        )
        partner = int(np.argmax(fits)) if fits.any() else -1
        pairs[index] = partner
        if partner >= 0:
            used[partner] = True
    amount = float((pairs[firm] < 0).mean()) if firm.any() else 0.0
    detail = f"{len(got)} boxes, reference {len(expected)}"
    agrees = amount <= SHARE_LIMIT
    if len(reference) > 2 and agrees:
        both = (pairs >= 0) & firm
        masks = _shares(reference[2][both], answer[2][pairs[both]])
        return Difference(max(amount, masks.amount), "share", masks.agrees, detail)
    return Difference(amount, "share", agrees, detail)
