"""Real models on the example pictures, with every engine that is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hpinfer

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "examples" / "images"
GOLDEN = ROOT / "tests" / "golden"
ENGINES = [name for name in ("onnxruntime", "openvino") if importlib.util.find_spec(name)]
assert ENGINES, "the pipeline tests need an engine: pip install 'hpinfer[cpu]'"

FAMILIES = {
    "v4": {"pipeline_name": "OCR"},
    "v6": {
        "pipeline_name": "OCR",
        "SubModules": {
            "TextDetection": {"model_name": "PP-OCRv6_small_det"},
            "TextRecognition": {"model_name": "PP-OCRv6_small_rec"},
        },
    },
}


def golden_pages(family):
    """What PaddleX says of each example picture, by file name."""
    data = json.loads((GOLDEN / f"paddlex_ocr_{family}.json").read_text(encoding="utf-8"))
    return {page["image"]: page for page in data["images"]}


def load_bgr(name):
    """An example picture as a BGR array."""
    with Image.open(IMAGES / name) as picture:
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def summary(result):
    """Everything a result says, in a form that compares bit for bit."""
    return (
        list(result.rec_texts),
        [float(score) for score in result.rec_scores],
        [polygon.tolist() for polygon in result.dt_polys],
        np.asarray(result.rec_boxes).tolist(),
    )


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture(scope="session")
def ocr(engine):
    return hpinfer.create_pipeline("OCR", engine=engine)


@pytest.fixture(scope="session")
def turning_ocr(engine):
    """With page and line orientation."""
    config = {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": True,
        "use_textline_orientation": True,
    }
    return hpinfer.create_pipeline(config, engine=engine)
