"""Draws ``pages/report.png``: a page with title, text, figure, caption and table, for layouts.

Run ``python examples/draw_page.py``; it needs Pillow and the free fonts DejaVu Serif (Debian's
fonts-dejavu-core).
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).resolve().parent / "pages"
INK = (24, 24, 28)
LEFT, RIGHT, COLUMN, GAP = 80, 920, 400, 40

TITLE = "2. Water levels of the Oldtown mill pond"
WORDS = [
    "The",
    "pond",
    "behind",
    "the",
    "mill",
    "is",
    "fed",
    "by",
    "two",
    "brooks",
    "and",
    "a",
    "spring.",
    "Its",
    "level",
    "has",
    "been",
    "read",
    "from",
    "a",
    "painted",
    "gauge",
    "every",
    "morning",
    "since",
    "the",
    "new",
    "weir",
    "was",
    "finished.",
    "The",
    "readings",
    "show",
    "a",
    "slow",
    "rise",
    "in",
    "spring",
    "and",
    "a",
    "fall",
    "in",
    "late",
    "summer,",
    "as",
    "one",
    "would",
    "expect",
    "of",
    "so",
    "small",
    "a",
    "basin.",
    "In",
    "the",
    "third",
    "year",
    "the",
    "sluice",
    "was",
    "left",
    "open",
    "for",
    "a",
    "week,",
    "which",
    "explains",
    "the",
    "gap.",
    "All",
    "values",
    "are",
    "given",
    "in",
    "centimetres",
    "above",
    "the",
    "sill",
    "of",
    "the",
    "weir.",
]
CAPTION = "Figure 1. Monthly mean level over two years"
TABLE_CAPTION = "Table 1. Highest and lowest readings"
TABLE = (
    ("Year", "Lowest", "Highest", "Mean"),
    ("First", "12", "96", "51"),
    ("Second", "9", "104", "55"),
    ("Third", "17", "88", "49"),
    ("Fourth", "14", "91", "52"),
    ("Fifth", "11", "99", "56"),
)


def main() -> None:
    """Writes the page."""
    FOLDER.mkdir(exist_ok=True)
    draw_page().quantize(32).save(FOLDER / "report.png", optimize=True)


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The page's font in a size, in pixels."""
    return ImageFont.truetype(f"DejaVuSerif{'-Bold' if bold else ''}.ttf", size)


def draw_page() -> Image.Image:
    """Two columns of text, a figure across both, a table below."""
    page = Image.new("RGB", (1000, 1316), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    pen.text((LEFT, 120), TITLE, INK, font(20, bold=True), anchor="lm")
    write_column(pen, LEFT, 160, 14)
    write_column(pen, LEFT + COLUMN + GAP, 160, 14)
    draw_figure(pen, (180, 500, 820, 800))
    pen.text((500, 832), CAPTION, INK, font(17), anchor="mm")
    pen.text((500, 892), TABLE_CAPTION, INK, font(17), anchor="mm")
    draw_table(pen, (140, 916, 860, 1120))
    write_column(pen, LEFT, 1160, 4)
    write_column(pen, LEFT + COLUMN + GAP, 1160, 4)
    return page


def write_column(pen: ImageDraw.ImageDraw, left: int, top: int, lines: int) -> None:
    """Justified lines of the text, from its beginning."""
    face = font(17)
    words = iter(WORDS * 3)
    line = [next(words)]
    for row in range(lines):
        for word in words:
            if face.getlength(" ".join([*line, word])) > COLUMN:
                break
            line.append(word)
        space = (COLUMN - sum(face.getlength(item) for item in line)) / max(len(line) - 1, 1)
        x = float(left)
        for item in line:
            pen.text((x, top + 22 * row), item, INK, face)
            x += face.getlength(item) + space
        line = [word]


def draw_figure(pen: ImageDraw.ImageDraw, frame: tuple[int, int, int, int]) -> None:
    """A bar chart with axes, and a curve over it."""
    left, top, right, bottom = frame
    pen.rectangle(frame, (238, 243, 248), (120, 120, 128), 2)
    step = (right - left - 60) / 24
    points = []
    for month in range(24):
        level = 0.5 + 0.32 * math.sin(month / 24 * 4 * math.pi - 1) + 0.06 * math.cos(month * 1.7)
        x = left + 40 + month * step
        y = bottom - 30 - level * (bottom - top - 70)
        pen.rectangle((x, y, x + step * 0.7, bottom - 30), (72, 120, 176))
        points.append((x + step * 0.35, y - 14))
    pen.line(points, (196, 72, 48), 4, joint="curve")
    pen.line((left + 34, top + 20, left + 34, bottom - 30, right - 20, bottom - 30), INK, 2)


def draw_table(pen: ImageDraw.ImageDraw, frame: tuple[int, int, int, int]) -> None:
    """A ruled table with a bold head."""
    left, top, right, bottom = frame
    height = (bottom - top) / len(TABLE)
    width = (right - left) / len(TABLE[0])
    for row, cells in enumerate(TABLE):
        y = top + row * height
        pen.line((left, y, right, y), INK, 2 if row < 2 else 1)
        for column, cell in enumerate(cells):
            at = (left + (column + 0.5) * width, y + height / 2)
            pen.text(at, cell, INK, font(17, bold=row == 0), anchor="mm")
    pen.line((left, bottom, right, bottom), INK, 2)


if __name__ == "__main__":
    main()
