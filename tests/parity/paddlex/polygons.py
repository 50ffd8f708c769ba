"""Overlap of convex polygons and the matching of two sets of boxes by it. NumPy only."""

from __future__ import annotations

import numpy as np


def signed_area(points: np.ndarray) -> float:
    """Shoelace area of [N, 2] points; positive when they turn from +x towards +y."""
    following = np.roll(points, -1, axis=0)
    return float(np.sum(points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1])) / 2


def clip_convex(subject: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """Intersection of two convex polygons of positive orientation (Sutherland-Hodgman)."""
    result = [np.asarray(point, float) for point in subject]
    for start, end in zip(clip, np.roll(clip, -1, axis=0), strict=True):
        edge = end - start
        sides = [float(edge[0] * (p[1] - start[1]) - edge[1] * (p[0] - start[0])) for p in result]
        kept: list[np.ndarray] = []
        for index, point in enumerate(result):
            before, here = sides[index - 1], sides[index]
            if before * here < 0:
                previous = result[index - 1]
                kept.append(previous + (point - previous) * (before / (before - here)))
            if here >= 0:
                kept.append(point)
        result = kept
    return np.array(result).reshape(-1, 2)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two convex polygons of shape [N, 2], in 0..1."""
    oriented = [p if signed_area(p) >= 0 else p[::-1] for p in (first, second)]
    areas = [signed_area(p) for p in oriented]
    if min(areas) == 0.0:
        return float(np.array_equal(first, second))
    common = clip_convex(*oriented)
    shared = signed_area(common) if len(common) > 2 else 0.0
    return shared / (areas[0] + areas[1] - shared)


def bounds(polygon: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of [N, 2] points."""
    return np.concatenate([polygon.min(axis=0), polygon.max(axis=0)])


def match_boxes(
    reference: list[np.ndarray], candidate: list[np.ndarray], *, least: float = 0.1
) -> list[tuple[int, int, float]]:
    """Pair boxes of two sets one to one, best overlap first, ties in reading order.

    Args:
        reference: polygons of shape [N, 2].
        candidate: polygons of shape [N, 2].
        least: pairs that overlap less stay unmatched.

    Returns:
        (reference index, candidate index, overlap), by reference index.
    """
    pairs = []
    frames = [bounds(box) for box in candidate]
    for i, box in enumerate(reference):
        frame = bounds(box)
        for j, other in enumerate(frames):
            if (frame[:2] > other[2:]).any() or (other[:2] > frame[2:]).any():
                continue
            shared = overlap(box, candidate[j])
            if shared >= least:
                pairs.append((-shared, abs(i - j), i, j))
    chosen: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for negative, _, i, j in sorted(pairs):
        if i not in chosen and j not in taken:
            chosen[i] = (j, -negative)
            taken.add(j)
    return [(i, *chosen[i]) for i in sorted(chosen)]
