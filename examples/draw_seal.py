"""Draws ``pages/seal.png``, a round company seal, with its text in a file beside it.

Run ``python examples/draw_seal.py``; it needs Pillow and the free font DejaVu Sans (Debian's
fonts-dejavu-core).
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).resolve().parent / "pages"
PAPER = (250, 249, 245)
RED = (196, 30, 42)
SIDE = 620
CENTRE = SIDE / 2

ROUND = "OLDTOWN BAKERY"
STRAIGHT = ("EXAMPLE", "No. 20260117")
RADIUS = 222  # of the middle of the round text
LETTER_SIZE = 52
SPACING = 1.1  # of letters along the circle: their feet stand closer than their middles


def main() -> None:
    """Writes the picture and its text."""
    FOLDER.mkdir(exist_ok=True)
    draw_seal().quantize(32).save(FOLDER / "seal.png", optimize=True)
    text = "\n".join([ROUND, *STRAIGHT]) + "\n"
    (FOLDER / "seal.txt").write_text(text, encoding="utf-8")


def font(size: int) -> ImageFont.FreeTypeFont:
    """The font in a size, in pixels."""
    return ImageFont.truetype("DejaVuSans-Bold.ttf", size)


def draw_seal() -> Image.Image:
    """Two rings, a text along the outer one, a star, two straight lines."""
    page = Image.new("RGB", (SIDE, SIDE), PAPER)
    pen = ImageDraw.Draw(page)
    for radius, width in ((294, 10), (274, 3)):
        box = (CENTRE - radius, CENTRE - radius, CENTRE + radius, CENTRE + radius)
        pen.ellipse(box, outline=RED, width=width)
    draw_round_text(page)
    pen.polygon(star(CENTRE, CENTRE - 30, 78), fill=RED)
    pen.text((CENTRE, CENTRE + 92), STRAIGHT[0], RED, font(46), anchor="mm")
    pen.text((CENTRE, CENTRE + 158), STRAIGHT[1], RED, font(32), anchor="mm")
    return page


def draw_round_text(page: Image.Image) -> None:
    """Each letter upright on its own picture, then turned about the centre of the seal."""
    letters = font(LETTER_SIZE)
    widths = [letters.getlength(letter) for letter in ROUND]
    whole, done = sum(widths), 0.0
    for letter, width in zip(ROUND, widths, strict=True):
        angle = SPACING * (done + width / 2 - whole / 2) / RADIUS
        done += width
        tile = Image.new("L", (2 * LETTER_SIZE, 2 * LETTER_SIZE), 0)
        pen = ImageDraw.Draw(tile)
        pen.text((LETTER_SIZE, LETTER_SIZE), letter, 255, letters, anchor="mm")
        tile = tile.rotate(-math.degrees(angle), Image.Resampling.BICUBIC)
        x = CENTRE + RADIUS * math.sin(angle) - LETTER_SIZE
        y = CENTRE - RADIUS * math.cos(angle) - LETTER_SIZE
        page.paste(RED, (round(x), round(y)), tile)


def star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    """Corners of a five-pointed star."""
    corners = []
    for step in range(10):
        length = radius if step % 2 == 0 else radius * 0.42
        angle = math.pi * step / 5
        corners.append((x + length * math.sin(angle), y - length * math.cos(angle)))
    return corners


if __name__ == "__main__":
    main()
