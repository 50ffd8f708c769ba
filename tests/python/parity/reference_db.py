"""What a DB decoder computes, step by step, on OpenCV, pyclipper and NumPy: the test oracle."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pyclipper


def corners_in_order(contour):
    """Corners of the least rectangle (top left, top right, bottom right, bottom left), its side."""
    rect = cv2.minAreaRect(contour)
    corners = sorted(cv2.boxPoints(rect), key=lambda corner: corner[0])
    left, right = corners[:2], corners[2:]
    if not left[1][1] > left[0][1]:
        left.reverse()
    if not right[1][1] > right[0][1]:
        right.reverse()
    return np.array([left[0], right[0], right[1], left[1]]), min(rect[1])


def masked_mean(values, points):
    """Mean over a polygon of a mask as large as the polygon's bounding box, clipped to the map."""
    height, width = values.shape
    left = max(0, min(math.floor(points[:, 0].min()), width - 1))
    right = max(0, min(math.ceil(points[:, 0].max()), width - 1))
    top = max(0, min(math.floor(points[:, 1].min()), height - 1))
    bottom = max(0, min(math.ceil(points[:, 1].max()), height - 1))
    moved = points.copy()
    moved[:, 0] = moved[:, 0] - left
    moved[:, 1] = moved[:, 1] - top
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [moved.astype(np.int32)], 1)
    return cv2.mean(values[top : bottom + 1, left : right + 1], mask)[0]


def grow(points, ratio):
    """Polygons of pyclipper around the points, grown by area * ratio / perimeter."""
    distance = cv2.contourArea(points) * ratio / cv2.arcLength(points, True)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(points, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return [np.array(path, np.int32) for path in offset.Execute(distance)]


def to_source(points, scale, size):
    """Scaled, rounded half to even and clipped."""
    return np.array(
        [
            [
                max(0, min(round(float(c) * s), n))
                for c, s, n in zip(point, scale, size, strict=True)
            ]
            for point in points
        ],
        np.int64,
    )


def decode(
    values,
    source_height,
    source_width,
    *,
    thresh=0.3,
    box_thresh=0.6,
    unclip_ratio=1.5,
    max_candidates=1000,
    min_size=3,
    score_mode="fast",
    box_type="quad",
    use_dilation=False,
):
    """Polygons in the source picture and their scores, in the order of the contours."""
    bitmap = (values > np.float32(thresh)).astype(np.uint8)
    if use_dilation:
        bitmap = cv2.dilate(bitmap, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(bitmap * 255, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = (source_width / values.shape[1], source_height / values.shape[0])
    polygons, scores = [], []
    for contour in contours[:max_candidates]:
        if box_type == "quad":
            points, side = corners_in_order(contour)
            if side < min_size:
                continue
            scored = points if score_mode == "fast" else contour.reshape(-1, 2)
        else:
            epsilon = 0.002 * cv2.arcLength(contour, True)
            points = scored = cv2.approxPolyDP(contour, epsilon, True).reshape(-1, 2)
            if len(points) < 4:
                continue
        score = masked_mean(values, scored)
        if box_thresh > score:
            continue
        grown = grow(points, unclip_ratio)
        if not grown or (box_type == "poly" and len(grown) > 1):
            continue
        corners, side = corners_in_order(grown[0])
        if side < min_size + 2:
            continue
        result = corners if box_type == "quad" else grown[0]
        polygons.append(to_source(result, scale, (source_width, source_height)))
        scores.append(score)
    return polygons, scores
