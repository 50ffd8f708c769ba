"""The published PP-OCRv4 models in Paddle's format: the same text as ONNX Runtime reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpinfer
from hpinfer import hub

IMAGES = sorted((Path(__file__).resolve().parents[3] / "examples" / "images").glob("*.png"))
MODELS = {
    "TextDetection": "PP-OCRv4_mobile_det",
    "TextLineOrientation": "ch_ppocr_mobile_v2.0_cls",
    "TextRecognition": "PP-OCRv4_mobile_rec",
}


def pipeline(engine: str, model_format: str) -> Any:
    modules = {
        module: {
            "model_name": name,
            "model_dir": str(hub.resolve(name, formats=(model_format,)).directory),
        }
        for module, name in MODELS.items()
    }
    config = {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": False,
        "use_textline_orientation": True,
        "SubModules": modules,
    }
    return hpinfer.create_pipeline(config, engine=engine)


@pytest.mark.network
def test_the_ocr_pipeline_reads_the_same_text() -> None:
    reference, paddle = pipeline("onnxruntime", "onnx"), pipeline("paddle", "paddle")
    assert IMAGES
    for path in IMAGES:
        (want,) = reference.predict(str(path))
        (got,) = paddle.predict(str(path))
        assert got.json["res"]["rec_texts"] == want.json["res"]["rec_texts"]
        assert got.json["res"]["rec_texts"]


@pytest.mark.network
@pytest.mark.parametrize("name", sorted(MODELS.values()))
@pytest.mark.parametrize("mode", ["mkldnn", "paddle"])
def test_numbers_are_those_of_onnx_runtime(name: str, mode: str) -> None:
    files = {kind: hub.resolve(name, formats=(kind,)) for kind in ("onnx", "paddle")}
    height = 320 if name.endswith("det") else 48
    x = np.random.default_rng(0).random((2, 3, height, 320), np.float32)
    onnx, pdmodel = files["onnx"].onnx, files["paddle"].pdmodel
    assert onnx is not None
    assert pdmodel is not None
    (want,) = hpinfer.Session(onnx, num_threads=2).run([x])
    options = {"run_mode": mode}
    made = hpinfer.Session(pdmodel, engine="paddle", num_threads=2, engine_config=options)
    (got,) = made.run([x])
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    assert made.notes == ()
