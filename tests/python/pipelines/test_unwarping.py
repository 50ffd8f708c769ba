"""Document unwarping on networks of UVDoc's contract whose right answer is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from constructed import unwarping_network, write_model
from onnx import helper, numpy_helper

import hpinfer
from hpinfer.errors import EngineError, ModelFormatError
from hpinfer.models import DocumentUnwarping

UVDOC = {"Global": {"model_name": "UVDoc"}}


def make_model(directory, nodes, initializers, engine):
    write_model(directory, unwarping_network(nodes, initializers), UVDOC)
    return hpinfer.create_model("UVDoc", model_dir=directory, engine=engine)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def reference(flat):
    """PaddleX's post-processing of float32 [1, 3, H, W]."""
    return (flat[0].transpose(1, 2, 0) * np.float32(255))[:, :, ::-1].astype(np.uint8)


def normalized(image):
    """PaddleX's pre-processing of a BGR picture."""
    return np.ascontiguousarray(
        (image.astype(np.float32) * np.float32(1 / 255)).transpose(2, 0, 1)[None]
    )


def test_identity_truncates_as_paddlex(tmp_path, engine):
    identity = [helper.make_node("Identity", ["image"], ["flat"])]
    model = make_model(tmp_path / "m", identity, [], engine)
    assert isinstance(model, DocumentUnwarping)
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    for image in (levels, picture(37, 51), picture(1, 1), picture(300, 400)):
        result = next(model.predict(image))
        np.testing.assert_array_equal(result.doctr_img, reference(normalized(image)))
        assert np.abs(result["doctr_img"][:, :, ::-1].astype(int) - image).max() <= 1


def test_scaled_values_are_truncated_then_clipped(tmp_path, engine):
    scale = numpy_helper.from_array(np.array([1.7], np.float32), "scale")
    shift = numpy_helper.from_array(np.array([-0.2], np.float32), "shift")
    nodes = [
        helper.make_node("Mul", ["image", "scale"], ["larger"]),
        helper.make_node("Add", ["larger", "shift"], ["flat"]),
    ]
    model = make_model(tmp_path / "m", nodes, [scale, shift], engine)
    image = picture(40, 30)
    flat = normalized(image) * np.float32(1.7) + np.float32(-0.2)
    expected = reference(np.clip(flat, 0, 1))
    found = next(model.predict(image)).doctr_img
    assert np.abs(found.astype(int) - expected).max() <= 1  # an engine may fuse the two steps
    assert (found == expected).mean() > 0.99
    assert (found == 0).any()
    assert (found == 255).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_an_error(tmp_path, engine, value):
    constant = numpy_helper.from_array(np.full((1, 3, 4, 5), value, np.float32), "flat_value")
    # The shape of the input keeps the engine from answering without it.
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
        helper.make_node("Abs", ["most"], ["size"]),
        helper.make_node("Add", ["flat_value", "size"], ["flat"]),
    ]
    model = make_model(tmp_path / "m", nodes, [constant], engine)
    with pytest.raises(EngineError, match="numbers that are none"):
        next(model.predict(picture(8, 8)))


def test_a_warping_network_moves_pixels(tmp_path, engine):
    """GridSample with a mirrored grid: the last layer of UVDoc."""
    height, width = 24, 32
    x = np.linspace(1, -1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)
    grid = np.stack(np.meshgrid(x, y), axis=-1)[None]
    nodes = [
        helper.make_node(
            "GridSample", ["image", "grid"], ["flat"], mode="bilinear", align_corners=1
        )
    ]
    model = make_model(tmp_path / "m", nodes, [numpy_helper.from_array(grid, "grid")], engine)
    image = picture(height, width)
    found = next(model.predict(image)).doctr_img
    expected = reference(np.ascontiguousarray(normalized(image)[:, :, :, ::-1]))
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_pages_of_mixed_sizes_and_threads(tmp_path, engine):
    model = make_model(
        tmp_path / "m", [helper.make_node("Identity", ["image"], ["flat"])], [], engine
    )
    pages = [picture(20 + 7 * i, 90 - 9 * i, seed=i) for i in range(6)]
    expected = [reference(normalized(page)) for page in pages]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: list(model.predict(pages, batch_size=4)), range(4)))
    for run in runs:
        for result, flat in zip(run, expected, strict=True):
            np.testing.assert_array_equal(result.doctr_img, flat)


def test_result_is_written_as_paddlex_writes_it(tmp_path, engine):
    model = make_model(
        tmp_path / "m", [helper.make_node("Identity", ["image"], ["flat"])], [], engine
    )
    result = next(model.predict(picture(6, 5)))
    assert list(result.keys()) == ["input_path", "page_index", "input_img", "doctr_img"]
    assert result.str["res"] == {"input_path": None, "page_index": None, "doctr_img": "..."}
    assert result.json["res"]["doctr_img"] == result.doctr_img.tolist()
    np.testing.assert_array_equal(np.asarray(result.img["res"]), result.doctr_img)
    (path,) = result.save_to_img(tmp_path)
    assert path.name.endswith("_res.png")


def test_a_network_of_another_form_is_refused(tmp_path, engine):
    axes = numpy_helper.from_array(np.array([1], np.int64), "axes")
    nodes = [helper.make_node("Squeeze", ["gray", "axes"], ["flat"]),
             helper.make_node("ReduceMean", ["image"], ["gray"], axes=[1])][::-1]  # fmt: skip
    graph = unwarping_network(nodes, [axes])
    graph.output[0].type.tensor_type.shape.Clear()
    for size in ("n", "h", "w"):
        graph.output[0].type.tensor_type.shape.dim.add().dim_param = size
    write_model(tmp_path / "m", graph, UVDOC)
    model = hpinfer.create_model("UVDoc", model_dir=tmp_path / "m", engine=engine)
    with pytest.raises(ModelFormatError, match=r"gives \[1,3,H,W\]"):
        next(model.predict(picture(8, 8)))
