"""Image classification, also the orientation of pages and text lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError
from hpinfer.models.base import Model
from hpinfer.models.transform import native_operators
from hpinfer.results import TopkResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel

_DECIMALS = 5  # PaddleX rounds scores so
_MOST_CLASSES = 2**31 - 1  # what a native whole number holds; no model has so many


class _Topk(StrictModel):
    topk: int = Field(default=5, ge=1)
    label_list: tuple[str, ...] = ()


class ImageClassification(Model[TopkResult]):
    """Names the best classes of pictures."""

    PARAMETERS: ClassVar[frozenset[str]] = frozenset({"topk"})

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        section = dict(loaded.config.postprocess.get("Topk") or {})
        section["label_list"] = tuple(str(label) for label in section.get("label_list") or ())
        topk = validate(_Topk, section, where=f"inference.yml of {loaded.name}: PostProcess.Topk")
        self.labels = topk.label_list
        self._topk = topk.topk
        self.native = _native.ImageClassifier(
            loaded.session.native, native_operators(loaded.config.operators, color_order="rgb")
        )

    def _settings(self, params: Mapping[str, Any]) -> int:
        topk = params.get("topk")
        if topk is None:
            return self._topk
        if not isinstance(topk, int) or isinstance(topk, bool) or topk < 1:
            raise ConfigError(f"topk must be a whole number of at least 1; got {topk!r}")
        return topk

    def _predict_batch(self, images: Sequence[InputImage], settings: int) -> list[TopkResult]:
        pictures = [image.bgr for image in images]
        topk = min(settings, _MOST_CLASSES)
        best = self.native.classify(pictures, max(len(images), 1), topk)
        return [self._result(image, *row) for image, row in zip(images, best, strict=True)]

    def _result(self, image: InputImage, classes: list[int], scores: list[float]) -> TopkResult:
        return TopkResult(
            class_ids=classes,
            scores=[round(score, _DECIMALS) for score in scores],
            label_names=[self._label(index) for index in classes],
            image=image.bgr,
            input_path=image.input_path,
            page_index=image.page_index,
            name=image.name,
        )

    def _label(self, index: int) -> str:
        return self.labels[index] if index < len(self.labels) else str(index)
