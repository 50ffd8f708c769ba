"""Pictures of tables: the cells on their page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.results.drawing import draw_overlay, line_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from hpinfer.results.table import SingleTableResult


def draw_cells(bgr: npt.NDArray[np.uint8], tables: Sequence[SingleTableResult]) -> Image.Image:
    """The page with each cell outlined and lightly filled, neighbours in different colours."""
    boxes = [box for table in tables for box in table.cell_box_list]
    polygons: list[Any] = [[(x1, y1), (x2, y1), (x2, y2), (x1, y2)] for x1, y1, x2, y2 in boxes]
    return draw_overlay(bgr, polygons, [line_color(index) for index in range(len(polygons))])
