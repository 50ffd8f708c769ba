"""Draws curves of resident memory as SVG, in the reader's light or dark colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 40
COLOURS = ("#2f6fb2", "#c0504d", "#4f9d4f", "#8a63b0", "#c98a1b", "#4aa3a3")


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the plot: its name and its points (calls, MB)."""

    name: str
    points: Sequence[tuple[int, float]]


def draw(title: str, curves: Sequence[Curve]) -> str:
    """One plot; the y axis begins at 0, so that growth is seen in proportion."""
    most_x = max(x for curve in curves for x, _ in curve.points)
    most_y = max(y for curve in curves for _, y in curve.points)
    step = _round_step(most_y / 4)
    top = step * -(-most_y // step)
    height = HEIGHT + 18 * len(curves)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="sans-serif" font-size="12" fill="#808080">'
        ),
        f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
    ]
    value = 0.0
    while value <= top:
        y = _y(value, top)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" '
            'stroke="#808080" stroke-opacity="0.3"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.0f}</text>'
        )
        value += step
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{share * most_x:.0f}</text>"
        )
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">calls</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">resident MB</text>')
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{LEFT + x / most_x * (WIDTH - LEFT - RIGHT):.1f},{_y(y, top):.1f}"
            for x, y in curve.points
        )
        row = HEIGHT + 18 * number + 8
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
            f'<line x1="{LEFT}" y1="{row}" x2="{LEFT + 24}" y2="{row}" stroke="{colour}" '
            f'stroke-width="3"/><text x="{LEFT + 32}" y="{row + 4}">{escape(curve.name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _y(value: float, top: float) -> float:
    return TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is at least that."""
    power = 1.0
    while True:
        for digit in (1, 2, 5):
            if digit * power >= least:
                return digit * power
        power *= 10
