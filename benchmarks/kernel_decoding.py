"""Cases of the decoding kernels: DB and CTC decoding, layout boxes, table matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import reference_db
import reference_detection

from hpinfer import _native
from kernel_timing import Case, read_of

if TYPE_CHECKING:
    from kernel_timing import Array

OPERATIONS = "operations"


def page_of_lines(side: int = 960, rows: int = 40, columns: int = 6) -> Array:
    """A map with 240 text lines, none touching another."""
    rng = np.random.default_rng(1)
    drawn = np.zeros((side, side), np.float32)
    for row in range(rows):
        for column in range(columns):
            centre = ((column + 0.5) * side / columns, (row + 0.5) * side / rows)
            size = (float(rng.uniform(0.4, 0.85)) * side / columns, 11.0)
            corners = cv2.boxPoints((centre, size, float(rng.normal(0, 0.7))))
            cv2.fillPoly(drawn, [corners.astype(np.int32)], float(rng.uniform(0.8, 1)))
    noise = rng.normal(0, 0.01, drawn.shape)
    return np.clip(cv2.GaussianBlur(drawn, (0, 0), 1) + noise, 0, 1).astype(np.float32)


def db_case(box_type: str) -> Case:
    """Decoding of a dense page."""
    values = page_of_lines()
    options = _native.DbOptions()
    options.box_type = getattr(_native.DbBoxType, box_type)
    ours = _native.decode_db(values, 960, 960, options)[0]
    reference = reference_db.decode(values, 960, 960, box_type=box_type)[0]
    return Case(
        f"DB 960x960 {box_type}, {len(ours)} boxes",
        lambda: _native.decode_db(values, 960, 960, options),
        lambda: reference_db.decode(values, 960, 960, box_type=box_type),
        read_of(values),
        "one read of the map, then operations",
        len(ours) == len(reference)
        and all(np.array_equal(a, b) for a, b in zip(ours, reference, strict=True)),
    )


def softmax(batch: int, steps: int, classes: int) -> Array:
    """Recognition output with characters in about half of the steps."""
    rng = np.random.default_rng(2)
    values = rng.random((batch, steps, classes), np.float32) * 1e-3
    best = np.where(rng.random((batch, steps)) < 0.5, 0, rng.integers(0, classes, (batch, steps)))
    np.put_along_axis(values, best[..., None], 0.95, axis=-1)
    return values


def reference_ctc(batch: Array) -> list[tuple[list[int], float]]:
    """Greedy decoding in NumPy."""
    best, greatest = batch.argmax(axis=-1), batch.max(axis=-1)
    lines = []
    for row, confidences in zip(best, greatest, strict=True):
        kept = np.ones(len(row), bool)
        kept[1:] = row[1:] != row[:-1]
        kept &= row != 0
        lines.append((row[kept].tolist(), float(np.mean(confidences[kept]))))
    return lines


def ctc_case(batch: int, steps: int, classes: int) -> Case:
    """Decoding of a recognition batch."""
    values = softmax(batch, steps, classes)
    lines = [_native.decode_ctc(line) for line in values]
    return Case(
        f"CTC [{batch}, {steps}, {classes}]",
        lambda: [_native.decode_ctc(line) for line in values],
        lambda: reference_ctc(values),
        read_of(values),
        "one read of the output",
        reference_ctc(values) == [(line.indices, line.score) for line in lines],
    )


def layout_case(count: int = 300) -> Case:
    """A layout detector's rows: thresholds, suppression, merging, clipping."""
    rows = reference_detection.random_rows(np.random.default_rng(3), count)
    options = _native.DetectionOptions(threshold=0.3, layout_nms=True)
    expected = {"threshold": 0.3, "nms": True, "labels": [], "unclip": None, "merge": "union"}
    size = (640, 480)
    ours = _native.refine_detections(rows, size, options)
    reference = reference_detection.refine(rows, size, **expected)
    return Case(
        f"layout boxes, {count} rows",
        lambda: _native.refine_detections(rows, size, options),
        lambda: reference_detection.refine(rows, size, **expected),
        None,
        OPERATIONS,
        bool(np.array_equal(ours.coordinates, reference[:, 2:6])),
    )


def table_case(rows: int = 30, columns: int = 8) -> Case:
    """Texts of a page put into the cells of a table."""
    tokens, boxes, lines, texts = ["<html>", "<body>", "<table>"], [], [], []
    for row in range(rows):
        tokens.append("<tr>")
        for column in range(columns):
            left, top = 10 + 100 * column, 10 + 30 * row
            tokens.append("<td></td>")
            boxes.append([left, top, left + 100, top, left + 100, top + 30, left, top + 30])
            lines.append([left + 8, top + 6, left + 80, top + 24])
            texts.append(f"cell {row}.{column}")
        tokens.append("</tr>")
    tokens += ["</table>", "</body>", "</html>"]
    page = (10 + 30 * rows, 10 + 100 * columns)
    place = (0.0, 0.0, float(page[1]), float(page[0]))
    text_boxes = np.array(lines, np.float64)
    return Case(
        f"table of {rows * columns} cells matched with its texts",
        lambda: _native.match_table(tokens, boxes, place, page, text_boxes, texts),
        None,
        None,
        OPERATIONS,
    )


def cases() -> list[Case]:
    """Everything about the outputs of networks."""
    return [
        db_case("quad"),
        db_case("poly"),
        ctc_case(6, 40, 6625),
        ctc_case(6, 160, 6625),
        ctc_case(6, 160, 18710),
        layout_case(),
        table_case(),
    ]
