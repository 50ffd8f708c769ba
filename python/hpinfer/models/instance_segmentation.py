"""Instance segmentation: objects and the pixels of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from hpinfer.models.object_detection import Detector
from hpinfer.results import InstanceSegResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.io import InputImage
    from hpinfer.models.detection_settings import DetectionSettings


class InstanceSegmentation(Detector[InstanceSegResult]):
    """Finds objects with their masks; pictures go through the network one by one."""

    PARAMETERS: ClassVar[frozenset[str]] = frozenset({"threshold"})
    _MASKS: ClassVar[bool] = True

    def _predict_batch(
        self, images: Sequence[InputImage], settings: DetectionSettings
    ) -> list[InstanceSegResult]:
        # The steps for layouts are not part of this family, so no class is "image" to it.
        found = self._detect(images, replace(settings, labels=()).native())
        return [
            InstanceSegResult(
                class_ids=objects.class_ids,
                scores=objects.scores,
                coordinates=objects.coordinates,
                masks=objects.masks,
                class_names=settings.labels,
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, objects in zip(images, found, strict=True)
        ]
