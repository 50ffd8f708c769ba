"""Pages read several at a time: the same bytes as page by page, and times on every result."""

from __future__ import annotations

import json
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from example_pages import IMAGES

import hpinfer
from hpinfer.io import InputFailure

EXAMPLES = sorted([*IMAGES.glob("*.png"), *(IMAGES.parent / "pages").glob("*.png")])
#: Real pages, where they are.
REAL = os.environ.get("HPINFER_TEST_IMAGES")


def texts(pipeline, inputs, **params):
    """Every result as JSON, and with its boxes."""
    return [
        (
            (item.name, type(item.error).__name__)
            if isinstance(item, InputFailure)
            else (item.name, item.to_json())
        )
        for item in pipeline.predict(inputs, on_error="yield", **params)
    ]


def one_by_one(pipeline, inputs, **params):
    return [text for item in inputs for text in texts(pipeline, item, **params)]


def test_pages_at_once_are_as_page_by_page(ocr, tmp_path, monkeypatch):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno more")
    pages = [page for page in EXAMPLES if page.parent == IMAGES]
    inputs = [*pages, broken, *reversed(pages)]
    expected = one_by_one(ocr, inputs)
    for at_once in ("2", "5"):
        monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", at_once)
        assert texts(ocr, inputs) == expected


@pytest.mark.skipif(not REAL, reason="HPINFER_TEST_IMAGES names no folder")
def test_real_pages_at_once_are_as_page_by_page(ocr, monkeypatch):
    inputs = sorted(path for path in Path(REAL).iterdir() if path.suffix in (".png", ".jpg"))[::8]
    expected = one_by_one(ocr, inputs)
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "4")
    assert texts(ocr, inputs) == expected


def test_many_callers_with_many_pages_each(turning_ocr, monkeypatch):
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "3")
    pages = [page for page in EXAMPLES if page.parent == IMAGES]
    expected = one_by_one(turning_ocr, pages)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: texts(turning_ocr, pages), range(4)):
            assert found == expected


@pytest.mark.parametrize("name", ["image_classification", "object_detection", "layout_parsing"])
def test_the_other_pipelines_too(name, monkeypatch):
    pipeline, pages = hpinfer.create_pipeline(name), EXAMPLES[-3:]
    expected = one_by_one(pipeline, pages)
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "3")
    assert texts(pipeline, pages) == expected


def check_sums(timing, stages):
    parts = [seconds for name, seconds in timing.items() if name in stages]
    assert set(stages) <= set(timing)
    assert all(seconds >= 0 for seconds in timing.values())
    assert 0 < sum(parts) <= timing["total"] * 1.001
    inner = sum(timing.get(f"{name}.network", 0.0) for name in stages)
    assert timing["network"] > 0
    assert inner <= timing["network"] * 1.001


def test_every_stage_of_reading_is_timed(turning_ocr):
    for result in turning_ocr.predict(EXAMPLES[:3]):
        stages = ("decode", "document", "detection", "crops", "orientation", "recognition")
        check_sums(result.timing, stages)
        assert {"detection.network", "recognition.network"} <= set(result.timing)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("image_classification", ("decode", "preprocess", "postprocess")),
        ("object_detection", ("decode", "preprocess", "postprocess")),
        ("doc_preprocessor", ("decode", "orientation")),
        ("table_recognition", ("decode", "layout", "text", "tables")),
        ("layout_parsing", ("decode", "layout", "text")),
        ("seal_recognition", ("decode", "reading")),
    ],
)
def test_every_pipeline_times_its_stages(name, stages):
    for result in hpinfer.create_pipeline(name).predict(EXAMPLES[:2]):
        check_sums(result.timing, stages)


def test_models_time_what_is_around_their_network():
    model = hpinfer.create_model("PP-OCRv4_mobile_det")
    (result,) = model.predict(EXAMPLES[0])
    timing = result.timing
    parts = ("decode", "preprocess", "network", "postprocess")
    assert sum(timing[name] for name in parts) == pytest.approx(timing["total"], rel=0.01)


def test_a_batch_shares_its_times():
    model = hpinfer.create_model("PP-LCNet_x1_0_doc_ori", batch_size=3)
    results = list(model.predict(EXAMPLES[:3]))
    assert len({result.timing["network"] for result in results}) == 1


def test_json_has_times_only_when_asked(ocr):
    (result,) = ocr.predict(EXAMPLES[0])
    assert "timing" not in json.loads(result.to_json())
    assert json.loads(result.to_json(timing=True))["timing"] == dict(result.timing)
    assert pickle.loads(pickle.dumps(result)).timing == dict(result.timing)
