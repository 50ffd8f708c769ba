"""Inputs of the seal goldens, the same for the generator and the tests; NumPy only."""

from __future__ import annotations

import numpy as np

HEIGHT, WIDTH = 300, 320
CASES = range(72)


def picture() -> np.ndarray:
    """uint8 [300, 320, 3]: smooth waves with noise, so that a wrong position shows."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = np.stack([(x * 7 + y * 3) % 256, (x * x // 40 + y) % 256, (y * 5 - x) % 256], axis=-1)
    noise = np.random.default_rng(11).integers(0, 40, waves.shape)
    return np.clip(waves + noise, 0, 255).astype(np.uint8)


def arc(center: tuple[float, float], radii: tuple[float, float], angles: tuple[float, float],
        points: int, stretch: float = 1.0) -> np.ndarray:  # fmt: skip
    """A band of text round a seal, outer side first."""
    turn = np.linspace(*angles, points)
    sides = [(radii[1], turn), (radii[0], turn[::-1])]
    rows = [
        np.stack([center[0] + r * np.cos(a), center[1] + stretch * r * np.sin(a)], axis=1)
        for r, a in sides
    ]
    return np.concatenate(rows)


def polygon(case: int) -> np.ndarray:
    """int32 [n, 2]: arcs of all lengths and shapes, straight boxes, tall text, broken rings."""
    generator = np.random.default_rng(1000 + case)
    kind = case % 9
    center = tuple(generator.uniform(120, 180, 2))
    inner = float(generator.uniform(35, 80))
    start = float(generator.uniform(-np.pi, np.pi))
    span = float(generator.uniform(1.2, 5.2))
    count = int(generator.integers(5, 14))
    radii = (inner, inner + float(generator.uniform(14, 34)))
    if kind < 5:
        points = arc(center, radii, (start, start + span), count, float(generator.uniform(0.6, 1)))
        points = points + generator.uniform(-2, 2, points.shape)
    elif kind == 5:  # tall: half a narrow ellipse
        points = arc(center, (30, 52), (-np.pi / 2 - 0.2, np.pi / 2 + 0.1), count, 2.4)
        points = points + generator.uniform(-2, 2, points.shape)
    elif kind == 6:  # nearly a rectangle
        points = np.array([[40, 60], [150, 52], [260, 66], [262, 98], [150, 90], [42, 94]])
        points = points + generator.uniform(-6, 6, points.shape)
    elif kind == 7:  # few points
        points = generator.uniform(30, 260, (int(generator.integers(3, 5)), 2))
    else:  # any ring, mostly crossing itself
        points = generator.uniform(30, 260, (int(generator.integers(5, 9)), 2))
    return np.roll(points, int(generator.integers(0, len(points))), axis=0).astype(np.int32)
