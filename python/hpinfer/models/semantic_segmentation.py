"""Semantic segmentation: a class for each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.errors import ConfigError
from hpinfer.models.base import Model
from hpinfer.models.transform_detection import segmentation_operators, segmentation_resize
from hpinfer.results import SegResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel
    from hpinfer.models.transform import NativeOperator

_OWN_SIZE = -1


class SemanticSegmentation(Model[SegResult]):
    """Labels the pixels of pictures, by default at their own size."""

    PARAMETERS: ClassVar[frozenset[str]] = frozenset({"target_size"})

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        batch_size: int = 1,
        target_size: int | tuple[int, int] | None = None,
    ) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        self._config = loaded.config
        self._resize = self._resize_to(target_size, None, where=self.name)
        self.native = _native.Segmenter(
            loaded.session.native, segmentation_operators(loaded.config)
        )

    def _settings(self, params: Mapping[str, Any]) -> NativeOperator | None:
        where = f"{self.name}.predict"
        return self._resize_to(params.get("target_size"), self._resize, where=where)

    def _resize_to(
        self, target_size: object, default: NativeOperator | None, *, where: str
    ) -> NativeOperator | None:
        """The resize for a size; `default`, or else the model's own, for None; none for -1."""
        if target_size is None:
            return default or segmentation_resize(self._config, None)
        size = list(target_size) if isinstance(target_size, (list, tuple)) else [target_size] * 2
        sides = [side for side in size if isinstance(side, int) and not isinstance(side, bool)]
        if len(size) == len(sides) == 2 and sides == [_OWN_SIZE, _OWN_SIZE]:
            return None
        if not len(size) == len(sides) == 2 or min(sides) < 1:
            raise ConfigError(
                f"{where}: target_size must be a side in pixels, (width, height), or -1 for the "
                f"picture's own size; got {target_size!r}"
            )
        return segmentation_resize(self._config, (sides[0], sides[1]))

    def _predict_batch(
        self, images: Sequence[InputImage], settings: NativeOperator | None
    ) -> list[SegResult]:
        maps = self.native.segment([image.bgr for image in images], max(len(images), 1), settings)
        return [
            SegResult(
                pred=labels,
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, labels in zip(images, maps, strict=True)
        ]
