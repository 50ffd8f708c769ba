"""Which lines of text lie in which parts of a page, and in which order the parts are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Boxes share a part of the page if they overlap by more than this many pixels both ways.
_TOUCH = 3


def overlaps(
    blocks: npt.NDArray[np.float64], lines: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Which line lies in which block, by PaddleX's rule.

    Args:
        blocks: Boxes [m, 4] of x1, y1, x2, y2 in pixels.
        lines: Boxes [n, 4].

    Returns:
        bool [m, n].
    """
    import numpy as np

    first = np.maximum(blocks[:, None, :2], lines[None, :, :2])
    last = np.minimum(blocks[:, None, 2:], lines[None, :, 2:])
    shared: npt.NDArray[np.bool_] = np.asarray(((last - first) > _TOUCH).all(axis=2))
    return shared


def reading_order(boxes: npt.NDArray[np.float64], width: int) -> list[int]:
    """The order in which blocks are read, by PaddleX's rule for pages of one or two columns.

    From top to bottom, but between two blocks that span both columns the left column comes before
    the right one. A block is of the left column if it begins in the first quarter of the page and
    ends before three fifths of it, of the right one if it begins behind two fifths.

    Args:
        boxes: Boxes [n, 4] of x1, y1, x2, y2 in pixels.
        width: Width of the page in pixels.

    Returns:
        Positions in `boxes`.
    """
    import numpy as np

    down = np.lexsort((boxes[:, 0], boxes[:, 1]))
    begin, end = boxes[down, 0], boxes[down, 2]
    left = (begin < width / 4) & (end < 3 * width / 5)
    right = ~left & (begin > 2 * width / 5)
    column = np.select([left, right], [0, 1], default=2)
    # A wide block closes the stretch of columns above it.
    wide = column == 2
    stretch = np.cumsum(wide) - wide
    order: list[int] = down[np.lexsort((np.arange(len(down)), column, stretch))].tolist()
    return order
