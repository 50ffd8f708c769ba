"""Polygons to grow: convex, concave, self-crossing and degenerate ones, and contours of bitmaps.

Each family is a generator of int32 arrays [count, 2].
"""

from __future__ import annotations

import cv2
import numpy as np

STEPS = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1], [1, -1], [-1, -1]])


def scattered(rng, low=3, high=12, side=100):
    """Random corners: mostly self-crossing."""
    return rng.integers(0, side, (int(rng.integers(low, high)), 2))


def crossing_often(rng):
    return scattered(rng, 10, 100, int(rng.choice([40, 300])))


def of_few_pixels(rng):
    return scattered(rng, 3, 10, int(rng.integers(2, 6)))


def far_out(rng):
    side = 10 ** rng.uniform(1, 8.8, 2)
    return rng.uniform(-side, side, (int(rng.integers(3, 40)), 2))


def slivers(rng):
    """Long, thin and almost collinear."""
    points = scattered(rng, 3, 20, 10 ** int(rng.integers(2, 7)))
    points[:, 1] = points[:, 0] * rng.uniform(-1, 1) + rng.integers(-3, 4, len(points))
    return points[:, :: int(rng.choice([-1, 1]))]


def convex(rng):
    return cv2.convexHull(scattered(rng, 3, 14, 300).astype(np.int32))[:, 0]


def stars(rng):
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 40))))
    radii = rng.uniform(2, 150, len(angles))
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)


def spirals(rng):
    """Bands whose turns touch when grown."""
    turns = np.linspace(0, rng.uniform(3, 30), int(rng.integers(10, 120)))
    radii = 5 + rng.uniform(1, 6) * turns
    directions = np.stack([np.cos(turns), np.sin(turns)], 1)
    inner, outer = radii[:, None] * directions, (radii + rng.uniform(1, 8))[:, None] * directions
    return np.concatenate([inner, outer[::-1]])


def combs(rng):
    columns = np.cumsum(rng.integers(1, 9, 2 * int(rng.integers(2, 30))))
    teeth = np.stack([columns, 100 - rng.integers(0, 60, len(columns))], 1)
    return np.concatenate([teeth, [[columns[-1], 120], [columns[0], 120]]])


def walks(rng):
    """Steps to neighbouring cells: edges that lie on each other."""
    steps = rng.choice(STEPS, int(rng.integers(4, 200)))
    return np.cumsum(steps * int(rng.integers(1, 8)), 0)


def right_angled(rng):
    steps = np.zeros((int(rng.integers(4, 60)), 2), int)
    axes = rng.integers(0, 2, len(steps))
    steps[np.arange(len(steps)), axes] = rng.integers(-12, 13, len(steps))
    return np.cumsum(steps, 0)


def repeated(rng):
    points = scattered(rng)
    return np.repeat(points, rng.integers(1, 4, len(points)), 0)


def there_and_back(rng):
    """No area: the way out is the way back."""
    points = scattered(rng, 2, 8, 60)
    return np.concatenate([points, points[::-1]])


def subdivided(rng):
    """More points on every edge, rounded."""
    points = scattered(rng, 3, 8, 50).astype(float)
    shares = np.linspace(0, 1, int(rng.integers(2, 6)), endpoint=False)[:, None]
    edges = zip(points, np.roll(points, -1, 0), strict=True)
    return np.concatenate([start + (end - start) * shares for start, end in edges])


FAMILIES = (
    scattered,
    crossing_often,
    of_few_pixels,
    far_out,
    slivers,
    convex,
    stars,
    spirals,
    combs,
    walks,
    right_angled,
    repeated,
    there_and_back,
    subdivided,
)


def whole(points):
    return np.ascontiguousarray(points).astype(np.int32)


def contours_of(values, threshold):
    """Contours of a map as DB decoding meets them: raw and simplified."""
    bitmap = (values > threshold).astype(np.uint8)
    for contour in cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]:
        epsilon = 0.002 * cv2.arcLength(contour, True)
        yield contour[:, 0]
        yield cv2.approxPolyDP(contour, epsilon, True)[:, 0]
