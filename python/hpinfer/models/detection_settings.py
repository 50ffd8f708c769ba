"""Parameters of object and layout detection: from the model's file, a pipeline or a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from hpinfer import _native
    from hpinfer.config.inference import InferenceConfig
    from hpinfer.models.loading import LoadedModel

_Score: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
_Ratio: TypeAlias = Annotated[float, Field(gt=0.0)]
_Ratios: TypeAlias = _Ratio | tuple[_Ratio, _Ratio]
_MergeMode: TypeAlias = Literal["union", "large", "small"]

_DEFAULT_THRESHOLD = 0.5


class _Overrides(StrictModel):
    """What a file, a pipeline or a call may set; None leaves the value as it is."""

    threshold: _Score | dict[int, _Score] | None = None
    layout_nms: bool | None = None
    layout_unclip_ratio: _Ratios | dict[int, _Ratios] | None = None
    layout_merge_bboxes_mode: _MergeMode | dict[int, _MergeMode] | None = None


class _Nms(StrictModel):
    """The ``NMS`` section of a model whose network stops before its NMS."""

    name: str = "MultiClassNMS"
    score_threshold: _Score = 0.025
    nms_threshold: _Score = 0.6
    nms_top_k: int = Field(default=1000, ge=1)
    keep_top_k: int = Field(default=100, ge=1)


PARAMETERS = frozenset(_Overrides.model_fields)


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """Every parameter of detection, resolved.

    Attributes:
        labels: Names of the classes.
        threshold: Score that a box must exceed; or by class number, then a class that is missing
            has 0.5 and boxes come sorted by class.
        layout_nms: Whether overlapping boxes of a page are thinned out: 0.6 within a class, 0.98
            between classes.
        layout_unclip_ratio: How much boxes grow about their centre: one number, (width, height),
            or such a value by class number; None leaves them.
        layout_merge_bboxes_mode: What happens to boxes inside others: ``"union"`` nothing,
            ``"large"`` the inner ones go, ``"small"`` the outer ones go; or by class number.
    """

    labels: tuple[str, ...] = ()
    threshold: float | Mapping[int, float] = _DEFAULT_THRESHOLD
    layout_nms: bool = False
    layout_unclip_ratio: float | tuple[float, float] | Mapping[int, Any] | None = None
    layout_merge_bboxes_mode: str | Mapping[int, str] | None = None

    def override(self, values: Mapping[str, Any], *, where: str) -> DetectionSettings:
        """These settings with the values that are not None.

        Mappings may name classes by number or label.

        Raises:
            ConfigError: A value is wrong, or a label is none of the model's.
        """
        given = {
            name: self._by_number(value, where=f"{where}: {name}")
            for name, value in values.items()
            if value is not None
        }
        checked = validate(_Overrides, given, where=where)
        return replace(self, **{name: getattr(checked, name) for name in given})

    def label(self, class_id: int) -> str:
        """Name of a class, its number if it has none."""
        return self.labels[class_id] if class_id < len(self.labels) else str(class_id)

    def native(self) -> _native.DetectionOptions:
        """For the native detector."""
        from hpinfer import _native

        given = self.threshold
        by_class: dict[Any, float] | None = dict(given) if isinstance(given, Mapping) else None
        merge, class_merge = self._merge()
        unclip, class_unclip = self._unclip()
        return _native.DetectionOptions(
            threshold=_DEFAULT_THRESHOLD if isinstance(given, Mapping) else given,
            class_thresholds=by_class,
            layout_nms=self.layout_nms,
            image_class=self._class_of("image"),
            formula_class=self._class_of("formula"),
            merge=merge,
            class_merge=class_merge,
            unclip=unclip,
            class_unclip=class_unclip,
        )

    def _merge(self) -> tuple[_native.MergeMode, list[tuple[int, _native.MergeMode]]]:
        from hpinfer import _native

        modes = _native.MergeMode.__members__
        given = self.layout_merge_bboxes_mode
        if isinstance(given, Mapping):
            return modes["union"], [(number, modes[mode]) for number, mode in given.items()]
        return modes[given or "union"], []

    def _unclip(self) -> tuple[tuple[float, float] | None, dict[Any, tuple[float, float]]]:
        given = self.layout_unclip_ratio
        if isinstance(given, Mapping):
            return None, {number: _pair(ratio) for number, ratio in given.items()}
        return (None if given is None else _pair(given)), {}

    def _class_of(self, label: str) -> int | None:
        return self.labels.index(label) if label in self.labels else None

    def _by_number(self, value: object, *, where: str) -> object:
        if not isinstance(value, Mapping):
            return value
        return {self._number(key, where): item for key, item in value.items()}

    def _number(self, key: object, where: str) -> object:
        if not isinstance(key, str) or key.lstrip("-").isdigit():
            return key
        if key not in self.labels:
            raise ConfigError(f"{where}: the model has no class {key!r}; it has {self.labels}")
        return self.labels.index(key)


def detection_settings(config: InferenceConfig) -> DetectionSettings:
    """The settings that a model's inference.yml asks for.

    Raises:
        ConfigError: A value is wrong.
    """
    raw = config.raw
    labels = raw.get("label_list") or ()
    settings = DetectionSettings(labels=tuple(str(label) for label in labels))
    values = {name: raw.get(name) for name in PARAMETERS - {"threshold"}}
    values["threshold"] = raw.get("draw_threshold", _DEFAULT_THRESHOLD)
    return settings.override(values, where=f"inference.yml of {config.model_name}")


def checked_image_size(loaded: LoadedModel, img_size: object) -> tuple[int, int]:
    """The size that a detector's pictures are stretched to.

    Args:
        loaded: The detector.
        img_size: A side or (width, height) in pixels.

    Returns:
        Width and height.

    Raises:
        ConfigError: It is neither, or the network was exported with another size.
    """
    where = f"{loaded.name}: img_size"
    pair = tuple(img_size) if isinstance(img_size, (list, tuple)) else (img_size, img_size)
    sides = [side for side in pair if isinstance(side, int) and not isinstance(side, bool)]
    if not len(pair) == len(sides) == 2 or min(sides) < 1:
        raise ConfigError(f"{where} must be a side or (width, height) in pixels; got {img_size!r}")
    width, height = sides
    for entry in loaded.session.inputs:
        shape = entry.shape
        if shape is None or len(shape) != 4:
            continue
        fixed = (shape[3], shape[2])
        if any(own not in (None, asked) for own, asked in zip(fixed, (width, height), strict=True)):
            own = "x".join("any" if side is None else str(side) for side in fixed)
            raise ConfigError(
                f"{where}: the network was exported for pictures of {own}; {width}x{height} "
                "cannot be asked of it: set img_size to null"
            )
    return width, height


def raw_head_options(config: InferenceConfig, outputs: int) -> _native.GflOptions | None:
    """How to decode a PicoDet network that stops before its decoding and NMS.

    Args:
        config: The model's inference.yml.
        outputs: Number of outputs of the network; two for each stride mean raw heads.

    Returns:
        The options, or None for a network that gives boxes.

    Raises:
        ConfigError: The ``NMS`` section is wrong.
    """
    strides = config.raw.get("fpn_stride")
    if not isinstance(strides, list) or outputs != 2 * len(strides) or outputs <= 2:
        return None
    from hpinfer import _native

    where = f"inference.yml of {config.model_name}: NMS"
    nms = validate(_Nms, config.raw.get("NMS") or {}, where=where)
    return _native.GflOptions(strides=strides, **nms.model_dump(exclude={"name"}))


def _pair(value: float | tuple[float, float]) -> tuple[float, float]:
    return value if isinstance(value, tuple) else (float(value), float(value))
