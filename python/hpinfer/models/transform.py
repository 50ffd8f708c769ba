"""Pre-processing steps of ``inference.yml`` as operators of the native transform plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from hpinfer.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpinfer.config.inference import Operator

NativeOperator: TypeAlias = "dict[str, Any]"
#: Name of a step to what it becomes.
Translators: TypeAlias = "Mapping[str, Callable[[Operator], list[NativeOperator]]]"

#: Steps that concern training labels or the choice of outputs; nothing to do at inference.
_IGNORED = frozenset(
    {"DetLabelEncode", "KeepKeys", "MultiLabelEncode", "TableBoxEncode", "TableLabelEncode"}
)


def native_operators(
    operators: Sequence[Operator],
    *,
    color_order: str = "bgr",
    translators: Translators | None = None,
) -> list[NativeOperator]:
    """Translates the steps of an ``inference.yml``.

    Args:
        operators: The steps, in order.
        color_order: Order in which the family reads pictures: ``"bgr"`` or ``"rgb"``; a
            ``DecodeImage`` step overrides it.
        translators: Steps of the family by name; None means those of ``PreProcess`` sections.

    Returns:
        Operator dicts for ``_native.TransformPlan`` and the native models.

    Raises:
        UnsupportedError: A step, or an option of it, that the native plan does not have.
        ConfigError: A parameter is missing or wrong.
    """
    order = color_order
    steps: list[NativeOperator] = []
    for operator in operators:
        if operator.name == "DecodeImage":
            order = _choice(operator, "img_mode", {"BGR": "bgr", "RGB": "rgb"}, "BGR")
        elif operator.name not in _IGNORED:
            steps += _translate(operator, _TRANSLATORS if translators is None else translators)
    return [{"type": "SetColorOrder", "to": order}, *steps]


def _translate(operator: Operator, translators: Translators) -> list[NativeOperator]:
    if operator.name not in translators:
        raise UnsupportedError(
            f"pre-processing step {operator.name!r} is not supported; known steps are "
            f"{', '.join(sorted({*translators, *_IGNORED, 'DecodeImage'}))}"
        )
    try:
        return translators[operator.name](operator)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, (ConfigError, UnsupportedError)):
            raise
        raise ConfigError(
            f"pre-processing step {operator.name!r} has unusable parameters "
            f"{dict(operator.params)!r}: {type(error).__name__} {error}"
        ) from None


def _det_resize(operator: Operator) -> list[NativeOperator]:
    # The limits come from the call, the pipeline or the model's defaults (contract 6.5): PaddleX
    # takes from this step the side length only.
    return [{"type": "DetResize"}]


def _line_resize(operator: Operator, *, max_width: int | None) -> list[NativeOperator]:
    _channels, height, width = operator.params["image_shape"]
    return [
        {
            "type": "RecResize",
            "height": height,
            "width": width,
            "max_width": max_width or width,
        },
        {
            "type": "Normalize",
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "formula": "divide_by_255",
        },
        {"type": "ToChw"},
    ]


def _rec_resize(operator: Operator) -> list[NativeOperator]:
    return _line_resize(operator, max_width=3200)


def _cls_resize(operator: Operator) -> list[NativeOperator]:
    return _line_resize(operator, max_width=None)


def _resize_image(operator: Operator) -> list[NativeOperator]:
    params = operator.params
    # PaddleX means Pillow when the file says so, else OpenCV.
    backend = str(params.get("backend", "cv2"))
    mode = str(params.get("interpolation") or "linear").lower()
    if backend == "cv2":
        mode = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
    elif mode == "linear":
        mode = "bilinear"
    interpolation = mode if backend == "cv2" else f"{backend}_{mode}"
    if params.get("resize_short") is not None:
        side = int(params["resize_short"])
        step = {"type": "ResizeSide", "which": "short", "side": side}
    else:
        width, height = _pair(params["size"])
        step = {"type": "ResizeExact", "width": width, "height": height}
    return [{**step, "interpolation": interpolation}]


def _crop_image(operator: Operator) -> list[NativeOperator]:
    width, height = _pair(operator.params["size"])
    return [{"type": "CenterCrop", "width": width, "height": height}]


def _normalize_image(operator: Operator) -> list[NativeOperator]:
    params = operator.params
    return [
        {
            "type": "Normalize",
            "scale": _number(params.get("scale", 1.0 / 255.0)),
            "mean": [float(value) for value in params["mean"]],
            "std": [float(value) for value in params["std"]],
            "formula": "scale_shift",
        }
    ]


def _to_chw(operator: Operator) -> list[NativeOperator]:
    return [{"type": "ToChw"}]


def _resize_table(operator: Operator) -> list[NativeOperator]:
    side = int(operator.params.get("max_len", 488))
    return [{"type": "ResizeSide", "which": "long", "side": side}]


def _pad_table(operator: Operator) -> list[NativeOperator]:
    side, *_ = operator.params.get("size", [488])  # a square: PaddleX reads the first number only
    return [{"type": "Pad", "width": int(side), "height": int(side)}]


_TRANSLATORS: Translators = {
    "ClsResizeImg": _cls_resize,
    "CropImage": _crop_image,
    "DetResizeForTest": _det_resize,
    "NormalizeImage": _normalize_image,
    "PaddingTableImage": _pad_table,
    "RecResizeImg": _rec_resize,
    "ResizeImage": _resize_image,
    "ResizeTableImage": _resize_table,
    "ToCHWImage": _to_chw,
}


def _choice(operator: Operator, key: str, values: Mapping[str, str], default: str) -> str:
    value = str(operator.params.get(key, default))
    if value not in values:
        raise ConfigError(
            f"{operator.name}.{key} must be one of {', '.join(values)}; got {value!r}"
        )
    return values[value]


def _pair(size: Any) -> tuple[int, int]:  # noqa: ANN401 - one number or [width, height]
    if isinstance(size, (list, tuple)):
        width, height = size
        return int(width), int(height)
    return int(size), int(size)


def _number(value: Any) -> float:  # noqa: ANN401 - a number, or text such as "1./255."
    if isinstance(value, str) and value.count("/") == 1:
        numerator, denominator = value.split("/")
        return float(numerator) / float(denominator)
    return float(value)
