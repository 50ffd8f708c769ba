"""Pipelines that read one kind of region of a page: layout detection first, then its crops."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError, ModelFormatError
from hpinfer.models.timing import stage
from hpinfer.pipelines.base import ResultT, switched
from hpinfer.pipelines.layout_step import LAYOUT_NAMES, layout_detector
from hpinfer.pipelines.pages import PagePipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.pipelines import LayoutDetectionConfig
    from hpinfer.io import InputImage
    from hpinfer.models import ObjectDetection
    from hpinfer.pipelines.doc_preprocessor import DocSteps
    from hpinfer.pipelines.pages import Page
    from hpinfer.results import DetResult


class _CallParameters(StrictModel):
    """The steps that a call may switch; None leaves the pipeline's value."""

    use_doc_orientation_classify: bool | None = None
    use_doc_unwarping: bool | None = None
    use_layout_detection: bool | None = None


REGION_PARAMETERS = frozenset(_CallParameters.model_fields) | frozenset(LAYOUT_NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of a page that is read.

    Attributes:
        bgr: Its pixels, uint8 [height, width, 3]; a view of the page.
        number: Its number on the page, from 1.
        box: Its bounds x1, y1, x2, y2 in the page as detected; None is the whole page.
    """

    bgr: npt.NDArray[np.uint8]
    number: int
    box: list[float] | None = None


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """Every per-call setting.

    Attributes:
        document: Steps of document pre-processing, None for none.
        layout: Settings of layout detection, None if it is off.
        reading: What the regions are read with.
    """

    document: DocSteps | None
    layout: object | None
    reading: Any

    @property
    def model_settings(self) -> dict[str, bool]:
        """PaddleX's ``model_settings``."""
        return {
            "use_doc_preprocessor": self.document is not None,
            "use_layout_detection": self.layout is not None,
        }


class RegionPipeline(PagePipeline[ResultT]):
    """Document pre-processing, layout detection, and what its subclass reads in the regions.

    A pipeline that has found the layout itself calls `cut_regions` and the subclass's own method.
    """

    #: The class of layout detection that is read, in lower case.
    LABEL: ClassVar[str]

    _layout: ObjectDetection | None = None

    def _load_layout(self, module: LayoutDetectionConfig) -> None:
        path = "SubModules.LayoutDetection"
        loaded = self._load(path, module)
        model = layout_detector(loaded, module, where=f"{self.name}: {path}")
        if self.LABEL not in (label.lower() for label in model.labels):
            raise ConfigError(
                f"{self.name}: {path} needs a class {self.LABEL!r}; {loaded.name} has "
                f"{', '.join(model.labels) or 'no named classes'}"
            )
        self._layout = model

    @abstractmethod
    def _reading_settings(self, params: Mapping[str, Any]) -> object:
        """What the regions are read with, from the parameters that are the subclass's own."""

    @abstractmethod
    def _assemble(
        self,
        pages: Sequence[Page],
        layouts: Sequence[DetResult | None],
        settings: RegionSettings,
    ) -> list[ResultT]:
        """One result for each page; a layout of None is a page that is one region."""

    def _settings(self, params: Mapping[str, Any]) -> RegionSettings:
        where = f"{self.name}.predict"
        switches = {name: params[name] for name in params if name in _CallParameters.model_fields}
        call = validate(_CallParameters, switches, where=where)
        wanted = switched(
            call.use_layout_detection,
            loaded=self._layout is not None,
            name="use_layout_detection",
        )
        given = {name: params[name] for name in LAYOUT_NAMES if name in params}
        if given and not wanted:
            raise ConfigError(
                f"{where}: {next(iter(given))} has no effect without layout detection"
            )
        layout = None
        if wanted and self._layout is not None:
            layout = self._layout.call_settings({LAYOUT_NAMES[n]: v for n, v in given.items()})
        rest = {name: params[name] for name in params if name not in REGION_PARAMETERS}
        return RegionSettings(
            self._document_steps(call.use_doc_orientation_classify, call.use_doc_unwarping),
            layout,
            self._reading_settings(rest),
        )

    def _predict_batch(
        self, images: Sequence[InputImage], settings: RegionSettings
    ) -> list[ResultT]:
        pages = self._pages(images, settings.document)
        return self._assemble(pages, self._layouts(pages, settings.layout), settings)

    def _layouts(self, pages: Sequence[Page], settings: object | None) -> list[DetResult | None]:
        if settings is None or self._layout is None:
            return [None] * len(pages)
        from dataclasses import replace

        inputs = [replace(page.source, bgr=page.bgr) for page in pages]
        with stage("layout"):
            return list(self._layout.predict_images(inputs, settings))


def cut_regions(page: npt.NDArray[np.uint8], layout: DetResult | None, label: str) -> list[Region]:
    """The regions of one class, in the layout's order; parts outside the page are cut off.

    Args:
        page: uint8 [height, width, 3].
        layout: What was found in `page`; None takes the whole page as one region.
        label: The class, in lower case.

    Returns:
        The regions that have a pixel. Numbers count all regions of the class, as PaddleX does.

    Raises:
        ModelFormatError: The boxes of the layout are rotated.
    """
    if layout is None:
        return [Region(page, 1)]
    if layout.coordinates.shape[1] != 4:
        raise ModelFormatError("layout boxes must be upright: x1, y1, x2, y2; these are rotated")
    boxes = [
        box
        for name, box in zip(layout.labels, layout.coordinates.tolist(), strict=True)
        if name.lower() == label
    ]
    regions = []
    for number, box in enumerate(boxes, start=1):
        left, top, right, bottom = (max(int(side), 0) for side in box)
        crop = page[top:bottom, left:right]
        if crop.size:
            regions.append(Region(crop, number, box))
    return regions
