"""Pictures of results, drawn with Pillow on copies: the user's image is never painted on."""

from __future__ import annotations

import colorsys
import math
from typing import TYPE_CHECKING, Any

from hpinfer.results.fonts import FontBook, can_draw_text, is_ideographic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt
    from PIL import Image, ImageDraw

    from hpinfer.results.ocr import OCRResult, Polygons

    Color = tuple[int, int, int]

_TALL = 1.5  # a line this many times higher than wide was read turned, as in the pipeline
_FILL = 0.22  # opacity of the fill of a polygon
_SMALLEST = 0.7  # letters shrink to this part of the height that they could have
_RED: Color = (220, 30, 30)


def line_color(index: int) -> Color:
    """Colour of the line `index`: always the same, and unlike its neighbours'."""
    hue = (0.58 + index * 0.381966) % 1.0  # golden angle
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 0.80)
    return round(red * 255), round(green * 255), round(blue * 255)


def to_pil(bgr: npt.NDArray[np.uint8]) -> Image.Image:
    """A picture of its own from uint8 [height, width, 3] BGR."""
    import numpy as np
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(bgr[:, :, ::-1]))


def draw_overlay(
    bgr: npt.NDArray[np.uint8], polygons: Polygons, colors: Sequence[Color]
) -> Image.Image:
    """The picture with each polygon outlined and lightly filled."""
    from PIL import Image, ImageDraw

    page = to_pil(bgr)
    outlines = [_points(polygon) for polygon in polygons]
    filled = page.copy()
    draw = ImageDraw.Draw(filled)
    for points, color in zip(outlines, colors, strict=True):
        if len(points) > 2:
            draw.polygon(points, fill=color)
    page = Image.blend(page, filled, _FILL)
    draw = ImageDraw.Draw(page)
    for points, color in zip(outlines, colors, strict=True):
        _outline(draw, points, color, width=_stroke(page.size))
    return page


def draw_ocr(result: OCRResult) -> Image.Image:
    """Left the page with its lines (or words, if asked for), right their text in place."""
    from PIL import Image

    bgr = result.page
    assert bgr is not None  # `img` has checked
    polygons, texts, colors = _pieces(result)
    left = draw_overlay(bgr, polygons, colors)
    right = _text_panel(left.size, polygons, texts, colors)
    both = Image.new("RGB", (left.width * 2, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def draw_polygons(bgr: npt.NDArray[np.uint8], polygons: Polygons) -> Image.Image:
    """The picture with red outlines."""
    from PIL import ImageDraw

    page = to_pil(bgr)
    draw = ImageDraw.Draw(page)
    for polygon in polygons:
        _outline(draw, _points(polygon), _RED, width=max(2, _stroke(page.size)))
    return page


def draw_caption_below(bgr: npt.NDArray[np.uint8], caption: str) -> Image.Image:
    """The picture with a white strip below that holds `caption` on one line."""
    from PIL import Image

    picture = to_pil(bgr)
    height = min(max(picture.height, 24), 64)
    out = Image.new("RGB", (max(picture.width, 160), picture.height + height), "white")
    out.paste(picture, (0, 0))
    mask = _text_mask(FontBook.load(), caption, out.width - 8, height)
    out.paste("black", (4, picture.height), mask)
    return out


def draw_label(bgr: npt.NDArray[np.uint8], label: str) -> Image.Image:
    """The picture with `label` on a coloured plate in its top left corner."""
    picture = to_pil(bgr)
    if not label:
        return picture
    height = min(max(picture.height // 14, 16), 48)
    fonts = FontBook.load()
    wanted = math.ceil(fonts.width(label, round(height * 0.72))) + 2 if can_draw_text() else 0
    width = max(min(wanted, picture.width - 8), 1)
    picture.paste(line_color(0), (0, 0, width + 8, height))
    picture.paste("white", (4, 0), _text_mask(fonts, label, width, height))
    return picture


def draw_side_by_side(panels: Sequence[tuple[str, npt.NDArray[np.uint8]]]) -> Image.Image:
    """Pictures in a row, each with its caption below."""
    from PIL import Image

    pictures = [(caption, to_pil(bgr)) for caption, bgr in panels]
    tallest = max(picture.height for _, picture in pictures)
    strip = min(max(tallest // 24, 20), 48)
    width = sum(picture.width for _, picture in pictures)
    out = Image.new("RGB", (width, tallest + strip), "white")
    fonts, x = FontBook.load(), 0
    for caption, picture in pictures:
        out.paste(picture, (x, 0))
        mask = _text_mask(fonts, caption, max(picture.width - 16, 1), strip)
        out.paste("black", (x + 8, tallest), mask)
        x += picture.width
    return out


def _pieces(result: OCRResult) -> tuple[list[Any], list[str], list[Color]]:
    if result.text_word is None or result.text_word_region is None:
        colors = [line_color(index) for index in range(len(result))]
        return list(result.rec_polys), list(result.rec_texts), colors
    lines = list(zip(result.text_word, result.text_word_region, strict=True))
    words = [
        (region, word, line_color(index))
        for index, (texts, regions) in enumerate(lines)
        for word, region in zip(texts, regions, strict=True)
    ]
    return [word[0] for word in words], [word[1] for word in words], [word[2] for word in words]


def _text_panel(
    size: tuple[int, int], polygons: Sequence[Any], texts: Sequence[str], colors: Sequence[Color]
) -> Image.Image:
    from PIL import Image, ImageDraw

    panel = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(panel)
    fonts = FontBook.load()
    for polygon, text, color in zip(polygons, texts, colors, strict=True):
        points = _points(polygon)
        _outline(draw, points, color, width=max(1, _stroke(size) // 2))
        if text.strip() and len(points) > 2:
            _place_text(panel, fonts, text, _quad(points))
    return panel


def _place_text(
    panel: Image.Image, fonts: FontBook, text: str, quad: list[tuple[float, float]]
) -> None:
    from PIL import Image

    top_left, top_right, _, bottom_left = quad
    width = max(round(math.dist(top_left, top_right)), 1)
    height = max(round(math.dist(top_left, bottom_left)), 1)
    if height >= _TALL * width and len(text) > 1:
        if is_ideographic(text):
            mask = _column_mask(fonts, text, width, height)
        else:
            mask = _text_mask(fonts, text, height, width).transpose(Image.Transpose.ROTATE_270)
    else:
        mask = _text_mask(fonts, text, width, height)
    angle = math.atan2(top_right[1] - top_left[1], top_right[0] - top_left[0])
    if abs(angle) > math.radians(0.4):
        mask = mask.rotate(-math.degrees(angle), Image.Resampling.BICUBIC, expand=True)
    x = sum(point[0] for point in quad) / 4 - mask.width / 2
    y = sum(point[1] for point in quad) / 4 - mask.height / 2
    panel.paste("black", (round(x), round(y)), mask)


def _text_mask(fonts: FontBook, text: str, width: int, height: int) -> Image.Image:
    """Opacity of `text` on one line, as large as fits into the given pixels."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (width, height), 0)
    if not can_draw_text():
        return mask
    size = max(round(height * 0.78), 4)
    wanted = fonts.width(text, size)
    if wanted > width:
        size = max(math.floor(size * max(width / wanted, _SMALLEST)), 4)
        wanted = fonts.width(text, size)
    if wanted > width:  # smaller letters would not be legible: narrower ones are
        mask = Image.new("L", (math.ceil(wanted), height), 0)
    baseline = round(height / 2 + size * 0.36)
    fonts.draw(ImageDraw.Draw(mask), (0, baseline), text, size, fill=255)
    return mask if mask.width == width else mask.resize((width, height), Image.Resampling.LANCZOS)


def _column_mask(fonts: FontBook, text: str, width: int, height: int) -> Image.Image:
    """Opacity of `text` with its characters one below the other."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (width, height), 0)
    if not can_draw_text():
        return mask
    step = height / len(text)
    size = max(min(round(width * 0.85), round(step * 0.92)), 4)
    draw = ImageDraw.Draw(mask)
    for index, char in enumerate(text):
        x = (width - fonts.width(char, size)) / 2
        fonts.draw(draw, (x, (index + 0.5) * step + size * 0.36), char, size, fill=255)
    return mask


def _points(polygon: Iterable[Iterable[float]]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in polygon]


def _quad(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Four corners from the text's top left on; the bounds of a polygon with more."""
    if len(points) == 4:
        return points
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _outline(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], color: Color, *, width: int
) -> None:
    if len(points) > 1:
        draw.line([*points, points[0], points[1]], fill=color, width=width, joint="curve")


def _stroke(size: tuple[int, int]) -> int:
    return max(1, round(min(size) / 400))
