"""Document pre-processing: pages turned upright and made flat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ModelFormatError
from hpinfer.models import DocumentUnwarping, ImageClassification
from hpinfer.models.timing import stage
from hpinfer.pipelines.base import Pipeline, switched
from hpinfer.results import DocPreprocessorResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import DocPreprocessorConfig
    from hpinfer.io import InputImage

_ANGLES = frozenset({"0", "90", "180", "270"})
_NOT_ASKED = -1


class _CallParameters(StrictModel):
    """What a call may set; None leaves the pipeline's value."""

    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None


@dataclass(frozen=True, slots=True)
class DocSteps:
    """The steps of one call; their models are loaded."""

    orientation: bool
    unwarping: bool

    @property
    def model_settings(self) -> dict[str, bool]:
        """PaddleX's ``model_settings``."""
        return {
            "use_doc_orientation_classify": self.orientation,
            "use_doc_unwarping": self.unwarping,
        }


class DocPreprocessorPipeline(Pipeline[DocPreprocessorResult]):
    """Turns pages upright and flattens curved ones; also the first step of other pipelines.

    Parameters of `predict`: ``use_doc_orientation_classify``, ``use_doc_unwarping``.

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = frozenset(_CallParameters.model_fields)

    def __init__(self, config: DocPreprocessorConfig, settings: Mapping[str, HPISettings]) -> None:
        super().__init__(config, settings)
        self.config = config
        modules = config.SubModules
        begin = self._begin_loading
        orientation = (
            begin("SubModules.DocOrientationClassify", modules.DocOrientationClassify)
            if config.use_doc_orientation_classify
            else None
        )
        unwarping = (
            begin("SubModules.DocUnwarping", modules.DocUnwarping)
            if config.use_doc_unwarping
            else None
        )
        self._orientation = None if orientation is None else ImageClassification(orientation.get())
        self._unwarping = None if unwarping is None else DocumentUnwarping(unwarping.get())

    def steps(self, orientation: bool | None = None, unwarping: bool | None = None) -> DocSteps:
        """What a call asks for; None is a step whose model is loaded.

        Raises:
            ConfigError: A step is asked for whose model was not loaded.
        """
        return DocSteps(
            switched(
                orientation,
                loaded=self._orientation is not None,
                name="use_doc_orientation_classify",
            ),
            switched(unwarping, loaded=self._unwarping is not None, name="use_doc_unwarping"),
        )

    def process(self, images: Sequence[InputImage], steps: DocSteps) -> list[DocPreprocessorResult]:
        """Carries out `steps` on pictures that are read already.

        Returns:
            One result for each; a step that is off leaves the picture as it is, not copied.
        """
        if not images:
            return []
        angles = self._angles(images) if steps.orientation else [_NOT_ASKED] * len(images)
        turned = [_turn(image.bgr, angle) for image, angle in zip(images, angles, strict=True)]
        flat = self._flatten(images, turned) if steps.unwarping else turned
        return [
            DocPreprocessorResult(
                model_settings=steps.model_settings,
                angle=angle,
                rot_img=rotated,
                output_img=output,
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, angle, rotated, output in zip(images, angles, turned, flat, strict=True)
        ]

    def _settings(self, params: Mapping[str, Any]) -> DocSteps:
        call = validate(_CallParameters, params, where=f"{self.name}.predict")
        return self.steps(call.use_doc_orientation_classify, call.use_doc_unwarping)

    def _predict_batch(
        self, images: Sequence[InputImage], settings: DocSteps
    ) -> list[DocPreprocessorResult]:
        return self.process(images, settings)

    def _angles(self, images: Sequence[InputImage]) -> list[int]:
        assert self._orientation is not None  # steps() has checked
        settings = self._orientation.call_settings({"topk": 1})
        with stage("orientation"):
            results = self._orientation.predict_images(images, settings)
        return [_angle(self._orientation.name, result.label_names[0]) for result in results]

    def _flatten(
        self, images: Sequence[InputImage], pages: Sequence[npt.NDArray[np.uint8]]
    ) -> list[npt.NDArray[np.uint8]]:
        import numpy as np

        assert self._unwarping is not None  # steps() has checked
        inputs = [replace(image, bgr=page) for image, page in zip(images, pages, strict=True)]
        with stage("unwarping"):
            results = self._unwarping.predict_images(inputs, self._unwarping.call_settings({}))
        # The model's result is red first, as in PaddleX; pages are blue first.
        return [np.ascontiguousarray(result.doctr_img[:, :, ::-1]) for result in results]


def _turn(page: npt.NDArray[np.uint8], angle: int) -> npt.NDArray[np.uint8]:
    if angle <= 0:
        return page
    from hpinfer import _native

    return _native.rotate_image(page, angle)


def _angle(model: str, label: str) -> int:
    if label not in _ANGLES:
        raise ModelFormatError(
            f"{model} must have the labels 0, 90, 180 and 270; it gave {label!r}"
        )
    return int(label)
