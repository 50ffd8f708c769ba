"""The pages of pages.json: the example pictures, turned by quarters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PICTURES = ("hello.png", "receipt.png", "sign.png")


def turned_pages(images: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Name and BGR array of each page; ``receipt.png@1`` is turned clockwise by one quarter."""
    for name in PICTURES:
        with Image.open(images / name) as picture:
            page = np.asarray(picture.convert("RGB"))[:, :, ::-1]
        for turns in range(4):
            yield f"{name}@{turns}", np.ascontiguousarray(np.rot90(page, -turns))
