"""Renders lines of known text as a detector would cut them out, clean or degraded."""

from __future__ import annotations

import functools
import io
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fonts import FONTS
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from texts import LANGUAGES, LENGTHS, make_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

DEGRADATIONS = ("clean", "blur", "noise", "jpeg", "rotation", "contrast")
_SIZES = (12, 16, 20, 28, 40, 64)  # of the font in pixels


@dataclass(frozen=True, slots=True)
class Line:
    """A picture of a line.

    Attributes:
        image: uint8 [height, width, 3], BGR.
        text: What it says.
        buckets: What it counts for, e.g. ``{"language": "english"}``.
        spaces: Whether the spaces of `text` are known.
        name: Where it comes from.
    """

    image: npt.NDArray[np.uint8]
    text: str
    buckets: dict[str, str]
    spaces: bool = True
    name: str = ""


def render_lines(count: int, fonts: Mapping[str, Path], seed: int = 0) -> list[Line]:
    """Lines of every language, length, font, size and degradation, the same for the same seed.

    Args:
        count: How many.
        fonts: Files by font name, for all of `FONTS`.
        seed: Of the choices.
    """
    rng = random.Random(seed)
    return [_line(i, rng, fonts) for i in range(count)]


def _line(index: int, rng: random.Random, fonts: Mapping[str, Path]) -> Line:
    # Two of the choices cycle, so that every pair is met equally often; the others are drawn.
    language = LANGUAGES[index % len(LANGUAGES)]
    length = LENGTHS[index // len(LANGUAGES) % len(LENGTHS)]
    degradation = rng.choice(DEGRADATIONS)
    usable = [font for font in FONTS if font.chinese or language in ("english", "numbers")]
    font, size = rng.choice(usable), rng.choice(_SIZES)
    text = make_text(language, length, rng)
    picture = _draw(text, _font(str(fonts[font.name]), size), size, rng)
    picture = _degrade(picture, degradation, size, rng)
    return Line(
        np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1]),
        text,
        {
            "language": language,
            "length": length,
            "degradation": degradation,
            "font": font.name,
            "size": f"{size} px",
        },
        name=f"rendered {index}",
    )


@functools.cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def _draw(text: str, font: ImageFont.FreeTypeFont, size: int, rng: random.Random) -> Image.Image:
    left, top, right, bottom = font.getbbox(text)
    # The boxes of a detector keep a rim of about a fifth of the height around the ink.
    rim = [round(size * rng.uniform(0.08, 0.3)) for _ in range(4)]
    width, height = right - left + rim[0] + rim[2], bottom - top + rim[1] + rim[3]
    dark = tuple(rng.randint(0, 80) for _ in range(3))
    light = tuple(rng.randint(200, 255) for _ in range(3))
    ink, paper = (light, dark) if rng.random() < 0.15 else (dark, light)
    picture = Image.new("RGB", (round(width), round(height)), paper)
    ImageDraw.Draw(picture).text((rim[0] - left, rim[1] - top), text, font=font, fill=ink)
    return picture


def _degrade(picture: Image.Image, how: str, size: int, rng: random.Random) -> Image.Image:
    if how == "blur":
        return picture.filter(ImageFilter.GaussianBlur(size * rng.uniform(0.02, 0.06)))
    if how == "jpeg":
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=rng.randint(12, 40))
        return Image.open(buffer)
    if how == "rotation":
        # A long line that leans far would be cut out along its lean.
        reach = min(3.0, 25.0 * picture.height / picture.width)
        angle, paper = rng.uniform(-reach, reach), picture.getpixel((0, 0))
        return picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
    pixels = np.asarray(picture).astype(np.float32)
    if how == "noise":
        noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 22, pixels.shape)
        pixels = pixels + noise.astype(np.float32)
    if how == "contrast":
        mean = pixels.mean()
        pixels = mean + (pixels - mean) * rng.uniform(0.15, 0.35)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
