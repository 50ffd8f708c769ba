"""Document unwarping: photographs of bent pages made flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.models.base import Model
from hpinfer.results import DocTrResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel


class DocumentUnwarping(Model[DocTrResult]):
    """Flattens pages (UVDoc). Every page goes through the network alone, at its own size."""

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        self.native = _native.ImageUnwarper(loaded.session.native)

    def _predict_batch(self, images: Sequence[InputImage], settings: object) -> list[DocTrResult]:
        pages = self.native.unwarp([image.bgr for image in images])
        return [
            DocTrResult(
                doctr_img=page[:, :, ::-1],
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, page in zip(images, pages, strict=True)
        ]
