"""Text recognition's operators of PaddleX on hpinfer's kernels.

The lines of a batch are written into one array of the widest line's width at once; PaddleX pads and
stacks them in two more copies. The decoder looks at the network's output where it lies.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from hpinfer import _native
from hpinfer.paddlex.detection import is_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


class Lines(list[Any]):
    """Prepared lines, as PaddleX expects them, and the array that holds all of them.

    Attributes:
        batch: float32 [N, 3, H, W], zero to the right of shorter lines.
    """

    def __init__(self, batch: npt.NDArray[np.float32], widths: list[int]) -> None:
        super().__init__(line[:, :, :width] for line, width in zip(batch, widths, strict=True))
        self.batch = batch


def resize(original: Callable[..., Any]) -> Callable[..., Any]:
    """``OCRReisizeNormImg.__call__``."""

    @functools.wraps(original)
    def run(self: Any, imgs: list[Any]) -> list[Any]:  # noqa: ANN401 - an object of PaddleX
        if self.input_shape is not None or not imgs or not all(map(is_picture, imgs)):
            return original(self, imgs)  # type: ignore[no-any-return]
        channels, height, width = self.rec_image_shape
        if channels != 3:
            return original(self, imgs)  # type: ignore[no-any-return]
        plan = _plan(int(height), int(width), int(self.max_imgW))
        placed = [plan.place(*img.shape[:2]) for img in imgs]
        widths = [item.out_width for item in placed]
        widest = max(widths)
        batch = np.empty((len(imgs), 3, int(height), widest), np.float32)
        for index, (img, item) in enumerate(zip(imgs, placed, strict=True)):
            item.out_width = widest
            plan(np.ascontiguousarray(img), item, out=batch[index : index + 1])
        return Lines(batch, widths)

    return run


def to_batch(original: Callable[..., Any]) -> Callable[..., Any]:
    """``ToBatch.__call__`` of text recognition."""

    @functools.wraps(original)
    def run(self: Any, imgs: list[Any]) -> list[Any]:  # noqa: ANN401 - an object of PaddleX
        if isinstance(imgs, Lines) and len(imgs) == len(imgs.batch):
            return [imgs.batch]
        return original(self, imgs)  # type: ignore[no-any-return]

    return run


def decode(original: Callable[..., Any]) -> Callable[..., Any]:
    """``CTCLabelDecode.__call__``."""

    @functools.wraps(original)
    def run(
        self: Any,  # noqa: ANN401 - an object of PaddleX
        pred: Any,  # noqa: ANN401 - the outputs of the network
        return_word_box: bool = False,
        **ratios: Any,
    ) -> tuple[list[Any], list[float]]:
        values = np.asarray(pred[0])
        usable = values.dtype == np.float32 and values.ndim == 3 and 0 not in values.shape
        if return_word_box or self.reverse or not usable:
            given = {"return_word_box": True} if return_word_box else {}
            return original(self, pred, **given, **ratios)  # type: ignore[no-any-return]
        lines = [_native.decode_ctc(line) for line in np.ascontiguousarray(values)]
        texts: list[Any] = ["".join(self.character[i] for i in line.indices) for line in lines]
        return texts, [line.score for line in lines]

    return run


@functools.lru_cache(maxsize=16)
def _plan(height: int, width: int, max_width: int) -> _native.TransformPlan:
    return _native.TransformPlan(
        [
            {"type": "SetColorOrder", "to": "bgr"},
            {"type": "RecResize", "height": height, "width": width, "max_width": max_width},
            {
                "type": "Normalize",
                "mean": [0.5] * 3,
                "std": [0.5] * 3,
                "formula": "divide_by_255",
            },
            {"type": "ToChw"},
        ]
    )
