"""Single models through create_model."""

from __future__ import annotations

import numpy as np
import pytest
from example_pages import IMAGES, golden_pages, load_bgr

import hpinfer
from hpinfer.errors import (
    ConfigError,
    EngineUnavailableError,
    ModelFormatError,
    ModelNotFoundError,
    UnsupportedError,
)
from hpinfer.hub import resolve


def test_detection_finds_what_the_pipeline_finds(engine):
    model = hpinfer.create_model("PP-OCRv4_mobile_det", engine=engine)
    result = next(model.predict(IMAGES / "receipt.png"))
    expected = golden_pages("v4")["receipt.png"]["dt_polys"]
    found = sorted(polygon.tolist() for polygon in result.dt_polys)
    np.testing.assert_allclose(np.array(found), np.array(sorted(expected)), atol=1, rtol=0)
    assert all(0.6 <= score <= 1 for score in result.dt_scores)
    assert len(next(model.predict(IMAGES / "receipt.png", box_thresh=1.0)).dt_polys) == 0


def test_recognition_reads_lines_in_input_order(engine):
    model = hpinfer.create_model("PP-OCRv4_mobile_rec", engine=engine)
    page = golden_pages("v4")["receipt.png"]
    picture = load_bgr("receipt.png")
    crops = [np.ascontiguousarray(picture[y1:y2, x1:x2]) for x1, y1, x2, y2 in page["rec_boxes"]]
    one_by_one = [result.rec_text for result in model.predict(crops)]
    batched = [result.rec_text for result in model.predict(crops, batch_size=4)]
    assert one_by_one[0] == "The Corner Bakery"
    assert len(batched) == len(crops)
    assert [text.replace(" ", "") for text in batched] == [
        text.replace(" ", "") for text in one_by_one
    ]


def test_classification_names_the_best_classes(engine):
    model = hpinfer.create_model("PP-LCNet_x1_0_doc_ori", engine=engine)
    upside_down = np.ascontiguousarray(load_bgr("receipt.png")[::-1, ::-1])
    upright, turned = model.predict([load_bgr("receipt.png"), upside_down], batch_size=2, topk=2)
    assert upright.label_names[0] == "0"
    assert turned.label_names[0] == "180"
    assert len(upright.class_ids) == len(upright.scores) == 2
    assert upright.scores[0] >= upright.scores[1]


@pytest.mark.network
def test_a_pdmodel_directory_is_read_or_converted(engine):
    files = resolve("PP-OCRv4_mobile_det", formats=("paddle",))
    model = hpinfer.create_model(files.name, model_dir=files.directory, engine=engine)
    found = next(model.predict(IMAGES / "receipt.png")).dt_polys
    assert len(found) == len(golden_pages("v4")["receipt.png"]["dt_polys"])


def test_misuse_is_refused(engine, tmp_path):
    with pytest.raises(ModelNotFoundError, match="PP-OCRv4_mobile_det"):
        hpinfer.create_model("PP-OCRv4_mobile_dat")
    unknown = tmp_path / "unknown"
    unknown.mkdir()
    network = resolve("PP-OCRv4_mobile_det", formats=("onnx",)).onnx
    (unknown / "inference.onnx").write_bytes(network.read_bytes())
    (unknown / "inference.yml").write_text(
        "Global: {model_name: unknown}\nPostProcess: {name: NobodysDecode}\n"
    )
    with pytest.raises(UnsupportedError, match="NobodysDecode"):
        hpinfer.create_model("unknown", model_dir=unknown, engine=engine)
    with pytest.raises(ConfigError, match="engine must be one of"):
        hpinfer.create_model("PP-OCRv4_mobile_det", engine="onnx")
    with pytest.raises(ConfigError, match="batch_size"):
        hpinfer.create_model("PP-OCRv4_mobile_det", engine=engine, batch_size=0)
    with pytest.raises(ConfigError, match="num_threads"):
        hpinfer.create_model("PP-OCRv4_mobile_det", engine=engine, num_thread=1)
    with pytest.raises(ModelNotFoundError):
        hpinfer.create_model("PP-OCRv4_mobile_det", model_dir=tmp_path / "nowhere")


def test_a_dictionary_that_does_not_fit_is_refused(engine, tmp_path):
    files = resolve("PP-OCRv4_mobile_rec", formats=("onnx",))
    (tmp_path / "inference.onnx").write_bytes(files.onnx.read_bytes())
    (tmp_path / "inference.yml").write_text(
        "Global: {model_name: short}\n"
        "PreProcess: {transform_ops: [{RecResizeImg: {image_shape: [3, 48, 320]}}]}\n"
        "PostProcess: {name: CTCLabelDecode, character_dict: [a, b, 3]}\n"
    )
    # A static class count is refused at load, a dynamic one at the first run.
    with pytest.raises(ModelFormatError, match="6625 classes"):
        next(
            hpinfer.create_model("short", model_dir=tmp_path, engine=engine).predict(
                IMAGES / "sign.png"
            )
        )


def test_a_corrupted_network_is_refused(engine, tmp_path):
    files = resolve("PP-OCRv4_mobile_det", formats=("onnx",))
    (tmp_path / "inference.onnx").write_bytes(files.onnx.read_bytes()[:100_000])
    (tmp_path / "inference.yml").write_bytes(files.inference_yml.read_bytes())
    with pytest.raises(ModelFormatError):
        hpinfer.create_model("PP-OCRv4_mobile_det", model_dir=tmp_path, engine=engine)


def test_no_usable_engine_lists_what_was_tried(monkeypatch):
    from hpinfer.hpi import EngineStatus
    from hpinfer.models import loading

    statuses = [
        EngineStatus(name=n, usable=False, reason=f"no {n}") for n in ("onnxruntime", "openvino")
    ]
    monkeypatch.setattr(loading, "engines", lambda: statuses)
    with pytest.raises(
        EngineUnavailableError, match=r"hpinfer\[cpu\].*no openvino.*no onnxruntime"
    ):
        hpinfer.create_model("PP-OCRv4_mobile_det")
