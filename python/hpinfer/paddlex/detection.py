"""Text detection's operators of PaddleX on hpinfer's kernels.

PaddleX resizes, normalises, transposes and stacks in four operators; hpinfer has one pass for all.
So the resize only notes what to do, the normalisation does it, and the batch is not copied again.
Whatever the pass does not cover goes to PaddleX's own operators, picture by picture.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from hpinfer import _native

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

#: Pictures whose height and width together stay below this are padded first.
_SMALL = 64
#: Decimals to which published means and deviations are given.
_DECIMALS = 6
_SCALE = 1.0 / 255.0


class Deferred:
    """A picture that is to be resized, and how."""

    __slots__ = ("image", "limits", "original", "size")

    def __init__(
        self,
        image: npt.NDArray[np.uint8],
        limits: tuple[int, str, int],
        size: tuple[int, int],
        original: Callable[[], Any],
    ) -> None:
        """Notes it.

        Args:
            image: BGR picture [H, W, 3].
            limits: ``limit_side_len``, ``limit_type`` and ``max_side_limit``.
            size: Height and width after resizing.
            original: PaddleX's own resize of this picture.
        """
        self.image = image
        self.limits = limits
        self.size = size
        self.original = original


class Planned(np.ndarray[Any, np.dtype[Any]]):
    """An array that hpinfer has made: rows of channels lie one behind the other."""


def resize(original: Callable[..., Any]) -> Callable[..., Any]:
    """``DetResizeForTest.resize``."""

    @functools.wraps(original)
    def run(
        self: Any,  # noqa: ANN401 - an object of PaddleX
        img: npt.NDArray[Any],
        limit_side_len: int | None,
        limit_type: str | None,
        max_side_limit: int | None = None,
    ) -> tuple[Any, npt.NDArray[Any]]:
        def own() -> Any:  # noqa: ANN401 - whatever PaddleX returns
            return original(self, img, limit_side_len, limit_type, max_side_limit)

        if self.resize_type != 0 or not is_picture(img) or sum(img.shape[:2]) < _SMALL:
            return own()  # type: ignore[no-any-return]
        limits = (
            limit_side_len or self.limit_side_len,
            limit_type or self.limit_type,
            self.max_side_limit if max_side_limit is None else max_side_limit,
        )
        if limits[1] not in ("max", "min", "resize_long"):
            return own()  # type: ignore[no-any-return]
        height, width = img.shape[:2]
        placed = _plan(limits, (0.0,) * 3, (1.0,) * 3).place(height, width)
        size = (placed.resized_height, placed.resized_width)
        if max(size) + 32 > limits[2]:  # PaddleX logs that the limit was reached
            return own()  # type: ignore[no-any-return]
        ratios = (1.0, 1.0)
        if size != (height, width):
            ratios = (size[0] / float(height), size[1] / float(width))
        deferred = Deferred(img, limits, size, lambda: own()[0])
        return deferred, np.array([height, width, *ratios])

    return run


def normalize(original: Callable[..., Any]) -> Callable[..., Any]:
    """``NormalizeImage.__call__``."""

    @functools.wraps(original)
    def run(self: Any, imgs: list[Any]) -> list[Any]:  # noqa: ANN401 - an object of PaddleX
        constants = _constants(self)
        return [_normalized(self, img, constants, original) for img in imgs]

    return run


def to_batch(original: Callable[..., Any]) -> Callable[..., Any]:
    """``ToBatch.__call__`` of the operators that all tasks share."""

    @functools.wraps(original)
    def run(self: Any, imgs: list[Any]) -> list[Any]:  # noqa: ANN401 - an object of PaddleX
        if len(imgs) != 1 or not isinstance(imgs[0], Planned) or not imgs[0].flags.c_contiguous:
            plain = [img.view(np.ndarray) if isinstance(img, Planned) else img for img in imgs]
            return original(self, plain)  # type: ignore[no-any-return]
        return [imgs[0].view(np.ndarray)[np.newaxis]]

    return run


def decode(original: Callable[..., Any]) -> Callable[..., Any]:
    """``DBPostProcess.process``."""

    @functools.wraps(original)
    def run(
        self: Any,  # noqa: ANN401 - an object of PaddleX
        pred: npt.NDArray[Any],
        img_shape: npt.NDArray[Any],
        thresh: float,
        box_thresh: float,
        unclip_ratio: float,
    ) -> tuple[Any, list[float]]:
        values = np.asarray(pred)[0]
        if values.dtype != np.float32 or self.box_type not in ("quad", "poly"):
            return original(  # type: ignore[no-any-return]
                self, pred, img_shape, thresh, box_thresh, unclip_ratio
            )
        options = _native.DbOptions()
        options.thresh, options.box_thresh = thresh, box_thresh
        options.unclip_ratio = unclip_ratio
        options.max_candidates, options.min_size = self.max_candidates, self.min_size
        options.use_dilation = bool(self.use_dilation)
        options.score_mode = _native.DbScoreMode.__members__[self.score_mode]
        options.box_type = _native.DbBoxType.__members__[self.box_type]
        polygons, scores = _native.decode_db(
            np.ascontiguousarray(values), int(img_shape[0]), int(img_shape[1]), options
        )
        if self.box_type == "quad":
            return np.array(polygons, dtype=np.int16), scores
        return [np.asarray(polygon).astype(np.int64) for polygon in polygons], scores

    return run


def is_picture(image: Any) -> bool:  # noqa: ANN401 - whatever PaddleX read
    """Whether the kernels take it: uint8 [H, W, 3], not empty."""
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
        and image.size > 0
    )


def _normalized(
    operator: Any,  # noqa: ANN401 - an object of PaddleX
    img: Any,  # noqa: ANN401 - a picture or a Deferred
    constants: tuple[tuple[float, ...], tuple[float, ...]] | None,
    original: Callable[..., Any],
) -> Any:  # noqa: ANN401 - an array
    if not isinstance(img, Deferred):
        return original(operator, [img])[0]
    if constants is None:
        return original(operator, [img.original()])[0]
    plan = _plan(img.limits, *constants)
    tensor = plan(np.ascontiguousarray(img.image))
    # PaddleX expects [H, W, 3] here and transposes next.
    return tensor[0].transpose(1, 2, 0).view(Planned)


@functools.lru_cache(maxsize=64)
def _plan(
    limits: tuple[int, str, int], mean: tuple[float, ...], std: tuple[float, ...]
) -> _native.TransformPlan:
    side, kind, largest = limits
    return _native.TransformPlan(
        [
            {"type": "SetColorOrder", "to": "bgr"},
            {
                "type": "DetResize",
                "limit_side_len": int(side),
                "limit_type": kind,
                "max_side_limit": int(largest),
            },
            {
                "type": "Normalize",
                "scale": _SCALE,
                "mean": list(mean),
                "std": list(std),
                "formula": "scale_shift",
            },
            {"type": "ToChw"},
        ]
    )


def _constants(
    operator: Any,  # noqa: ANN401 - an object of PaddleX
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and deviation of a normalisation that only keeps what it made of them.

    None if they cannot be found exactly, or the operator works in another order.
    """
    alpha, beta = operator.alpha, operator.beta
    if operator.order == "chw" or len(alpha) != 3:
        return None
    std = tuple(round(_SCALE / value, _DECIMALS) if value else 0.0 for value in alpha)
    if 0.0 in std:
        return None
    mean = tuple(round(-b * s, _DECIMALS) for b, s in zip(beta, std, strict=True))
    exact = all(
        _SCALE / s == a and -m / s == b for a, b, m, s in zip(alpha, beta, mean, std, strict=True)
    )
    return (mean, std) if exact else None
