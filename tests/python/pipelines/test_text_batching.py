"""How lines share inputs of the recognition network: what a result depends on, and the option."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from constructed import write_model
from example_pages import IMAGES, golden_pages, load_bgr
from onnx import TensorProto, helper, numpy_helper

import hpinfer
from hpinfer.errors import ConfigError, UnsupportedError

# An engine may add in another order when an input has more rows.
ROUNDING = 1e-4
MODELS = ("PP-OCRv4_mobile_rec", "PP-OCRv6_small_rec")


@pytest.fixture(scope="module")
def crops():
    """The lines of the example pages: one word to a sentence."""
    return [
        np.ascontiguousarray(load_bgr(name)[y1:y2, x1:x2])
        for name, page in golden_pages("v4").items()
        for x1, y1, x2, y2 in page["rec_boxes"]
    ]


def read(model, pictures, **params):
    results = list(model.predict(pictures, **params))
    return [result.rec_text for result in results], [result.rec_score for result in results]


@pytest.mark.parametrize("name", MODELS)
def test_a_line_reads_the_same_in_any_company(engine, crops, name):
    model = hpinfer.create_model(name, engine=engine, num_streams=2)
    texts, scores = read(model, crops)
    for size in (2, 5, len(crops)):
        others, other_scores = read(model, crops, batch_size=size)
        assert others == texts
        np.testing.assert_allclose(other_scores, scores, atol=ROUNDING, rtol=0)
    backwards, _ = read(model, crops[::-1], batch_size=len(crops))
    assert backwards[::-1] == texts


def test_results_are_bit_equal_on_many_threads(engine, crops):
    model = hpinfer.create_model("PP-OCRv4_mobile_rec", engine=engine, num_streams=2)
    expected = read(model, crops, batch_size=len(crops))
    start, found = threading.Barrier(4), []

    def run():
        start.wait()
        found.extend(read(model, crops, batch_size=len(crops)) for _ in range(3))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 12


def test_official_batching_pads_to_320_columns_and_to_batch_mates(engine, crops):
    """Seen in the scores of a short line, which change a little with its padding."""
    short = min(crops, key=lambda crop: crop.shape[1] / crop.shape[0])
    long = max(crops, key=lambda crop: crop.shape[1] / crop.shape[0])
    model = hpinfer.create_model("PP-OCRv4_mobile_rec", engine=engine)
    height, width = short.shape[:2]
    assert 48 * width / height < 200
    _, (alone,) = read(model, short, batching="official")
    _, (beside, _) = read(model, [short, long], batch_size=2, batching="official")
    _, (compact,) = read(model, short, batching="compact")
    _, (default,) = read(model, short)
    assert default == compact
    assert len({alone, beside, compact}) == 3


def test_the_option_is_taken_everywhere(engine):
    page = IMAGES / "receipt.png"
    official = {"SubModules": {"TextRecognition": {"batching": "official"}}}
    by_file = hpinfer.create_pipeline({"pipeline_name": "OCR", **official}, engine=engine)
    pipeline = hpinfer.create_pipeline("OCR", engine=engine)
    wanted = next(by_file.predict(page)).rec_scores
    assert next(pipeline.predict(page, text_rec_batching="official")).rec_scores == wanted
    compact = next(pipeline.predict(page)).rec_scores
    assert compact != wanted
    assert next(by_file.predict(page, text_rec_batching="compact")).rec_scores == compact
    assert next(pipeline.predict(page)).rec_scores == compact
    model = hpinfer.create_model("PP-OCRv4_mobile_rec", engine=engine, batching="official")
    assert model.call_settings({}) == "official"
    assert model.call_settings({"batching": "compact"}) == "compact"


def test_wrong_values_are_refused_at_once(ocr, engine):
    with pytest.raises(ConfigError, match=r"text_rec_batching must be one of .* got 'tight'"):
        ocr.predict(IMAGES / "hello.png", text_rec_batching="tight")
    wrong = {"pipeline_name": "OCR", "SubModules": {"TextRecognition": {"batching": 6}}}
    with pytest.raises(ConfigError, match=r"SubModules\.TextRecognition\.batching"):
        hpinfer.create_pipeline(wrong, engine=engine)
    with pytest.raises(ConfigError, match="batching"):
        hpinfer.create_model("PP-OCRv4_mobile_rec", engine=engine, batching="tight")


@pytest.fixture
def fixed_width(tmp_path):
    """A recogniser whose input is 320 columns wide; it says "b" of every line."""
    steps = np.zeros((1, 40, 4), np.float32)
    steps[0, :, 2] = 1.0
    picture = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 48, 320])
    read = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 40, 4])
    constants = {
        "steps": steps,
        "axes": np.array([1, 2, 3], np.int64),
        "zero": np.float32(0.0),
        "shape": np.array([-1, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Reshape", ["nothing", "shape"], ["each"]),
        helper.make_node("Add", ["each", "steps"], ["y"]),
    ]
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "fixed", [picture], [read], initializers)
    operators = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"RecResizeImg": {"image_shape": [3, 48, 320]}},
    ]
    return write_model(
        tmp_path / "fixed",
        graph,
        {
            "Global": {"model_name": "fixed"},
            "PreProcess": {"transform_ops": operators},
            "PostProcess": {"name": "CTCLabelDecode", "character_dict": ["a", "b"]},
        },
    )


def test_a_network_of_a_fixed_width_reads_official_batches_only(engine, fixed_width):
    model = hpinfer.create_model("fixed", model_dir=fixed_width, engine=engine)
    assert read(model, np.full((20, 60, 3), 200, np.uint8))[0] == ["b"]
    with pytest.raises(UnsupportedError, match="fixed one; leave batching out"):
        model.predict(np.zeros((20, 60, 3), np.uint8), batching="compact")
