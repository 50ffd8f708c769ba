"""Typical inputs of a model, to measure engines with: made up, always the same, plausible.

Time on most networks depends on shapes only, but not on all (loops, NMS), and the numerical check
needs outputs that mean something. So pictures are printed pages, not noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.inference import InferenceConfig
    from hpinfer.hpi.family import Family

    Feed = Mapping[str, npt.NDArray[Any]]

#: Heights and widths of the pictures that a family usually sees; its configuration may say more.
_SIZES: dict[Family, tuple[tuple[int, int], ...]] = {
    "text_detection": ((736, 960),),
    "text_recognition": ((48, 320), (48, 640)),
    "classification": ((224, 224),),
    "detection": ((640, 640),),
    "detr": ((640, 640),),
    "segmentation": ((512, 512),),
    "table": ((488, 488),),
    "formula": ((192, 672),),
    "unwarping": ((712, 488),),
    "unknown": ((224, 224),),
}
#: Lines of text: pictures up to this height hold one, taller ones hold lines of `_PAGE_LINE`.
_LINE_HEIGHT = 96
_PAGE_LINE = 28
_WORDS = (
    *("Invoice", "2025-11-20", "Total", "1,284.50", "EUR", "the", "quick", "brown", "fox", "jumps"),
    *("over", "No.", "0042", "Street", "lazy", "dog", "Item", "3.99", "Quantity", "12"),
    *("paid", "by", "card", "Thank", "you", "for", "your", "order"),
)
_CHANNELS = frozenset({1, 3, 4})


class InputInfo(Protocol):
    """One input of a network, as a session tells it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def dtype(self) -> str:
        """Its NumPy dtype."""

    @property
    def shape(self) -> Sequence[int | None] | None:
        """Its shape; None where any size, or any rank, will do."""


def typical_feeds(
    config: InferenceConfig, family: Family, inputs: Sequence[InputInfo]
) -> list[Feed]:
    """Inputs of the sizes that a model usually sees; the same at every call.

    Args:
        config: The model's ``inference.yml``.
        family: What it does.
        inputs: The network's inputs.

    Returns:
        One feed for each size.
    """
    return [_feed(config, inputs, size) for size in _sizes(config, family)]


def feed_text(feed: Feed) -> str:
    """Names and shapes, e.g. ``"x 1x3x48x320"``."""
    return ", ".join(
        f"{name} {'x'.join(map(str, array.shape)) or 'scalar'}" for name, array in feed.items()
    )


def _sizes(config: InferenceConfig, family: Family) -> tuple[tuple[int, int], ...]:
    own = _configured_size(config, family)
    return _SIZES[family] if own is None else (own,)


def _configured_size(config: InferenceConfig, family: Family) -> tuple[int, int] | None:
    """Height and width that the pre-processing always produces, if it says so."""
    if family in ("text_detection", "text_recognition"):
        return None  # sizes vary from picture to picture
    for step in config.raw.get("Preprocess") or ():
        if isinstance(step, dict) and step.get("type") == "Resize":
            return _pair(step.get("target_size"))
    size = None
    for step in config.operators:
        if step.name in ("CropImage", "PaddingTableImage", "ResizeImage"):
            # ResizeImage writes width first; the others have one number or height first.
            found = _pair(step.params.get("size"))
            flipped = step.name == "ResizeImage" and found is not None
            size = (found[1], found[0]) if flipped and found is not None else found or size
        elif step.name in ("ClsResizeImg", "RecResizeImg"):
            size = _pair(list(step.params.get("image_shape") or ())[-2:])
    return size


def _pair(value: Any) -> tuple[int, int] | None:  # noqa: ANN401 - what a file holds
    if isinstance(value, int) and value > 0:
        return value, value
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    if pair and all(isinstance(side, int) and side > 0 for side in value):
        return value[0], value[1]
    return None


def _feed(
    config: InferenceConfig, inputs: Sequence[InputInfo], size: tuple[int, int]
) -> dict[str, npt.NDArray[Any]]:
    usual = _usual_shapes(config)
    shapes = {info.name: _shape(info, usual.get(info.name), size) for info in inputs}
    picture = next((shape for shape in shapes.values() if _is_picture(shape)), (1, 3, *size))
    return {
        info.name: _page(shapes[info.name], _scaling(config)).astype(info.dtype)
        if _is_picture(shapes[info.name])
        else _values(info, shapes[info.name], (picture[-2], picture[-1]))
        for info in inputs
    }


def _usual_shapes(config: InferenceConfig) -> dict[str, list[int]]:
    """The middle shape of each range in the ``Hpi`` section."""
    backends = (config.raw.get("Hpi") or {}).get("backend_configs") or {}
    ranges = (backends.get("tensorrt") or {}).get("dynamic_shapes") or {}
    return {
        name: list(shapes[1])
        for name, shapes in ranges.items()
        if isinstance(shapes, (list, tuple)) and len(shapes) == 3
    }


def _shape(info: InputInfo, usual: Sequence[int] | None, size: tuple[int, int]) -> tuple[int, ...]:
    declared = info.shape
    if declared is None:
        return tuple(usual or (1, 3, *size))
    guess: list[int] = [1] * len(declared)
    if usual is not None and len(usual) == len(declared):
        guess = list(usual)
    if len(declared) == 4:
        channels = declared[1] if declared[1] in _CHANNELS else 3
        guess = [guess[0], int(channels or 3), *size]
    elif len(declared) == 2 and declared[1] is None:
        guess[1] = 2  # im_shape and scale_factor of the detectors
    return tuple(guess[i] if side is None else side for i, side in enumerate(declared))


def _is_picture(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[1] in _CHANNELS


def _values(info: InputInfo, shape: tuple[int, ...], picture: tuple[int, int]) -> npt.NDArray[Any]:
    import numpy as np

    dtype = np.dtype(info.dtype)
    if info.name == "im_shape":
        sizes: npt.NDArray[Any] = np.resize(np.array(picture, dtype), shape)
        return sizes
    return np.ones(shape, dtype)  # scale_factor among others


def _page(
    shape: tuple[int, ...], scaling: tuple[list[float], list[float]]
) -> npt.NDArray[np.float32]:
    """A page of printed lines as a normalised tensor [N, C, H, W]."""
    import numpy as np

    batch, channels, height, width = shape
    grey = _printed(height, width).astype(np.float32) / 255
    mean, std = (np.resize(np.array(part, np.float32), channels) for part in scaling)
    page = (grey[None] - mean[:, None, None]) / std[:, None, None]
    pages: npt.NDArray[np.float32] = np.repeat(page[None], batch, axis=0)
    return pages


def _printed(height: int, width: int) -> npt.NDArray[np.uint8]:
    """Black text on white in lines as tall as a picture of one line, or of an A4 page's size."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    line = height if height <= _LINE_HEIGHT else _PAGE_LINE
    try:
        font = ImageFont.load_default(size=line * 0.6)
    except (ImportError, OSError, TypeError):  # an old Pillow, or one without FreeType
        font = ImageFont.load_default()
    picture = Image.new("L", (width, height), 250)
    draw = ImageDraw.Draw(picture)
    for index in range(max(height // line, 1)):
        text = " ".join(_WORDS[(index + i) % len(_WORDS)] for i in range(len(_WORDS)))
        while text and font.getlength(text) > width - line // 2:
            text = text.rpartition(" ")[0]
        draw.text((line // 4, index * line + line // 5), text, fill=20, font=font)
    return np.asarray(picture)


def _scaling(config: InferenceConfig) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of the normalisation, for values from 0 to 1."""
    step = config.operator("NormalizeImage")
    sections = [] if step is None else [step.params]
    sections += [item for item in config.raw.get("Preprocess") or () if isinstance(item, dict)]
    for section in sections:
        mean, std = section.get("mean"), section.get("std")
        if isinstance(mean, list) and isinstance(std, list) and mean and std and all(std):
            return mean, std
    return [0.5], [0.5]
