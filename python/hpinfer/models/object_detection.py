"""Object detection, layout detection and instance segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.models.base import Model, ResultT
from hpinfer.models.detection_settings import (
    PARAMETERS,
    DetectionSettings,
    checked_image_size,
    detection_settings,
    raw_head_options,
)
from hpinfer.models.transform_detection import detection_operators
from hpinfer.results import DetResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer import _native
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel


class Detector(Model[ResultT]):
    """What detection with and without masks share.

    Attributes:
        settings: The parameters that a call does not give.
    """

    _MASKS: ClassVar[bool] = False

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        batch_size: int = 1,
        settings: DetectionSettings | None = None,
        img_size: tuple[int, int] | None = None,
    ) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        self.settings = settings or detection_settings(loaded.config)
        self.native = _native.ObjectDetector(
            loaded.session.native,
            detection_operators(loaded.config, img_size=img_size),
            raw_head_options(loaded.config, len(loaded.session.outputs)),
            self._MASKS,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.settings.labels

    def _settings(self, params: Mapping[str, Any]) -> DetectionSettings:
        return self.settings.override(params, where=f"{self.name}.predict")

    def _detect(
        self, images: Sequence[InputImage], options: _native.DetectionOptions
    ) -> list[_native.DetectedObjects]:
        return self.native.detect([image.bgr for image in images], max(len(images), 1), options)


class ObjectDetection(Detector[DetResult]):
    """Finds objects, or the parts of a page: boxes in pixels of each picture, with scores."""

    PARAMETERS: ClassVar[frozenset[str]] = PARAMETERS
    OPTIONS: ClassVar[frozenset[str]] = frozenset({"img_size"})

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        batch_size: int = 1,
        settings: DetectionSettings | None = None,
        img_size: int | tuple[int, int] | None = None,
    ) -> None:
        """A detector.

        Args:
            loaded: The network and its inference.yml.
            batch_size: Images that go through the network together by default.
            settings: The parameters that a call does not give; None takes the file's.
            img_size: Size that pictures are stretched to for the network, bicubic, instead of the
                resize that its inference.yml begins with: a side or (width, height) in pixels.

        Raises:
            ConfigError: `img_size` is no size, or the network takes another one only.
        """
        size = None if img_size is None else checked_image_size(loaded, img_size)
        super().__init__(loaded, batch_size=batch_size, settings=settings, img_size=size)

    def _predict_batch(
        self, images: Sequence[InputImage], settings: DetectionSettings
    ) -> list[DetResult]:
        found = self._detect(images, settings.native())
        return [
            DetResult(
                class_ids=objects.class_ids,
                scores=objects.scores,
                coordinates=objects.coordinates,
                class_names=settings.labels,
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, objects in zip(images, found, strict=True)
        ]
