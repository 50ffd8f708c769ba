"""Inputs, parameters, orientation, threads: what a user relies on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from example_pages import IMAGES, golden_pages, load_bgr, summary
from PIL import Image

import hpinfer
from hpinfer.errors import ConfigError, InvalidImageError, UnsupportedError
from hpinfer.io import InputFailure

PAGES = ("hello.png", "receipt.png", "sign.png")


def test_every_form_of_input_gives_the_same_text(ocr):
    path = IMAGES / "hello.png"
    forms = [str(path), path, path.read_bytes(), load_bgr("hello.png"), Image.open(path)]
    results = [summary(result) for result in ocr.predict(form for form in forms)]
    assert len(results) == len(forms)
    assert all(result == results[0] for result in results)


def test_a_pdf_gives_one_result_a_page(ocr, tmp_path):
    pages = [Image.open(IMAGES / name).convert("RGB") for name in PAGES]
    document = tmp_path / "pages.pdf"
    pages[0].save(document, save_all=True, append_images=pages[1:], resolution=144)
    results = list(ocr.predict(document))
    assert [result.page_index for result in results] == [0, 1, 2]
    assert "Hello from hpinfer" in results[0].rec_texts
    assert "PLATFORM" in results[2].rec_texts


def test_prediction_is_lazy(ocr):
    def inputs():
        yield IMAGES / "sign.png"
        raise AssertionError("read ahead of the consumer")

    assert "PLATFORM" in next(ocr.predict(inputs())).rec_texts


def test_a_bad_input_among_many_is_reported_in_its_place(ocr, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    items = list(ocr.predict([IMAGES / "sign.png", bad, IMAGES / "hello.png"], on_error="yield"))
    assert [type(item).__name__ for item in items] == ["OCRResult", "InputFailure", "OCRResult"]
    assert isinstance(items[1], InputFailure)
    assert str(bad) in str(items[1].error)
    with pytest.raises(InvalidImageError, match=r"bad\.png"):
        list(ocr.predict([bad]))


def test_blank_and_tiny_pictures_give_no_lines(ocr):
    pictures = [np.full((h, w, 3), 255, np.uint8) for h, w in ((1, 1), (1, 300), (40, 3), (64, 64))]
    assert [len(result) for result in ocr.predict(pictures)] == [0, 0, 0, 0]


def test_results_do_not_depend_on_threads_or_neighbours(ocr):
    pictures = [load_bgr(name) for name in PAGES]
    expected = [summary(result) for result in ocr.predict(pictures)]
    start = threading.Barrier(6)

    def read(offset):
        start.wait()
        order = [(offset + i) % len(pictures) for i in range(2 * len(pictures))]
        return order, [summary(next(ocr.predict(pictures[i]))) for i in order]

    with ThreadPoolExecutor(6) as pool:
        for order, results in pool.map(read, range(6)):
            assert results == [expected[i] for i in order]


def test_the_picture_is_not_changed_and_strides_do_not_matter(ocr):
    picture = load_bgr("hello.png")
    before = picture.copy()
    wide = np.zeros((picture.shape[0], picture.shape[1] + 7, 3), np.uint8)
    wide[:, 7:] = picture
    plain, strided = (summary(result) for result in ocr.predict([picture, wide[:, 7:]]))
    np.testing.assert_array_equal(picture, before)
    assert plain == strided


def test_parameters_hold_for_one_call_only(ocr):
    picture = load_bgr("receipt.png")
    before = summary(next(ocr.predict(picture)))
    strict = next(ocr.predict(picture, text_rec_score_thresh=1.0))
    assert strict.rec_texts == []
    assert len(strict.dt_polys) == len(before[2])
    small = next(ocr.predict(picture, text_det_limit_side_len=128, text_det_limit_type="max"))
    assert small.text_det_params["limit_side_len"] == 128
    assert summary(small) != before
    assert summary(next(ocr.predict(picture))) == before


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"text_det_tresh": 0.3}, "did you mean 'text_det_thresh'"),
        ({"text_det_thresh": 3}, "less than or equal to 1"),
        ({"text_det_limit_side_len": 0}, "greater than or equal to 1"),
        ({"text_det_limit_type": "mean"}, "limit_type"),
        ({"use_textline_orientation": True}, "without"),
        ({"use_doc_orientation_classify": True}, "without"),
        ({"use_doc_unwarping": True}, "without"),
    ],
)
def test_wrong_parameters_are_refused_at_once(ocr, params, message):
    with pytest.raises(ConfigError, match=message):
        ocr.predict(IMAGES / "hello.png", **params)


def test_words_are_located_when_asked(ocr):
    picture = load_bgr("hello.png")
    result = next(ocr.predict(picture, return_word_box=True))
    words = [word for word in result.text_word[0] if word.strip()]
    assert words == ["Hello", "from", "hpinfer"]
    for boxes, polygons, (x1, y1, x2, y2) in zip(
        result.text_word_boxes, result.text_word_region, result.rec_boxes, strict=True
    ):
        assert len(boxes) == len(polygons)
        lefts = boxes[:, 0].tolist()
        assert lefts == sorted(lefts)
        assert (boxes[:, [0, 2]] >= x1 - 8).all()
        assert (boxes[:, [0, 2]] <= x2 + 8).all()
        assert (boxes[:, 1] >= y1 - 8).all()
        assert (boxes[:, 3] <= y2 + 8).all()
    plain = next(ocr.predict(picture))
    assert "text_word" not in plain
    assert plain.rec_texts == result.rec_texts


def _letters(texts):
    """Texts without spaces: the official rotation shifts by a pixel, and some are lost."""
    return [text.replace(" ", "") for text in texts]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turned_pages_are_read_upright(turning_ocr, turns):
    """A page turned clockwise by n quarters is found so and turned back."""
    picture = np.rot90(load_bgr("receipt.png"), -turns)
    result = next(turning_ocr.predict(np.ascontiguousarray(picture)))
    assert result["doc_preprocessor_res"].angle == 90 * turns
    assert _letters(result.rec_texts) == _letters(golden_pages("v4")["receipt.png"]["rec_texts"])


def test_upside_down_lines_are_turned(turning_ocr):
    picture = np.ascontiguousarray(load_bgr("receipt.png")[::-1, ::-1])
    result = next(turning_ocr.predict(picture, use_doc_orientation_classify=False))
    assert set(result.textline_orientation_angles.tolist()) == {1}
    expected = golden_pages("v4")["receipt.png"]["rec_texts"]
    assert sorted(_letters(result.rec_texts)) == sorted(_letters(expected))


def test_lower_precision_is_real_or_refused(engine):
    """OpenVINO has bf16 on some processors; ONNX Runtime computes as the model says."""
    if engine == "onnxruntime" or "avx512_bf16" not in Path("/proc/cpuinfo").read_text():
        with pytest.raises(UnsupportedError, match="bf16"):
            hpinfer.create_pipeline("OCR", engine=engine, precision="bf16")
        return
    pipeline = hpinfer.create_pipeline("OCR", engine=engine, precision="bf16")
    exact = next(hpinfer.create_pipeline("OCR", engine=engine).predict(IMAGES / "hello.png"))
    rough = next(pipeline.predict(IMAGES / "hello.png"))
    assert _letters(rough.rec_texts) == _letters(exact.rec_texts)
    assert rough.rec_scores != exact.rec_scores


def test_engines_are_told_with_their_reason(ocr, engine):
    choices = ocr.engines
    assert set(choices) == {"PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"}
    assert {choice.engine for choice in choices.values()} == {engine}
    assert all(choice.source == "asked" for choice in choices.values())
    assert ocr.explain().models == tuple(choices.values())
    assert str(ocr.explain()).count("asked for") == 2
