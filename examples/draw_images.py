"""Draws the example pictures of this folder, each with its text in a file beside it.

Run ``python examples/draw_images.py``; it needs Pillow and the free font DejaVu Serif (Debian's
fonts-dejavu-core), whose word spaces are wide enough for small recognition models.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).resolve().parent / "images"
INK = (28, 30, 38)

LETTER_TITLE = "Hello from hpinfer"
LETTER_LINES = (
    "This page was drawn by a script",
    "so that a machine can read it",
    "It has a title and plain lines",
)
RECEIPT_HEAD = ("The Corner Bakery", "12 Mill Lane, Oldtown")
RECEIPT_ROWS = (
    ("Two loaves of rye bread", "7.80"),
    ("One slice of plum cake", "4.25"),
    ("Three cups of coffee", "6.60"),
    ("TOTAL", "18.65"),
)
RECEIPT_FOOT = "Thank you, come again!"
SIGN_LINES = ("PLATFORM", "Mind the gap")


def main() -> None:
    """Writes every picture and its text."""
    FOLDER.mkdir(exist_ok=True)
    receipt_text = [*RECEIPT_HEAD, *(word for row in RECEIPT_ROWS for word in row), RECEIPT_FOOT]
    save("hello", draw_letter(), [LETTER_TITLE, *LETTER_LINES])
    save("receipt", draw_receipt(), receipt_text)
    save("sign", draw_sign(), [*SIGN_LINES])


def save(name: str, image: Image.Image, lines: list[str]) -> None:
    """Writes ``name.png`` and ``name.txt``, the lines in reading order."""
    image.quantize(64).save(FOLDER / f"{name}.png", optimize=True)
    (FOLDER / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def font(size: int) -> ImageFont.FreeTypeFont:
    """The font of all pictures in a size, in pixels."""
    return ImageFont.truetype("DejaVuSerif.ttf", size)


def draw_letter() -> Image.Image:
    """A page: a title, a rule, four lines."""
    page = Image.new("RGB", (860, 380), (252, 251, 247))
    pen = ImageDraw.Draw(page)
    pen.text((48, 40), LETTER_TITLE, INK, font(46))
    pen.line((48, 112, 812, 112), (150, 60, 40), 3)
    for row, line in enumerate(LETTER_LINES):
        pen.text((48, 140 + 52 * row), line, INK, font(28))
    return page


def draw_receipt() -> Image.Image:
    """A till receipt: centred head, names on the left, prices on the right."""
    page = Image.new("RGB", (540, 520), (246, 246, 242))
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(RECEIPT_HEAD):
        pen.text((270, 48 + 44 * row), line, INK, font(34 - 10 * row), anchor="mm")
    for row, (name, price) in enumerate(RECEIPT_ROWS):
        top = 168 + 58 * row
        pen.text((36, top), name, INK, font(28), anchor="lm")
        pen.text((504, top), price, INK, font(28), anchor="rm")
        pen.line((36, top + 28, 504, top + 28), (190, 190, 186), 1)
    pen.text((270, 456), RECEIPT_FOOT, INK, font(26), anchor="mm")
    return page


def draw_sign() -> Image.Image:
    """White on blue, turned by six degrees: boxes are not upright in every picture."""
    board = Image.new("RGB", (560, 220), (22, 58, 122))
    pen = ImageDraw.Draw(board)
    pen.text((280, 80), SIGN_LINES[0], (255, 255, 255), font(72), anchor="mm")
    pen.text((280, 160), SIGN_LINES[1], (255, 214, 90), font(40), anchor="mm")
    return board.rotate(6, Image.Resampling.BICUBIC, expand=True, fillcolor=(120, 124, 128))


if __name__ == "__main__":
    main()
