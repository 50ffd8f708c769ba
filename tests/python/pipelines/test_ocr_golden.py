"""The OCR pipeline says what PaddleX says."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
import pytest
from example_pages import FAMILIES, IMAGES, golden_pages

import hpinfer

# Both run the same networks. With ONNX Runtime on one processor the arithmetic is the same; other
# engines and processors round differently, which moves a box corner by at most a pixel.
MAX_PIXELS = 1
MAX_SCORE_GAP = 0.01


def lines(page):
    return list(page["rec_texts"])


def differing_lines(result, expected):
    """All that is known of the lines that differ: text, score and corners, ours and PaddleX's."""
    keys = ("rec_texts", "rec_scores", "rec_polys")
    ours, theirs = (
        list(zip(*(np.array(page[key]).tolist() for key in keys), strict=True))
        for page in (result, expected)
    )
    return [
        f"line {number}: {line} instead of {wanted}"
        for number, (line, wanted) in enumerate(zip_longest(ours, theirs))
        if line is None or wanted is None or line[0] != wanted[0]
    ]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_pages_equal_the_official_pipeline(engine, family):
    pipeline = hpinfer.create_pipeline(FAMILIES[family], engine=engine)
    golden = golden_pages(family)
    results = list(pipeline.predict(IMAGES))
    assert sorted(golden) == [result.name + ".png" for result in results]
    for result in results:
        expected = golden[result.name + ".png"]
        assert lines(result) == lines(expected), differing_lines(result, expected)
        np.testing.assert_allclose(
            np.array(result.dt_polys), np.array(expected["dt_polys"]), atol=MAX_PIXELS, rtol=0
        )
        np.testing.assert_allclose(
            result.rec_scores, expected["rec_scores"], atol=MAX_SCORE_GAP, rtol=0
        )


def test_keys_are_those_of_paddlex(ocr):
    result = next(ocr.predict(IMAGES / "hello.png"))
    assert set(result.json["res"]) == {
        "dt_polys",
        "input_path",
        "model_settings",
        "page_index",
        "rec_boxes",
        "rec_polys",
        "rec_scores",
        "rec_texts",
        "return_word_box",
        "text_det_params",
        "text_rec_score_thresh",
        "text_type",
        "textline_orientation_angles",
    }
