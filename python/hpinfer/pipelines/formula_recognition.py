"""Formula recognition: formulas found on pages, read as LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.errors import ConfigError
from hpinfer.io import InputImage
from hpinfer.models import FormulaRecognition, model_family
from hpinfer.models.timing import stage
from hpinfer.pipelines.regions import REGION_PARAMETERS, RegionPipeline, cut_regions
from hpinfer.results import FormulaRecognitionResult, FormulaResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import FormulaRecognitionConfig
    from hpinfer.pipelines.pages import Page
    from hpinfer.pipelines.regions import RegionSettings
    from hpinfer.results import DetResult


class FormulaRecognitionPipeline(RegionPipeline[FormulaRecognitionResult]):
    """Reads the formulas of pages, or pictures that are formulas, as LaTeX.

    Parameters of `predict`: ``use_doc_orientation_classify``, ``use_doc_unwarping``,
    ``use_layout_detection``, ``layout_threshold``, ``layout_nms``, ``layout_unclip_ratio``,
    ``layout_merge_bboxes_mode``.

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = REGION_PARAMETERS
    LABEL = "formula"

    def __init__(
        self, config: FormulaRecognitionConfig, settings: Mapping[str, HPISettings]
    ) -> None:
        super().__init__(config, settings)
        self.config = config
        if config.use_doc_preprocessor:
            self._load_preprocessor(config.SubPipelines.DocPreprocessor)
        if config.use_layout_detection:
            self._load_layout(config.SubModules.LayoutDetection)
        path, module = "SubModules.FormulaRecognition", config.SubModules.FormulaRecognition
        loaded = self._load(path, module)
        if model_family(loaded.config) is not FormulaRecognition:
            raise ConfigError(f"{self.name}: {path} needs a formula model; {loaded.name} is none")
        self._model = FormulaRecognition(loaded)

    def read_formulas(
        self,
        pages: Sequence[npt.NDArray[np.uint8]],
        layouts: Sequence[DetResult | None],
        *,
        names: Sequence[str] = (),
    ) -> list[list[FormulaResult]]:
        """The formulas of pages that are read and pre-processed already.

        All of them go through the network together, in batches of the module's size.

        Args:
            pages: uint8 [height, width, 3] each, BGR.
            layouts: The layout of each page; None takes the whole page as one formula.
            names: Start of the names of saved files, one a page.

        Returns:
            The formulas of each page, in the layout's order.
        """
        regions = [
            (number, region)
            for number, (page, layout) in enumerate(zip(pages, layouts, strict=True))
            for region in cut_regions(page, layout, self.LABEL)
        ]
        titles = names or [""] * len(pages)
        inputs = [
            InputImage(region.bgr, None, None, None, f"{titles[page]}_formula{region.number}")
            for page, region in regions
        ]
        found: list[list[FormulaResult]] = [[] for _ in pages]
        with stage("reading"):
            results = self._recognize(inputs)
        for (page, region), read in zip(regions, results, strict=True):
            found[page].append(FormulaResult.of(read, region.number, region.box))
        return found

    def _recognize(self, inputs: Sequence[InputImage]) -> list[Any]:
        size, settings = (
            self.config.SubModules.FormulaRecognition.batch_size,
            self._model.call_settings({}),
        )
        return [
            result
            for start in range(0, len(inputs), size)
            for result in self._model.predict_images(inputs[start : start + size], settings)
        ]

    def _reading_settings(self, params: Mapping[str, Any]) -> None:
        return None  # a call has no parameter of the formula model

    def _assemble(
        self,
        pages: Sequence[Page],
        layouts: Sequence[DetResult | None],
        settings: RegionSettings,
    ) -> list[FormulaRecognitionResult]:
        found = self.read_formulas(
            [page.bgr for page in pages], layouts, names=[page.source.name for page in pages]
        )
        return [
            FormulaRecognitionResult(
                formula_res_list=formulas,
                model_settings=settings.model_settings,
                doc_preprocessor_res=page.document,
                layout_det_res=layout,
                image=page.source.bgr,
                input_path=page.source.input_path,
                page_index=page.source.page_index,
                name=page.source.name,
            )
            for page, layout, formulas in zip(pages, layouts, found, strict=True)
        ]
