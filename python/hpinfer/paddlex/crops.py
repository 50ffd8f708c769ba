"""The cutting out of text lines in PaddleX on hpinfer's kernels."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from hpinfer import _native
from hpinfer.paddlex.detection import is_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


def crop(original: Callable[..., Any]) -> Callable[..., Any]:
    """``CropByPolys.get_minarea_rect_crop``."""

    @functools.wraps(original)
    def run(
        self: Any,  # noqa: ANN401 - an object of PaddleX
        img: npt.NDArray[Any],
        points: npt.NDArray[Any],
    ) -> npt.NDArray[Any]:
        region = np.asarray(points).astype(np.int32)
        if not is_picture(img) or region.ndim != 2 or region.shape[0] < 3:
            return original(self, img, points)  # type: ignore[no-any-return]
        corners, (width, height) = _native.crop_corners(region)
        if width < 1 or height < 1:
            return original(self, img, points)  # type: ignore[no-any-return]
        return _native.crop_quad(np.ascontiguousarray(img), corners)

    return run
