"""Pictures of results: what is drawn where, on copies, with any fonts."""

from __future__ import annotations

import base64
import io
import logging
import math
import re

import numpy as np
import pytest
from PIL import Image

from hpinfer.errors import ConfigError
from hpinfer.results import OCRResult, TextDetResult, TextRecResult, TopkResult, fonts
from hpinfer.results.drawing import draw_overlay, line_color

HEIGHT, WIDTH = 240, 320
TALL = ("Vertical", "竖排文字")


def turned(x, y, width, height, degrees):
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return np.round(corners @ np.array([[cos, sin], [-sin, cos]]) + [x, y]).astype(np.int16)


def result_of(polygons, texts, **changes):
    boxes = np.array([[*p.min(axis=0), *p.max(axis=0)] for p in polygons], np.int16)
    values = {
        "image": np.full((HEIGHT, WIDTH, 3), 255, np.uint8),
        "dt_polys": polygons,
        "rec_texts": texts,
        "rec_scores": [0.9] * len(texts),
        "rec_polys": polygons,
        "rec_boxes": boxes.reshape(-1, 4),
    }
    return OCRResult(**{**values, **changes})


def panels(result):
    drawn = result.img["ocr_res_img"]
    assert drawn.mode == "RGB"
    assert drawn.size == (2 * WIDTH, HEIGHT)
    both = np.asarray(drawn)
    return both[:, :WIDTH], both[:, WIDTH:]


def black(panel):
    """Bounds (left, top, right, bottom) of what is black: text, not outlines."""
    rows, columns = np.nonzero(panel.max(axis=2) < 60)
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_text_is_drawn_inside_its_box_at_a_fitting_size():
    result = result_of([turned(40, 100, 240, 40, 0)], ["Hello World"])
    left, top, right, bottom = black(panels(result)[1])
    assert left >= 40
    assert right <= 280
    assert top >= 100
    assert bottom <= 140
    assert bottom - top >= 18
    assert right - left >= 120


def test_long_text_is_squeezed_into_its_box():
    result = result_of([turned(40, 100, 60, 16, 0)], ["a very long text for such a small box"])
    left, top, right, bottom = black(panels(result)[1])
    assert left >= 40
    assert right <= 100
    assert top >= 100
    assert bottom <= 116


@pytest.mark.parametrize("degrees", [-30, 20, 75])
def test_turned_text_follows_its_box(degrees):
    polygon = turned(100, 100, 160, 24, degrees)
    _, panel = panels(result_of([polygon], ["turned line of text"]))
    rows, columns = np.nonzero(panel.max(axis=2) < 60)
    along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    offsets = np.stack([columns, rows], axis=1) - polygon[0]
    inside = np.abs(offsets @ np.array([-along[1], along[0]]) - 12) <= 14
    assert len(rows) > 50
    assert inside.all()


@pytest.mark.parametrize("text", TALL)
def test_a_tall_box_gets_vertical_text(text):
    left, top, right, bottom = black(panels(result_of([turned(50, 20, 30, 200, 0)], [text]))[1])
    assert left >= 50
    assert right <= 80
    assert bottom - top > 2 * (right - left)
    assert top >= 20
    assert bottom <= 220


def test_the_page_is_outlined_in_stable_colours():
    polygons = [turned(20, 20, 100, 30, 0), turned(20, 80, 100, 30, 0)]
    result = result_of(polygons, ["", ""])
    left, right = panels(result)
    assert left[20, 60].tolist() == list(line_color(0))
    assert left[80, 60].tolist() == list(line_color(1))
    assert right[80, 60].tolist() == list(line_color(1))
    assert len({line_color(index) for index in range(100)}) > 90
    np.testing.assert_array_equal(left, panels(result)[0])


def test_drawing_does_not_touch_the_users_image():
    image = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    before = image.copy()
    image.setflags(write=False)
    polygons = [turned(20, 20, 100, 30, 0)]
    for result in (
        result_of(polygons, ["text"], image=image),
        TextDetResult(image=image, dt_polys=polygons, dt_scores=[1.0]),
        TextRecResult(image=image, rec_text="text", rec_score=1.0),
        TopkResult(image=image, class_ids=[0], scores=[1.0], label_names=["zero"]),
    ):
        assert result.img
    np.testing.assert_array_equal(image, before)


def test_colours_are_not_swapped():
    image = np.zeros((20, 30, 3), np.uint8)
    image[:, :, 0] = 255  # blue in BGR
    assert draw_overlay(image, [], []).getpixel((5, 5)) == (0, 0, 255)


def test_words_are_drawn_when_they_were_asked_for():
    words = [turned(40, 100, 100, 40, 0), turned(180, 100, 100, 40, 0)]
    result = result_of(
        [turned(40, 100, 240, 40, 0)],
        ["two words"],
        text_word=[["two", "words"]],
        text_word_region=[words],
        text_word_boxes=[np.array([[40, 100, 140, 140], [180, 100, 280, 140]])],
    )
    _, panel = panels(result)
    assert (panel[102:138, 145:175] == 255).all()
    assert (panel[102:138, 182:278].max(axis=2) < 60).any()


def test_the_preprocessed_page_is_drawn_on():
    from hpinfer.results import DocPreprocessorResult

    upright = np.full((100, 50, 3), 200, np.uint8)
    pre = DocPreprocessorResult(
        image=upright, model_settings={}, angle=90, rot_img=upright, output_img=upright
    )
    result = result_of([turned(5, 5, 40, 20, 0)], ["x"], doc_preprocessor_res=pre)
    assert result.img["ocr_res_img"].size == (100, 100)


@pytest.mark.parametrize(
    "polygon",
    [
        np.array([[5, 5]], np.int16),
        np.array([[5, 5], [5, 5], [5, 5], [5, 5]], np.int16),
        np.array([[-50, -50], [900, -50], [900, 900], [-50, 900]], np.int16),
        np.array([[10, 10], [60, 5], [110, 10], [110, 40], [60, 35], [10, 40]], np.int16),
    ],
)
def test_odd_polygons_are_drawn_without_failing(polygon):
    panels(result_of([polygon], ["text \x00\n\ud800 \U0001d54f 文字 \U0010ffff"]))


def test_a_page_without_lines_is_drawn_bare():
    left, right = panels(result_of([], []))
    assert (left == 255).all()
    assert (right == 255).all()


def test_any_character_is_drawn_with_only_the_font_inside_pillow(monkeypatch):
    monkeypatch.setattr(fonts, "system_fonts", lambda: ())
    left, _, right, _ = black(panels(result_of([turned(40, 100, 240, 40, 0)], ["abc 文字"]))[1])
    assert right > left


def test_each_character_comes_from_the_first_font_that_has_it(monkeypatch):
    book = fonts.FontBook([None, None])
    monkeypatch.setattr(
        fonts.FontBook, "_covers", lambda self, index, char: (index == 1) == (char == "文")
    )
    assert [run for _, run in book._runs("ab文文c", 20)] == ["ab", "文文", "c"]


def test_a_missing_character_is_recognised():
    book = fonts.FontBook([None])
    assert book._covers(0, "a")
    assert book._covers(0, " ")
    assert not book._covers(0, "\U000f1234")


def test_a_damaged_system_font_is_passed_over(monkeypatch, tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    monkeypatch.setattr(fonts, "system_fonts", lambda: (tmp_path / "broken.ttf",))
    black(panels(result_of([turned(40, 100, 240, 40, 0)], ["abc"]))[1])


def test_a_wrong_hpinfer_font_is_a_typed_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HPINFER_FONT", str(tmp_path / "missing.ttf"))
    with pytest.raises(ConfigError, match=r"HPINFER_FONT=.*missing\.ttf"):
        result_of([turned(40, 100, 240, 40, 0)], ["abc"]).img  # noqa: B018 - drawn on access


def test_hpinfer_font_comes_first(monkeypatch, tmp_path):
    chosen = tmp_path / "chosen.ttf"
    monkeypatch.setenv("HPINFER_FONT", str(chosen))
    monkeypatch.setattr(fonts.FontBook, "_check", staticmethod(lambda path: None))
    assert fonts.FontBook.load()._sources[0] == chosen


def test_known_fonts_are_found_by_rank(monkeypatch, tmp_path):
    for name in ("nested/DejaVuSans.ttf", "wqy-microhei.ttc", "unknown.ttf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(fonts, "_font_directories", lambda: [tmp_path, tmp_path / "absent"])
    found = fonts.system_fonts.__wrapped__()
    assert [path.name for path in found] == ["wqy-microhei.ttc", "DejaVuSans.ttf"]


def test_small_pictures_can_be_labelled():
    tiny = np.zeros((3, 2, 3), np.uint8)
    assert TextRecResult(image=tiny, rec_text="long text", rec_score=1.0).img["res"].height > 3
    label = TopkResult(image=tiny, class_ids=[0], scores=[1.0], label_names=["zero"])
    assert label.img["res"].size == (2, 3)


def test_notebook_shows_the_page_and_an_escaped_table():
    html = result_of([turned(20, 20, 100, 30, 0)], ["<script>"])._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    data = re.search(r"data:image/png;base64,([^\"]+)", html).group(1)
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (WIDTH, HEIGHT)


def test_notebook_shows_other_results_and_results_without_image():
    polygons = [turned(20, 20, 100, 30, 0)]
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    shown = TextDetResult(image=image, dt_polys=polygons, dt_scores=[1.0])
    assert "<img" in shown._repr_html_()
    bare = result_of(polygons, ["text"], image=None)
    assert "<img" not in bare._repr_html_()
    assert "text" in bare._repr_html_()


def test_characters_without_a_font_are_told_of_once(monkeypatch, caplog):
    monkeypatch.setattr(fonts, "system_fonts", lambda: ())
    monkeypatch.setattr(logging.getLogger("hpinfer"), "propagate", True)
    fonts._warn_of_missing_glyphs.cache_clear()
    for text in ("plain", "\u8c37\u4e19", "\u767d\u86cb"):
        fonts.FontBook.load().width(text, 20)
    fonts._warn_of_missing_glyphs.cache_clear()
    (record,) = set(caplog.records)  # another test's handlers may have passed it on, too
    assert "HPINFER_FONT" in record.message


def test_fonts_that_paddlex_has_fetched_are_used(monkeypatch, tmp_path):
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    (tmp_path / "fonts").mkdir()
    fetched = tmp_path / "fonts" / "simfang.ttf"
    fetched.write_bytes(b"")
    assert fetched in fonts.system_fonts.__wrapped__()
