"""Inputs of the formula goldens, the same for the generator and the tests; NumPy only."""

from __future__ import annotations

import numpy as np

#: height, width: within LaTeX-OCR's limits, too small, too large, very wide, very tall.
SIZES = [
    (60, 200), (32, 32), (192, 672), (20, 90), (31, 700), (40, 1500), (300, 500), (500, 120),
    (250, 900), (700, 1900), (64, 3000), (900, 60), (33, 31), (193, 300), (120, 673),
]  # fmt: skip
INPUT_SIZES = {
    "UniMERNet": (192, 672),
    "PP-FormulaNet-S": (384, 384),
    "PP-FormulaNet-L": (768, 768),
}


def picture(case: int) -> np.ndarray:
    """uint8 [H, W, 3] RGB: coloured strokes on a tinted, noisy ground; every third one inverted."""
    height, width = SIZES[case % len(SIZES)]
    generator = np.random.default_rng(500 + case)
    ground = generator.integers(215, 256, 3)
    image = np.broadcast_to(ground, (height, width, 3)).astype(np.int64)
    image = image + generator.integers(-6, 7, image.shape)
    for _ in range(12):
        y, x = generator.integers(2, [height - 8, width - 8])
        down, across = generator.integers(1, [max(height // 3, 2), max(width // 8, 2)])
        image[y : y + min(down, height - y - 3), x : x + min(across, width - x - 3)] = (
            generator.integers(0, 130, 3)
        )
    image = np.clip(image, 0, 255).astype(np.uint8)
    return 255 - image if case % 3 == 2 else image


TEXTS = [
    r"\frac { a } { b } + 2 x ^ { 2 }",
    r"\operatorname { s i n } x \mathrm { d } y = \text { if } z",
    r"\mathbf { A } \ B   C \alpha \beta 3 . 1 4",
    r"\sum _ { i = 1 } ^ { n } x _ { i } \leq \operatorname* { m a x } ( y )",
    r"a b \ c 1 2 \quad \left( x \right)",
    r"\mathrm { \alpha x } + \text { \beta }",
    r"\text{ 中文 } x + \text {如果 y} \mathbf{z}",
    r"\begin{array} { l } { x \\ y } \end{array}",
    "",
    "   ",
]  # fmt: skip
