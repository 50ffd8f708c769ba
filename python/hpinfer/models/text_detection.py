"""Text detection: where the text of a picture is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from hpinfer.config.validation import StrictModel, validate
from hpinfer.models.base import Model
from hpinfer.models.transform import native_operators
from hpinfer.results import TextDetResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer import _native
    from hpinfer.config.inference import InferenceConfig
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel

#: DetResizeForTest says "long side 960", but PaddleX resizes only what is longer (contract 6.5).
_DEFAULT_LIMIT = 960
#: Of detectors of seals, where it is a bound of the shorter side.
_SEAL_LIMIT = 736


class _Overrides(StrictModel):
    """What a call or a pipeline may set; None leaves the model's own value."""

    limit_side_len: int | None = Field(default=None, ge=1)
    limit_type: Literal["max", "min"] | None = None
    max_side_limit: int | None = Field(default=None, ge=32)
    thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    box_thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    unclip_ratio: float | None = Field(default=None, gt=0.0)


class _PostProcess(StrictModel):
    """The ``PostProcess`` section of a detection model's inference.yml."""

    name: Literal["DBPostProcess"]
    thresh: float = Field(default=0.3, ge=0.0, le=1.0)
    box_thresh: float = Field(default=0.6, ge=0.0, le=1.0)
    unclip_ratio: float = Field(default=1.5, gt=0.0)
    max_candidates: int = Field(default=1000, ge=1)
    use_dilation: bool = False
    score_mode: Literal["fast", "slow"] = "fast"
    box_type: Literal["quad", "poly"] = "quad"


@dataclass(frozen=True, slots=True)
class TextDetectionSettings:
    """Every parameter of text detection, resolved.

    Attributes:
        limit_side_len: Side length that `limit_type` speaks of, in pixels.
        limit_type: ``"max"``: the long side is brought down to the limit; ``"min"``: the short
            side is brought up to it.
        max_side_limit: Bound of the long side after that, in pixels.
        thresh: Probability above which a pixel is text.
        box_thresh: Mean probability that a region needs.
        unclip_ratio: By how much a region is grown.
        max_candidates: Regions looked at, at most.
        use_dilation: Whether the text mask is dilated by 2 x 2 first.
        score_mode: Region score over its box (``"fast"``) or its contour (``"slow"``).
        box_type: ``"quad"`` or ``"poly"``.
    """

    limit_side_len: int = _DEFAULT_LIMIT
    limit_type: str = "max"
    max_side_limit: int = 4000
    thresh: float = 0.3
    box_thresh: float = 0.6
    unclip_ratio: float = 1.5
    max_candidates: int = 1000
    use_dilation: bool = False
    score_mode: str = "fast"
    box_type: str = "quad"

    def override(self, values: Mapping[str, Any], *, where: str) -> TextDetectionSettings:
        """These settings with the values that are not None; ConfigError if one is wrong."""
        given = {name: value for name, value in values.items() if value is not None}
        validate(_Overrides, given, where=where)
        return replace(self, **given)

    def for_curved_text(self) -> TextDetectionSettings:
        """These settings for polygons: what detectors of straight text lack to find curved text.

        Thresholds and growth stay: they belong to what the network was trained for.
        """
        if self.box_type == "poly":
            return self
        return replace(self, box_type="poly", limit_type="min", limit_side_len=_SEAL_LIMIT)

    def native(self) -> _native.TextDetectionParams:
        """For the native detector."""
        from hpinfer import _native

        values = asdict(self)
        resize = {
            name: values.pop(name) for name in ("limit_side_len", "limit_type", "max_side_limit")
        }
        db = _native.DbOptions()
        values["score_mode"] = _native.DbScoreMode.__members__[values["score_mode"]]
        values["box_type"] = _native.DbBoxType.__members__[values["box_type"]]
        for name, value in values.items():
            setattr(db, name, value)
        return _native.TextDetectionParams({"type": "DetResize", **resize}, db)


def detection_settings(config: InferenceConfig) -> TextDetectionSettings:
    """The settings that a model's inference.yml asks for."""
    where = f"inference.yml of {config.model_name}"
    post = validate(_PostProcess, config.postprocess, where=where).model_dump(exclude={"name"})
    resize = config.operator("DetResizeForTest")
    limit = None if resize is None else resize.params.get("resize_long")
    if post["box_type"] == "poly":
        return TextDetectionSettings(limit or _SEAL_LIMIT, "min", **post)
    return TextDetectionSettings(limit_side_len=limit or _DEFAULT_LIMIT, **post)


class TextDetection(Model[TextDetResult]):
    """Finds the text of pictures: polygons in pixels of each picture, with scores."""

    PARAMETERS: ClassVar[frozenset[str]] = frozenset(_Overrides.model_fields)

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        batch_size: int = 1,
        settings: TextDetectionSettings | None = None,
    ) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        self.settings = settings or detection_settings(loaded.config)
        self.native = _native.TextDetector(
            loaded.session.native, native_operators(loaded.config.operators)
        )

    def _settings(self, params: Mapping[str, Any]) -> TextDetectionSettings:
        return self.settings.override(params, where=f"{self.name}.predict")

    def _predict_batch(
        self, images: Sequence[InputImage], settings: TextDetectionSettings
    ) -> list[TextDetResult]:
        params = settings.native()
        return [self._predict_one(image, params) for image in images]

    def _predict_one(self, image: InputImage, params: _native.TextDetectionParams) -> TextDetResult:
        regions = self.native.detect(image.bgr, params)
        return TextDetResult(
            dt_polys=[polygon for polygon, _ in regions],
            dt_scores=[score for _, score in regions],
            image=image.bgr,
            input_path=image.input_path,
            page_index=image.page_index,
            name=image.name,
        )
