"""Pipelines for document pages: their first step turns pages upright and makes them flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.models.timing import stage
from hpinfer.pipelines.base import Pipeline, ResultT, switched
from hpinfer.pipelines.doc_preprocessor import DocPreprocessorPipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.pipelines import DocPreprocessorConfig
    from hpinfer.io import InputImage
    from hpinfer.pipelines.doc_preprocessor import DocSteps
    from hpinfer.results import DocPreprocessorResult


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page as the models see it.

    Attributes:
        source: What was read.
        bgr: The page after pre-processing, uint8 [height, width, 3]; all coordinates are its.
        document: Result of pre-processing, None if it was off.
    """

    source: InputImage
    bgr: npt.NDArray[np.uint8]
    document: DocPreprocessorResult | None


class PagePipeline(Pipeline[ResultT]):
    """A pipeline whose first step is document pre-processing, where its configuration says so."""

    _preprocessor: DocPreprocessorPipeline | None = None

    def _load_preprocessor(self, config: DocPreprocessorConfig) -> None:
        self._preprocessor = self._sub_pipeline(
            DocPreprocessorPipeline, "SubPipelines.DocPreprocessor", config
        )

    def _document_steps(self, orientation: bool | None, unwarping: bool | None) -> DocSteps | None:
        """Steps of pre-processing; None is none of them: the page is read as it is.

        Raises:
            ConfigError: A step is asked for whose model was not loaded.
        """
        if self._preprocessor is None:
            switched(orientation, loaded=False, name="use_doc_orientation_classify")
            switched(unwarping, loaded=False, name="use_doc_unwarping")
            return None
        steps = self._preprocessor.steps(orientation, unwarping)
        return steps if steps.orientation or steps.unwarping else None

    def _pages(self, images: Sequence[InputImage], steps: DocSteps | None) -> list[Page]:
        if self._preprocessor is None or steps is None:
            return [Page(image, image.bgr, None) for image in images]
        with stage("document"):
            results = self._preprocessor.process(images, steps)
        return [
            Page(image, image.bgr if result.output_img is None else result.output_img, result)
            for image, result in zip(images, results, strict=True)
        ]
