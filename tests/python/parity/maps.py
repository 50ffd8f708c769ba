"""Probability maps to decode: noise, blobs, strokes, specks and drawn lines of text."""

from __future__ import annotations

import cv2
import numpy as np


def noise(rng, height, width):
    return rng.random((height, width)).astype(np.float32)


def blobs(rng, height, width):
    smooth = cv2.GaussianBlur(noise(rng, height, width), (0, 0), float(rng.uniform(0.5, 4)))
    low, high = float(smooth.min()), float(smooth.max())
    return ((smooth - low) / (high - low + 1e-6)).astype(np.float32)


def strokes(rng, height, width):
    """Thin and thick lines, also across the border."""
    drawn = np.zeros((height, width), np.float32)
    for _ in range(6):
        start, end = rng.integers(-10, [width + 10, height + 10], (2, 2)).tolist()
        cv2.line(drawn, start, end, 1.0, int(rng.integers(1, 9)))
    return np.clip(cv2.GaussianBlur(drawn, (0, 0), float(rng.uniform(0.3, 2))), 0, 1)


def specks(rng, height, width):
    return (noise(rng, height, width) > 0.9).astype(np.float32)


def text_lines(rng, height, width, count=30):
    """What a detector answers: soft bars and bows at any angle, some touching, with faint noise."""
    drawn = np.zeros((height, width), np.float32)
    for _ in range(count):
        centre = tuple(float(c) for c in rng.uniform(0, [width, height]))
        size = (float(rng.uniform(6, width / 5)), float(rng.uniform(5, 20)))
        angle = float(rng.choice([0, 90, rng.normal(0, 3), rng.uniform(-90, 90)]))
        strength = float(rng.uniform(0.55, 1))
        if rng.random() < 0.8:
            corners = cv2.boxPoints((centre, size, angle))
            cv2.fillPoly(drawn, [corners.astype(np.int32)], strength)
        else:
            whole = tuple(int(c) for c in centre)
            axes = (int(size[0]), int(size[0] / 2) + 1)
            cv2.ellipse(drawn, whole, axes, angle, 200, 340, strength, int(size[1] / 2) + 3)
    soft = cv2.GaussianBlur(drawn, (0, 0), 1.2) + rng.normal(0, 0.01, drawn.shape)
    return np.clip(soft, 0, 1).astype(np.float32)


SMALL = (noise, blobs, strokes, specks)
