"""What the check of a conversion makes of two engines' answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hpinfer.hpi.conversion import ConversionRoute, verification
from hpinfer.hpi.conversion.converters import Converter
from hpinfer.hpi.conversion.failure import ConversionFailure
from hpinfer.networks import Program, TensorFact

RANDOM = np.random.default_rng(3)
PICTURE = TensorFact("image", "float32", (None, 3, 64, 64))
DETECTOR = (
    TensorFact("im_shape", "float32", (None, 2)),
    PICTURE,
    TensorFact("scale_factor", "float32", (None, 2)),
)
BOXES = np.concatenate(
    [RANDOM.integers(0, 3, (20, 1)), RANDOM.random((20, 5)) * [1, 64, 64, 64, 64]], axis=1
).astype(np.float32)
MASKS = RANDOM.integers(0, 2, (20, 8, 8)).astype(np.int32)
COUNT = np.array([20], np.int32)
ORDER = RANDOM.permutation(20)


def verdict(
    monkeypatch: pytest.MonkeyPatch,
    expected: list[np.ndarray],
    actual: list[np.ndarray],
    *,
    inputs: tuple[TensorFact, ...] = DETECTOR,
    operators: frozenset[str] = frozenset({"conv2d"}),
) -> verification.Verdict:
    """The verdict on a network that answers `expected` in Paddle and `actual` when converted."""
    answers = {"paddle": expected, "onnxruntime": actual}
    monkeypatch.setattr(verification, "is_installed", lambda _: True)
    monkeypatch.setattr(verification, "reference_engine", lambda _: "paddle")
    monkeypatch.setattr(
        verification, "_run", lambda engine, *_: verification._Run(answers[engine], "1.0")
    )
    outline = Program("pdmodel", operators, inputs)
    found = ConversionRoute(
        "pdmodel", Path("m"), Path("p"), outline, Converter("1", "installed", None)
    )
    return verification.verify(Path("onnx"), found, {}, timeout_s=1)


def test_boxes_that_change_places_are_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdict(monkeypatch, [BOXES, COUNT, MASKS], [BOXES[ORDER], COUNT, MASKS[ORDER]])
    assert found.agrees
    assert not found.warnings


def test_masks_belong_to_their_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConversionFailure, match="class ids differ"):
        verdict(monkeypatch, [BOXES, COUNT, MASKS], [BOXES[ORDER], COUNT, MASKS])


def test_other_boxes_are_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = BOXES + np.array([0, 0, 5, 0, 0, 0], np.float32)
    with pytest.raises(ConversionFailure, match="100% of the boxes differ"):
        verdict(monkeypatch, [BOXES], [moved])


@pytest.mark.parametrize("operator", ["multiclass_nms3", "grid_sampler"])
def test_operators_that_excuse_a_difference(operator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = BOXES + np.array([0, 0, 5, 0, 0, 0], np.float32)
    found = verdict(monkeypatch, [BOXES], [moved], operators=frozenset({operator}))
    assert not found.agrees
    assert "which may mean nothing" in found.warnings[0]


def test_rows_of_other_networks_stay_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConversionFailure, match="largest relative difference"):
        verdict(monkeypatch, [BOXES], [BOXES[ORDER]], inputs=(PICTURE,))
