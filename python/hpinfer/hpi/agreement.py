"""Whether two engines say the same of one input, judged as the model's family uses its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.hpi.boxes import UNMATCHED_BOXES, pair_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.hpi.family import Family

    Outputs = Sequence[npt.NDArray[Any]]

#: Full precision on two engines: differences relative to the largest value of the reference. Real
#: networks agree to 2e-4 or better; what is off by more computes something else.
_FULL_RELATIVE = 2e-3

# Lower precision, as differences that the family's results can bear:
#: Text recognition: of the probability of the character that a step reads. One that moves by more
#: on clean print changes doubtful characters: bf16 moves those of PP-OCRv4 mobile by 0.22, and
#: reads 11 % of the lines of 49 pictures otherwise; PP-OCRv6 small by 0.02, and 5 %.
_STEP_PROBABILITY = 0.1
#: Classification: of a probability.
_PROBABILITY = 0.05
#: Text detection: mean difference of the map, and share of pixels that change sides.
_MAP_MEAN = 0.005
_MAP_FLIPPED = 0.002
_MAP_THRESHOLD = 0.3
#: Any other family, relative as above; of boxes, the distance of partners.
_REDUCED_RELATIVE = 2e-2

_DETECTORS = ("detection", "detr")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two sets of outputs compare.

    Attributes:
        close: Whether they are the same for the family's purposes.
        comparable: False if they cannot be compared number by number, e.g. differing box counts.
        detail: The figures, in words.
    """

    close: bool
    comparable: bool
    detail: str


def compare(family: Family, reference: Outputs, got: Outputs, *, reduced: bool) -> Agreement:
    """Compares outputs.

    Args:
        family: What the model does.
        reference: Outputs of the trusted candidate.
        got: Outputs of the other, of the same input.
        reduced: Whether the other computes in a lower precision, which may differ more but must
            lead to the same result.
    """
    if family in _DETECTORS and len(reference) == len(got):
        return _same_boxes(reference, got, _REDUCED_RELATIVE if reduced else _FULL_RELATIVE)
    return _compare(family, reference, got, reduced=reduced)


def _compare(family: Family, reference: Outputs, got: Outputs, *, reduced: bool) -> Agreement:
    import numpy as np

    if [item.shape for item in reference] != [item.shape for item in got]:
        return Agreement(False, False, "the outputs have other shapes")
    if not all(np.isfinite(item).all() for item in got if item.dtype.kind == "f"):
        return Agreement(False, True, "an output is not finite")
    if not reduced:
        return _relative(reference, got, _FULL_RELATIVE)
    if family == "text_recognition":
        return _same_path(reference, got)
    if family == "classification":
        return _same_class(reference[0], got[0])
    if family == "text_detection":
        return _same_map(reference[0], got[0])
    return _relative(reference, got, _REDUCED_RELATIVE)


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """The least favourable of several comparisons."""
    return min(agreements, key=lambda item: (item.comparable, item.close))


def _same_boxes(reference: Outputs, got: Outputs, bound: float) -> Agreement:
    """Detection: the same boxes in any order, and what belongs to them; raw heads as numbers."""
    paired = pair_outputs(reference, got, tolerance=bound)
    if len(paired.outputs) == len(reference):
        return _compare("unknown", reference, got, reduced=bound > _FULL_RELATIVE)
    masks = [_share_of_differences(a, b) for a, b in paired.outputs if a.ndim > 1]
    found = {"boxes without a partner, by score": paired.unmatched, "masks": max(masks, default=0)}
    close = paired.unmatched <= UNMATCHED_BOXES and found["masks"] <= bound
    detail = ", ".join(f"{what}: {share:.1%}" for what, share in found.items() if share or close)
    return Agreement(close, True, detail)


def _share_of_differences(expected: npt.NDArray[Any], got: npt.NDArray[Any]) -> float:
    if expected.shape != got.shape:
        return 1.0
    return float((expected != got).mean()) if expected.size else 0.0


def _relative(reference: Outputs, got: Outputs, bound: float) -> Agreement:
    differences = [
        _relative_difference(expected, actual)
        for expected, actual in zip(reference, got, strict=True)
        if expected.dtype.kind == "f"
    ]
    if not differences:
        same = all((a == b).all() for a, b in zip(reference, got, strict=True))
        return Agreement(same, True, "equal" if same else "integer outputs differ")
    largest = max(differences)
    return Agreement(largest <= bound, True, f"outputs differ by {largest:.1e} of their range")


def _relative_difference(expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> float:
    import numpy as np

    if expected.size == 0:
        return 0.0
    scale = float(np.abs(expected).max()) or 1.0
    return float(np.abs(expected - actual).max()) / scale


def _same_path(reference: Outputs, got: Outputs) -> Agreement:
    """CTC: the texts are equal exactly if the best class of every step is."""
    import numpy as np

    expected, actual = reference[0].argmax(axis=-1), got[0].argmax(axis=-1)
    other = int((expected != actual).sum())
    before, after = (
        np.take_along_axis(item, expected[..., None], axis=-1) for item in (reference[0], got[0])
    )
    scale = max(1.0, float(np.abs(reference[0]).max(initial=0.0)))  # of a network without softmax
    moved = float(np.abs(before - after).max(initial=0.0)) / scale
    detail = f"{other} of {expected.size} steps read another character, scores within {moved:.1e}"
    return Agreement(other == 0 and moved <= _STEP_PROBABILITY, True, detail)


def _same_class(reference: npt.NDArray[np.float32], got: npt.NDArray[np.float32]) -> Agreement:
    import numpy as np

    same = bool((reference.argmax(axis=-1) == got.argmax(axis=-1)).all())
    difference = float(np.abs(reference - got).max())
    detail = f"{'the same' if same else 'another'} best class, scores within {difference:.1e}"
    return Agreement(same and difference <= _PROBABILITY, True, detail)


def _same_map(reference: npt.NDArray[np.float32], got: npt.NDArray[np.float32]) -> Agreement:
    import numpy as np

    mean = float(np.abs(reference - got).mean())
    flipped = float(((reference > _MAP_THRESHOLD) != (got > _MAP_THRESHOLD)).mean())
    detail = f"map differs by {mean:.1e} on average, {flipped:.2%} of the pixels change sides"
    return Agreement(mean <= _MAP_MEAN and flipped <= _MAP_FLIPPED, True, detail)
