"""Post-processing equals what PaddleX's own operators gave for the same arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser

from hpinfer import Session, _native
from hpinfer.config.inference import parse_inference_config
from hpinfer.models.detection_settings import DetectionSettings
from hpinfer.models.transform_detection import segmentation_resize

GOLDEN = json.loads(
    (Path(__file__).resolve().parents[2] / "golden" / "paddlex_detection.json").read_text("utf-8")
)
LABELS = tuple(GOLDEN["labels"])


def numbered(value):
    """JSON's text keys as numbers, lists as tuples."""
    if isinstance(value, dict):
        return {int(key): numbered(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def found_boxes(rows, size, values):
    options = DetectionSettings(labels=LABELS).override(values, where="test").native()
    return _native.refine_detections(np.array(rows, np.float32), tuple(size), options)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["options"]))
def test_boxes(case):
    values = {key: numbered(item) for key, item in case["options"].items() if key != "columns"}
    objects = found_boxes(case["rows"], case["size"], values)
    expected = case["boxes"]
    assert objects.class_ids.tolist() == [box["cls_id"] for box in expected]
    assert objects.scores.tolist() == [box["score"] for box in expected]
    coordinates = [box["coordinate"] for box in expected]
    np.testing.assert_allclose(objects.coordinates.tolist(), coordinates, 1e-6)


@pytest.mark.parametrize("case", GOLDEN["instances"])
def test_instances(case, tmp_path):
    rows, masks = np.array(case["rows"], np.float32), np.array(case["masks"], np.int32)
    count = len(rows)
    width, height = case["size"]
    model = parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17]>
        net (float[1, 3, {height}, {width}] image)
            => (float[{count}, 6] boxes, int32[1] counts, int32[{count}, {height}, {width}] masks)
        {{
            total = ReduceSum <keepdims = 0> (image)
            nothing = Mul(total, zero)
            boxes = Add(rows, nothing)
            counts = Identity(count)
            masks = Identity(cells)
        }}"""
    )
    arrays = {"rows": rows, "cells": masks, "count": np.array([count], np.int32)}
    arrays["zero"] = np.array(0, np.float32)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()
    )
    onnx.save(model, tmp_path / "inference.onnx")
    session = Session(tmp_path / "inference.onnx")
    detector = _native.ObjectDetector(session.native, [{"type": "ToChw"}], None, True)
    options = _native.DetectionOptions(threshold=0.3)
    (found,) = detector.detect([np.zeros((height, width, 3), np.uint8)], 1, options)
    assert found.class_ids.tolist() == [box["cls_id"] for box in case["boxes"]]
    assert [mask.tolist() for mask in found.masks] == case["cut"]


@pytest.mark.parametrize("case", GOLDEN["maps"])
def test_label_maps(case, tmp_path):
    labels, restored = np.array(case["labels"], np.int32), np.array(case["restored"], np.int32)
    _, height, width = restored.shape
    shape = ", ".join(str(side) for side in labels.shape)
    model = parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17]>
        net (float[1, 3, {height}, {width}] x) => (int32[{shape}] y)
        {{
            total = ReduceSum <keepdims = 0> (x)
            nothing = Mul(total, zero)
            integer = Cast <to = 6> (nothing)
            y = Add(cells, integer)
        }}"""
    )
    model.graph.initializer.extend(
        [
            onnx.numpy_helper.from_array(labels, "cells"),
            onnx.numpy_helper.from_array(np.array(0, np.float32), "zero"),
        ]
    )
    onnx.save(model, tmp_path / "inference.onnx")
    session = Session(tmp_path / "inference.onnx")
    segmenter = _native.Segmenter(session.native, [{"type": "ToChw"}])
    (found,) = segmenter.segment([np.zeros((height, width, 3), np.uint8)], 1)
    np.testing.assert_array_equal(found, restored)


@pytest.mark.parametrize("case", GOLDEN["resizes"])
def test_segmentation_resize(case):
    config = parse_inference_config({"Deploy": {"transforms": [{"type": "Normalize"}]}})
    step = segmentation_resize(config, tuple(case["target"]))
    width, height = case["size"]
    placement = _native.TransformPlan([step, {"type": "ToChw"}]).place(height, width)
    assert [placement.out_width, placement.out_height] == case["resized"]
