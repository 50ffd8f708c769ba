"""Layout and best classes as PaddleX's operators find them, on whole pictures."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

import hpinfer
from hpinfer import _native

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = json.loads((ROOT / "tests" / "golden" / "layouts.json").read_text("utf-8"))
OURS = (ROOT / "examples" / "images", ROOT / "examples" / "pages", ROOT / "tests" / "golden")
_PIXEL = 1.0
_THRESHOLD = 0.5
#: Scores differ in the fifth decimal between processors; boxes that near to the threshold may go.
_NEAR = 1e-3

HERE = [p for p in GOLDEN["pages"] if any((folder / p["image"]).is_file() for folder in OURS)]
ELSEWHERE = [page for page in GOLDEN["pages"] if page not in HERE]


@pytest.fixture(scope="module")
def pipeline():
    return hpinfer.create_pipeline("object_detection", engine="onnxruntime")


def compare(pipeline, path, page):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == page["sha256"], page["image"]
    (found,) = pipeline.predict(path, threshold=_THRESHOLD)
    rows = np.column_stack([found.class_ids, found.scores, found.coordinates]).reshape(-1, 6)
    expected = np.array(page["boxes"], float).reshape(-1, 6)
    rows, expected = (table[table[:, 1] > _THRESHOLD + _NEAR] for table in (rows, expected))
    assert rows[:, 0].tolist() == expected[:, 0].tolist(), page["image"]
    np.testing.assert_allclose(rows[:, 1], expected[:, 1], rtol=0, atol=_NEAR)
    np.testing.assert_allclose(rows[:, 2:], expected[:, 2:], rtol=0, atol=_PIXEL)
    return len(expected)


def test_the_layout_of_our_own_pictures(pipeline):
    count = 0
    for page in HERE:
        folder = next(folder for folder in OURS if (folder / page["image"]).is_file())
        count += compare(pipeline, folder / page["image"], page)
    assert len(HERE) == 6
    assert count >= 10


def test_the_layout_of_real_pictures(pipeline):
    """Documents, tables, receipts and scenes; their results are kept, they themselves are not."""
    folder = os.environ.get("HPINFER_TEST_IMAGES")
    if not folder:
        pytest.skip("HPINFER_TEST_IMAGES names no directory")
    count = sum(compare(pipeline, Path(folder) / page["image"], page) for page in ELSEWHERE)
    assert len(ELSEWHERE) == 49
    assert count > 100


@pytest.mark.parametrize("case", GOLDEN["classes"], ids=lambda case: str(len(case["scores"])))
def test_the_best_classes(case):
    scores = np.array(case["scores"], np.float32).tolist()
    best = _native.top_classes(scores, case["topk"])
    assert list(best) == case["class_ids"]
    names = [f"class {index}" if index < case["labels"] else str(index) for index in best]
    assert names == case["label_names"]
    rounded = [round(scores[index], 5) for index in best]
    np.testing.assert_allclose(rounded, case["kept"], rtol=0, atol=1e-5)
