"""Detection post-processing on NumPy and plain Python: the oracle, from contract 6.2 to 6.4."""

from __future__ import annotations

import math

import numpy as np

F = np.float32


def random_rows(rng, count, *, columns=6, classes=5, size=(640, 480)):
    """Float32 rows as a detector gives them: many overlaps, some out of the picture or empty."""
    width, height = size
    anchors = rng.uniform(-20, (width, height), (max(count // 3, 1), 2))
    corner = anchors[rng.integers(0, len(anchors), count)] + rng.normal(0, 6, (count, 2))
    extent = rng.choice([8, 60, 61, 300, 900], (count, 1)) * rng.uniform(0.9, 1.1, (count, 2))
    rows = np.zeros((count, columns), np.float32)
    rows[:, 0] = rng.integers(-1, classes, count)
    rows[:, 1] = rng.uniform(0, 1, count)
    rows[:, 2:4] = corner
    rows[:, 4:6] = corner + extent * (rng.uniform(size=(count, 1)) > 0.05)
    if columns == 10:
        rows[:, 2:] = rng.uniform(-50, max(size) + 50, (count, 8))
    elif columns > 6:
        rows[:, 6:] = rng.integers(0, max(count, 2), (count, columns - 6))
    return rows


def iou(a, b, extra):
    """Intersection over union, `extra` pixels added to every side; float32."""
    width = max(F(0), min(a[2], b[2]) - max(a[0], b[0]) + F(extra))
    height = max(F(0), min(a[3], b[3]) - max(a[1], b[1]) + F(extra))
    both = width * height
    areas = [(c[2] - c[0] + F(extra)) * (c[3] - c[1] + F(extra)) for c in (a, b)]
    return both / (areas[0] + areas[1] - both)


def threshold_step(rows, threshold):
    if not isinstance(threshold, dict):
        return rows[(rows[:, 1] > F(threshold)) & (rows[:, 0] > -1)]
    kept = [
        row
        for class_id in sorted({float(row[0]) for row in rows if row[0] > -1})
        for row in rows
        if row[0] == class_id and row[1] > F(threshold.get(int(class_id), 0.5))
    ]
    return np.array(kept, np.float32).reshape(-1, rows.shape[1])


def nms_step(rows):
    order = list(np.argsort(rows[:, 1], kind="stable")[::-1])
    kept = []
    while order:
        best = order.pop(0)
        kept.append(best)
        order = [
            i
            for i in order
            if iou(rows[best][2:6], rows[i][2:6], 1)
            < F(0.6 if rows[best][0] == rows[i][0] else 0.98)
        ]
    return rows[kept]


def page_image_step(rows, size, image_class):
    if len(rows) < 2 or image_class is None:
        return rows
    width, height = size
    limit = F((0.82 if width > height else 0.93) * (width * height))
    clipped = np.clip(rows[:, 2:6], 0, np.array([width, height] * 2, np.float32))
    area = (clipped[:, 2] - clipped[:, 0]) * (clipped[:, 3] - clipped[:, 1])
    stays = (rows[:, 0] != image_class) | (area <= limit)
    return rows[stays] if stays.any() else rows


def lies_in(inner, outer):
    area = (inner[4] - inner[2]) * (inner[5] - inner[3])
    width = max(F(0), min(inner[4], outer[4]) - max(inner[2], outer[2]))
    height = max(F(0), min(inner[5], outer[5]) - max(inner[3], outer[3]))
    return area > 0 and width * height / area >= F(0.9)


def merge_step(rows, mode, formula_class):
    rules = list(mode.items()) if isinstance(mode, dict) else [(None, mode)]
    stays = np.ones(len(rows), bool)
    for class_id, rule in rules:
        if rule in (None, "union"):
            continue
        held, holds = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        for i, inner in enumerate(rows):
            for j, outer in enumerate(rows):
                named = outer if rule == "large" else inner
                if i == j or (class_id is not None and named[0] != class_id):
                    continue
                if formula_class is not None and inner[0] == formula_class != outer[0]:
                    continue
                if lies_in(inner, outer):
                    held[i] = holds[j] = True
        stays &= ~held if rule == "large" else ~holds | held
    return rows[stays]


def order_step(rows):
    if rows.shape[1] == 8:
        return rows[np.lexsort((-rows[:, 7], rows[:, 6]))]
    if rows.shape[1] == 7:
        return rows[np.argsort(rows[:, 6], kind="stable")]
    return rows


def unclip_step(rows, ratio):
    rows = rows.copy()
    for row in rows:
        own = ratio.get(int(row[0])) if isinstance(ratio, dict) else ratio
        if own is None:
            continue
        by_width, by_height = own if isinstance(own, tuple) else (own, own)
        width, height = row[4] - row[2], row[5] - row[3]
        x, y = row[2] + width / F(2), row[3] + height / F(2)
        half_width, half_height = width * F(by_width) / F(2), height * F(by_height) / F(2)
        row[2:6] = x - half_width, y - half_height, x + half_width, y + half_height
    return rows


def clip_step(rows, size):
    width, height = size
    count = 8 if rows.shape[1] == 10 else 4
    boxes = np.clip(rows[:, 2 : 2 + count], 0, np.array([width, height] * (count // 2), np.float32))
    clipped = np.concatenate([rows[:, :2], boxes], axis=1)
    if count == 8:
        return clipped
    return clipped[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]


def refine(rows, size, *, threshold, nms, labels, unclip, merge):
    """Rows (class, score, coordinates) of the result."""
    rows = threshold_step(rows, threshold)
    if nms:
        rows = nms_step(rows)
    if rows.shape[1] != 10:
        rows = page_image_step(rows, size, labels.index("image") if "image" in labels else None)
    rows = merge_step(rows, merge, labels.index("formula") if "formula" in labels else None)
    rows = order_step(rows)
    if unclip is not None:
        rows = unclip_step(rows, unclip)
    return clip_step(rows, size)


def decode_gfl(scores, distances, input_size, scale, strides, *, score, nms, top_k, keep):
    """Rows of PicoDet's raw heads in float64: every class claim of every cell, NMS by class."""
    width, height = input_size
    claims = []
    for level, (values, sides) in enumerate(zip(scores, distances, strict=True)):
        stride = strides[level]
        columns = math.ceil(width / stride)
        bins = sides.shape[1] // 4
        logits = sides.reshape(-1, 4, bins).astype(np.float64)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        reach = (weights * np.arange(bins)).sum(-1) / weights.sum(-1) * stride
        cells = np.arange(len(values))
        x, y = (cells % columns + 0.5) * stride, (cells // columns + 0.5) * stride
        boxes = np.stack(
            [x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3]], axis=1
        )
        claims += [
            (int(c), float(values[cell, c]), boxes[cell])
            for cell, c in zip(*np.nonzero(values > F(score)), strict=True)
        ]
    assert len(scores[0]) == math.ceil(width / strides[0]) * math.ceil(height / strides[0])
    kept = []
    for class_id in sorted({claim[0] for claim in claims}):
        own = sorted((c for c in claims if c[0] == class_id), key=lambda c: -c[1])[:top_k]
        chosen = []
        for claim in own:
            if all(iou(other[2], claim[2], 0) <= nms for other in chosen):
                chosen.append(claim)
        kept += chosen
    best = sorted(kept, key=lambda claim: -claim[1])[:keep]
    rows = [claim for claim in kept if any(claim is other for other in best)]
    factors = np.array([scale[0], scale[1]] * 2)
    return np.array([[c, s, *(box / factors)] for c, s, box in rows]).reshape(-1, 6)
