"""Pictures of curved text and of formulas: the page on the left, what was read on the right."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import partial
from typing import TYPE_CHECKING, Any

from hpinfer.results.drawing import draw_caption_below, draw_overlay, line_color
from hpinfer.results.fonts import FontBook, can_draw_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from hpinfer.results.ocr import OCRResult
    from hpinfer.results.regions import FormulaRecognitionResult

    Color = tuple[int, int, int]

_LINE_STEP = 1.3  # height of a line of text in sizes of its letters


def draw_curved(result: OCRResult) -> Image.Image:
    """Left the picture with its text polygons, numbered; right the texts under each other."""
    bgr = result.page
    assert bgr is not None  # `img` has checked
    colors = [line_color(index) for index in range(len(result))]
    left = draw_overlay(bgr, result.rec_polys, colors)
    _number(left, [line.polygon[0].tolist() for line in result], colors)
    return _side_by_side(left, _list_panel(left.size, result.rec_texts, colors))


def draw_formulas(result: FormulaRecognitionResult) -> Image.Image:
    """Left the page with its formulas, right the LaTeX of each in its place.

    A page that is one formula has its LaTeX below.
    """
    from PIL import Image

    bgr = result.page
    assert bgr is not None  # `img` has checked
    if any(formula.dt_polys is None for formula in result):
        return draw_caption_below(bgr, result.to_text())
    boxes = [tuple(formula.dt_polys or ()) for formula in result]
    colors = [line_color(index) for index in range(len(boxes))]
    left = draw_overlay(bgr, [_corners(box) for box in boxes], colors)
    right = Image.new("RGB", left.size, "white")
    for box, formula, color in zip(boxes, result, colors, strict=True):
        _write_in_box(right, box, formula.rec_formula, color)
    return _side_by_side(left, right)


def wrap(fonts: FontBook, text: str, size: int, width: float) -> list[str]:
    """`text` in lines of at most `width` pixels, broken after spaces where that is possible."""
    lines: list[str] = []
    rest = text
    while rest:
        ends = range(1, len(rest) + 1)
        fits = max(bisect_right(ends, width, key=partial(_width, fonts, rest, size)), 1)
        if fits < len(rest) and (space := rest.rfind(" ", 1, fits + 1)) > 0:
            fits = space + 1
        lines.append(rest[:fits].rstrip())
        rest = rest[fits:].lstrip()
    return lines


def _width(fonts: FontBook, text: str, size: int, end: int) -> float:
    return fonts.width(text[:end], size)


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    from PIL import Image

    both = Image.new("RGB", (left.width + right.width, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def _number(
    picture: Image.Image, places: Sequence[Sequence[float]], colors: Sequence[Color]
) -> None:
    """Plates with 1, 2, … at the given points."""
    from PIL import ImageDraw

    if not can_draw_text():
        return
    fonts, draw = FontBook.load(), ImageDraw.Draw(picture)
    size = min(max(round(min(picture.size) / 24), 11), 32)
    for number, ((x, y), color) in enumerate(zip(places, colors, strict=True), start=1):
        text = str(number)
        half = (fonts.width(text, size) / 2 + size / 4, size * 0.65)
        x = min(max(x, half[0]), picture.width - half[0])
        y = min(max(y, half[1]), picture.height - half[1])
        draw.rectangle((x - half[0], y - half[1], x + half[0], y + half[1]), fill=color)
        at = (x - half[0] + size / 4, y + size * 0.36)
        fonts.draw(draw, (round(at[0]), round(at[1])), text, size, fill="white")


def _list_panel(
    size: tuple[int, int], texts: Sequence[str], colors: Sequence[Color]
) -> Image.Image:
    """White, with each text after its number, in letters as large as fit."""
    from PIL import Image, ImageDraw

    panel = Image.new("RGB", size, "white")
    if not can_draw_text() or not texts:
        return panel
    fonts, draw = FontBook.load(), ImageDraw.Draw(panel)
    margin = max(size[0] // 24, 4)
    items = [f"{number}  {text}" for number, text in enumerate(texts, start=1)]
    letters, blocks = _fit(fonts, items, size[0] - 2 * margin, size[1] - 2 * margin, size[0] // 14)
    y = float(margin)
    for block, color in zip(blocks, colors, strict=True):
        for line in block:
            fonts.draw(draw, (margin, round(y + letters)), line, letters, fill=color)
            y += letters * _LINE_STEP
        y += letters * 0.4
    return panel


def _write_in_box(panel: Image.Image, box: Sequence[float], text: str, color: Color) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(panel)
    left, top, right, bottom = box
    draw.rectangle((left, top, right, bottom), outline=color)
    if not can_draw_text() or not text.strip():
        return
    fonts = FontBook.load()
    width, height = right - left - 6, bottom - top - 4
    letters, (lines,) = _fit(fonts, [text], width, height, min(math.floor(height * 0.7), 32))
    y = (top + bottom - len(lines) * letters * _LINE_STEP) / 2
    for line in lines:
        fonts.draw(draw, (round(left + 3), round(y + letters)), line, letters, fill="black")
        y += letters * _LINE_STEP


def _fit(
    fonts: FontBook, texts: Sequence[str], width: float, height: float, largest: int
) -> tuple[int, list[list[str]]]:
    """The size of letters, and the lines, with which all texts fit; not below 6 pixels."""
    size = max(largest, 6)
    while True:
        blocks = [wrap(fonts, text, size, width) for text in texts]
        wanted = sum(len(block) * _LINE_STEP + 0.4 for block in blocks) * size
        if wanted <= height or size <= 6:
            return size, blocks
        size = max(math.floor(size * 0.85), 6)


def _corners(box: Sequence[float]) -> Any:  # noqa: ANN401 - a polygon, drawn by Pillow
    left, top, right, bottom = box
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
