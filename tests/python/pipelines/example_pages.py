"""The example pictures, what PaddleX says of them, and the engines to test."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "examples" / "images"
GOLDEN = ROOT / "tests" / "golden"
#: Every engine that is installed; a test run without one is a failure, not a skip.
ENGINES = [name for name in ("onnxruntime", "openvino") if importlib.util.find_spec(name)]
assert ENGINES, "the pipeline tests need an engine: pip install 'hpinfer[cpu]'"

#: Pipelines that read as PaddleX reads.
FAMILIES = {
    "v4": {
        "pipeline_name": "OCR",
        "SubModules": {"TextRecognition": {"batching": "official"}},
    },
    "v6": {
        "pipeline_name": "OCR",
        "SubModules": {
            "TextDetection": {"model_name": "PP-OCRv6_small_det"},
            "TextRecognition": {"model_name": "PP-OCRv6_small_rec", "batching": "official"},
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
