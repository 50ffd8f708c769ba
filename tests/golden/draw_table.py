"""Draws table.png, the picture of the table goldens: merged cells, a head, borders, two scripts."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLUMNS = [16, 150, 260, 360, 480]
ROWS = [14, 50, 86, 122, 158, 194]
CELLS = [  # row, column, rows, columns, text
    (0, 0, 2, 1, "Item"), (0, 1, 1, 2, "Price"), (0, 3, 2, 1, "Stock"),
    (1, 1, 1, 1, "Retail"), (1, 2, 1, 1, "Trade"),
    (2, 0, 1, 1, "Bread"), (2, 1, 1, 1, "2.80"), (2, 2, 1, 1, "2.10"), (2, 3, 1, 1, "41"),
    (3, 0, 1, 1, "Butter"), (3, 1, 1, 1, "3.45"), (3, 2, 1, 1, "2.95"), (3, 3, 1, 1, "7"),
    (4, 0, 1, 1, "Milk"), (4, 1, 1, 2, "1.20"), (4, 3, 1, 1, "120"),
]  # fmt: skip


def draw_table() -> Image.Image:
    """The table, black on white, 496 x 210."""
    page = Image.new("RGB", (496, 210), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(18)
    for row, column, rows, columns, text in CELLS:
        box = (COLUMNS[column], ROWS[row], COLUMNS[column + columns], ROWS[row + rows])
        draw.rectangle(box, outline="black", width=2)
        center = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        draw.text(center, text, fill="black", font=font, anchor="mm")
    return page


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("table.png")
    draw_table().save(target)
