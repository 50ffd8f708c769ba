"""Pictures of detection and segmentation results: colours by class, a legend below."""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.results.drawing import to_pil
from hpinfer.results.fonts import FontBook, can_draw_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from hpinfer.results.detection import DetResult, InstanceSegResult, SegResult

    Color = tuple[int, int, int]
    Rectangle = tuple[int, int, int, int]

_FILL = 0.16  # opacity of a box's inside
_MASK = 0.5  # opacity of a mask
_MANY_CLASSES = 4096
_SHADES = ((0.85, 0.80), (0.95, 0.50), (0.55, 0.70))  # saturation and value


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of a legend."""

    color: Color
    text: str


def class_color(class_id: int) -> Color:
    """Colour of a class: the same in every picture."""
    hue = (0.58 + class_id * 0.381966) % 1.0  # golden angle: neighbours are far apart
    # Hues come near each other after five classes: another shade then.
    saturation, value = _SHADES[class_id // 5 % len(_SHADES)]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw_detections(bgr: npt.NDArray[np.uint8], result: DetResult) -> Image.Image:
    """The picture with each box outlined, lightly filled and named; a legend below."""
    return _with_boxes(to_pil(bgr), result, fill=_FILL)


def draw_instances(bgr: npt.NDArray[np.uint8], result: InstanceSegResult) -> Image.Image:
    """The picture with each mask tinted and its box outlined and named; a legend below."""
    from PIL import Image

    page = to_pil(bgr)
    for class_id, mask, origin in zip(
        result.class_ids.tolist(), result.masks, result.origins, strict=True
    ):
        if mask.size:
            opacity = Image.fromarray(mask * round(255 * _MASK))
            page.paste(class_color(class_id), origin, opacity)
    return _with_boxes(page, result, fill=0.0)


def draw_labels(bgr: npt.NDArray[np.uint8], result: SegResult) -> Image.Image:
    """The picture tinted by class; a legend with the share of each class below."""
    import numpy as np
    from PIL import Image

    labels = np.clip(result.pred[0], 0, _MANY_CLASSES - 1)
    palette = np.array([class_color(i) for i in range(int(labels.max(initial=0)) + 1)], np.uint8)
    page = Image.blend(to_pil(bgr), Image.fromarray(palette[labels]), _MASK)
    names = result.class_names
    entries = [
        _Entry(class_color(number), f"{_name(number, names)} {share:.1%}")
        for number, share in result.shares().items()
        if number >= 0
    ]
    return _with_legend(page, entries)


def _name(number: int, names: Sequence[str]) -> str:
    return names[number] if number < len(names) else f"class {number}"


def _with_boxes(page: Image.Image, result: DetResult, *, fill: float) -> Image.Image:
    from PIL import Image, ImageDraw

    outlines = [_corners(coordinate) for coordinate in result.coordinates.tolist()]
    colors = [class_color(number) for number in result.class_ids.tolist()]
    if fill > 0:
        filled = page.copy()
        inside = ImageDraw.Draw(filled)
        for corners, color in zip(outlines, colors, strict=True):
            inside.polygon(corners, fill=color)
        page = Image.blend(page, filled, fill)
    draw = ImageDraw.Draw(page)
    width = max(2, round(min(page.size) / 350))
    for corners, color in zip(outlines, colors, strict=True):
        draw.line([*corners, corners[0], corners[1]], fill=color, width=width, joint="curve")
    _name_boxes(page, result, outlines, colors)
    counts: dict[str, list[int]] = {}
    for label, number in zip(result.labels, result.class_ids.tolist(), strict=True):
        counts.setdefault(label, []).append(number)
    entries = [_Entry(class_color(ids[0]), f"{label} x{len(ids)}") for label, ids in counts.items()]
    return _with_legend(page, sorted(entries, key=lambda entry: entry.text))


def _corners(coordinate: Sequence[float]) -> list[tuple[float, float]]:
    if len(coordinate) == 4:
        x1, y1, x2, y2 = coordinate
        return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    return list(zip(coordinate[0::2], coordinate[1::2], strict=True))


def _name_boxes(
    page: Image.Image,
    result: DetResult,
    outlines: Sequence[Sequence[tuple[float, float]]],
    colors: Sequence[Color],
) -> None:
    """A plate with label and score at each box, where no other plate is if there is room."""
    from PIL import ImageDraw

    if not can_draw_text():
        return
    fonts, draw = FontBook.load(), ImageDraw.Draw(page)
    size = min(max(round(min(page.size) / 55), 10), 30)
    taken: list[Rectangle] = []
    for corners, label, score, color in zip(
        outlines, result.labels, result.scores.tolist(), colors, strict=True
    ):
        text = f"{label} {score:.2f}"
        plate = (math.ceil(fonts.width(text, size)) + size // 2, round(size * 1.4))
        left, top, right, bottom = _plate_place(page.size, corners, plate, taken)
        taken.append((left, top, right, bottom))
        draw.rectangle((left, top, right, bottom), fill=color)
        fonts.draw(draw, (left + size // 4, bottom - round(size * 0.38)), text, size, fill="white")


def _plate_place(
    page: tuple[int, int],
    corners: Sequence[tuple[float, float]],
    plate: tuple[int, int],
    taken: Sequence[Rectangle],
) -> Rectangle:
    width, height = plate
    x = round(min(corner[0] for corner in corners))
    right = round(max(corner[0] for corner in corners))
    y = round(min(corner[1] for corner in corners))
    bottom = round(max(corner[1] for corner in corners))
    # Above the box, inside its upper corners, below it.
    wishes = [(x, y - height), (x, y), (right - width, y), (right - width, y - height), (x, bottom)]
    places = [
        (left, top, left + width, top + height)
        for left, top in (
            (min(max(left, 0), max(page[0] - width, 0)), min(max(top, 0), page[1] - height))
            for left, top in wishes
        )
    ]
    free = (place for place in places if not any(_overlap(place, other) for other in taken))
    return next(free, places[0])


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _with_legend(page: Image.Image, entries: Iterable[_Entry]) -> Image.Image:
    """The picture with a white strip below that names the colours; as it is without entries."""
    from PIL import Image, ImageDraw

    entries = list(entries)
    if not entries or not can_draw_text():
        return page
    fonts = FontBook.load()
    size = min(max(round(page.width / 45), 11), 28)
    step, gap = round(size * 1.6), size
    lines: list[list[tuple[int, _Entry]]] = [[]]
    x = gap
    for entry in entries:
        width = math.ceil(fonts.width(entry.text, size)) + round(size * 1.4)
        if lines[-1] and x + width > page.width - gap:
            lines.append([])
            x = gap
        lines[-1].append((x, entry))
        x += width + gap
    out = Image.new("RGB", (page.width, page.height + step * len(lines) + gap // 2), "white")
    out.paste(page, (0, 0))
    draw = ImageDraw.Draw(out)
    for row, line in enumerate(lines):
        top = page.height + gap // 2 + row * step
        for left, entry in line:
            draw.rectangle((left, top, left + size, top + size), fill=entry.color)
            at = (left + round(size * 1.4), top + round(size * 0.85))
            fonts.draw(draw, at, entry.text, size, fill="black")
    return out
