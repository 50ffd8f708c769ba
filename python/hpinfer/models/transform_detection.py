"""Pre-processing steps of detection (``Preprocess``) and segmentation (``Deploy.transforms``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError
from hpinfer.models.transform import native_operators

if TYPE_CHECKING:
    from hpinfer.config.inference import InferenceConfig, Operator
    from hpinfer.models.transform import NativeOperator, Translators

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Numbers and names of OpenCV's interpolations; PaddleX writes either.
_INTERPOLATIONS = {
    0: "nearest",
    1: "linear",
    2: "cubic",
    3: "area",
    4: "lanczos4",
    "NEAREST": "nearest",
    "LINEAR": "linear",
    "BICUBIC": "cubic",
    "CUBIC": "cubic",
    "AREA": "area",
    "LANCZOS4": "lanczos4",
}


def detection_operators(
    config: InferenceConfig, *, img_size: tuple[int, int] | None = None
) -> list[NativeOperator]:
    """The ``Preprocess`` section of a detection model for the native plan.

    Args:
        config: The model's inference.yml.
        img_size: Width and height to stretch pictures to, bicubic; it takes the place of the
            resize that the section begins with. None leaves the section as it is.

    Raises:
        UnsupportedError: A step, or an option of it, that the native plan does not have.
        ConfigError: A parameter is missing or wrong.
    """
    steps = list(config.operators)
    if img_size is not None and steps and steps[0].name == "Resize":
        del steps[0]
    # The warp of CenterNet turns the colours back.
    order = "bgr" if any(step.name == "WarpAffine" for step in steps) else "rgb"
    operators = native_operators(steps, color_order=order, translators=_DETECTION)
    if img_size is None:
        return operators
    width, height = img_size
    return [_resize(width, height, keep_ratio=False, interpolation="cubic"), *operators]


def segmentation_operators(config: InferenceConfig) -> list[NativeOperator]:
    """The ``Deploy.transforms`` of a segmentation model, its resize left out.

    The resize is chosen by call: see `segmentation_resize`.

    Raises:
        UnsupportedError: A step that the native plan does not have.
        ConfigError: A parameter is missing or wrong.
    """
    steps = [step for step in config.operators if step.name != "Resize"]
    operators = native_operators(steps, color_order="rgb", translators=_SEGMENTATION)
    return [*operators, {"type": "ToChw"}]


def segmentation_resize(
    config: InferenceConfig, target_size: tuple[int, int] | None
) -> NativeOperator | None:
    """The resize before segmentation.

    Args:
        config: The model's inference.yml, whose ``Resize`` step may set the manner.
        target_size: Width and height in pixels, or None for the step's own.

    Returns:
        An operator, or None when pictures go through the network at their own size.

    Raises:
        ConfigError: A parameter is wrong.
    """
    step = config.operator("Resize")
    params = {} if step is None else step.params
    try:
        if target_size is None:
            size = params.get("target_size", -1)
            target_size = _size(size) if size not in (-1, [-1, -1]) else None
        if target_size is None:
            return None
        width, height = target_size
        return _resize(
            width,
            height,
            keep_ratio=bool(params.get("keep_ratio", True)),
            multiple=int(params.get("size_divisor") or 1) if "size_divisor" in params else 32,
            interpolation=_interpolation(params.get("interp", "LINEAR")),
        )
    except (TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"the step 'Resize' has unusable parameters {dict(params)!r}: "
            f"{type(error).__name__} {error}"
        ) from None


def _resize(
    width: int, height: int, *, keep_ratio: bool, interpolation: str, multiple: int = 1
) -> NativeOperator:
    operator: NativeOperator = {
        "type": "ResizeKeepRatio" if keep_ratio else "ResizeExact",
        "width": width,
        "height": height,
        "interpolation": interpolation,
    }
    if keep_ratio:
        return {**operator, "multiple": multiple}
    return {
        **operator,
        "width": -(-width // multiple) * multiple,
        "height": -(-height // multiple) * multiple,
    }


def _detection_resize(operator: Operator) -> list[NativeOperator]:
    params = operator.params
    height, width = _size(params["target_size"])  # written height first
    keep_ratio = bool(params.get("keep_ratio", False))
    interpolation = _interpolation(params.get("interp", 2))
    return [_resize(width, height, keep_ratio=keep_ratio, interpolation=interpolation)]


def _detection_normalize(operator: Operator) -> list[NativeOperator]:
    params = operator.params
    # PaddleX reads "none" as "mean_std"; any other type leaves only the scale.
    plain = params.get("norm_type") not in (None, "none", "mean_std")
    mean = (0.0, 0.0, 0.0) if plain else params.get("mean", _IMAGENET_MEAN)
    std = (1.0, 1.0, 1.0) if plain else params.get("std", _IMAGENET_STD)
    return [
        {
            "type": "Normalize",
            "scale": 1.0 / 255.0 if params.get("is_scale", True) else 1.0,
            "mean": _three(mean),
            "std": _three(std),
            "formula": "scale_shift",
        }
    ]


def _permute(operator: Operator) -> list[NativeOperator]:
    return [{"type": "ToChw"}]


def _pad(operator: Operator) -> list[NativeOperator]:
    # Exports also write the size with the channels before it.
    height, width = _size(list(operator.params.get("size") or [640, 640])[-2:])
    fill = operator.params.get("fill_value")
    return [
        {
            "type": "Pad",
            "width": width,
            "height": height,
            "fill": _three((127.5, 127.5, 127.5) if fill is None else fill),
        }
    ]


def _pad_stride(operator: Operator) -> list[NativeOperator]:
    stride = int(operator.params.get("stride", 32))
    return [{"type": "Pad", "multiple": stride}] if stride > 0 else []


def _warp_affine(operator: Operator) -> list[NativeOperator]:
    params = operator.params
    return [
        {
            "type": "CenterFrame",
            "keep_size": bool(params.get("keep_res", True)),
            "width": int(params.get("input_w", 512)),
            "height": int(params.get("input_h", 512)),
        }
    ]


def _segmentation_normalize(operator: Operator) -> list[NativeOperator]:
    params = operator.params
    return [
        {
            "type": "Normalize",
            "scale": 1.0 / 255.0,
            "mean": _three(params.get("mean", 0.5)),
            "std": _three(params.get("std", 0.5)),
            "formula": "scale_shift",
        }
    ]


_DETECTION: Translators = {
    "NormalizeImage": _detection_normalize,
    "Pad": _pad,
    "PadStride": _pad_stride,
    "Permute": _permute,
    "Resize": _detection_resize,
    "WarpAffine": _warp_affine,
}
_SEGMENTATION: Translators = {"Normalize": _segmentation_normalize}


def _interpolation(value: Any) -> str:  # noqa: ANN401 - a number or a name
    key = value.upper() if isinstance(value, str) else value
    if not isinstance(key, (str, int)) or key not in _INTERPOLATIONS:
        raise ConfigError(f"interp must be one of {list(_INTERPOLATIONS)}; got {value!r}")
    return _INTERPOLATIONS[key]


def _size(value: Any) -> tuple[int, int]:  # noqa: ANN401 - one number or two
    first, second = value if isinstance(value, (list, tuple)) else (value, value)
    return int(first), int(second)


def _three(value: Any) -> list[float]:  # noqa: ANN401 - one number or three
    values = list(value) if isinstance(value, (list, tuple)) else [value] * 3
    if len(values) != 3:
        raise ConfigError(f"a value for each of three channels was expected; got {value!r}")
    return [float(item) for item in values]
