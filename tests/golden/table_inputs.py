"""Inputs of the table goldens, the same for the generator and the tests; NumPy only."""

from __future__ import annotations

import numpy as np

DICTIONARY = [
    "<thead>", "</thead>", "<tbody>", "</tbody>", "<tr>", "</tr>", "<td>", "<td", ">", "</td>",
    ' colspan="2"', ' rowspan="2"', ' colspan="3"', "<td></td>",
]  # fmt: skip
SIZES = [(488, 488), (640, 333), (123, 790), (17, 1200)]  # width, height
TEXTS = [
    "total", " 12.5", "<b>Name</b>", "价格", "<b>", "x </b>", "", " ", "<b>日本</b>", "a b",
    "</b>ü",
]  # fmt: skip


def network_outputs(seed: int, *, end_weight: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [4, 60, 8] and token probabilities [4, 60, C + 2], float32."""
    generator = np.random.default_rng(seed)
    classes = len(DICTIONARY) - 1 + 2  # "<td>" goes, sos and eos come
    boxes = generator.random((len(SIZES), 60, 8), dtype=np.float32)
    tokens = generator.random((len(SIZES), 60, classes), dtype=np.float32)
    tokens[:, :, -1] *= np.float32(end_weight)
    return boxes, tokens


def match_case(seed: int) -> dict[str, object]:
    """One table on a page: tokens, cells of the cut, its place, lines and their texts."""
    generator = np.random.default_rng(seed)
    rows, columns = int(generator.integers(1, 5)), int(generator.integers(1, 5))
    tokens = ["<html>", "<body>", "<table>", "<tbody>"]
    boxes: list[list[int]] = []
    for row in range(rows):
        tokens.append("<tr>")
        for column in range(columns):
            spans = generator.random() < 0.25
            tokens += ["<td", ' colspan="2"', ">", "</td>"] if spans else ["<td></td>"]
            x, y = column * 60, row * 24
            corners = np.array([x, y, x + 58, y, x + 58, y + 22, x, y + 22])
            boxes.append([int(value) for value in corners + generator.integers(-4, 5, 8)])
        tokens.append("</tr>")
    tokens += ["</tbody>", "</table>", "</body>", "</html>"]
    place = [30.5, 40.25, 30.5 + columns * 60, 40.25 + rows * 24] if seed % 2 else [
        30, 40, 30 + columns * 60, 40 + rows * 24,
    ]  # fmt: skip
    count = int(generator.integers(0, 3 * rows * columns))
    corners = generator.integers(0, [columns * 70 + 40, rows * 30 + 60], (count, 2))
    sizes = generator.integers([4, 3], [50, 20], (count, 2))
    lines = np.concatenate([corners, corners + sizes], axis=1)
    texts = [TEXTS[int(index)] for index in generator.integers(0, len(TEXTS), count)]
    return {
        "tokens": tokens,
        "boxes": [] if seed % 11 == 10 else boxes,
        "place": place,
        "page": [rows * 24 + 50, columns * 60 + 40],
        "lines": lines.astype(np.int64),
        "texts": texts,
        "cell_texts": [TEXTS[int(i)] for i in generator.integers(0, len(TEXTS), len(boxes))],
        "sort_lines": bool(seed % 3 == 0),
    }
