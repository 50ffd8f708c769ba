"""Seal recognition: seals found on pages, their curved text straightened and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from hpinfer.config.batching import Batching  # noqa: TC001 - pydantic reads it
from hpinfer.config.validation import StrictModel, validate
from hpinfer.io import InputImage
from hpinfer.models.timing import stage
from hpinfer.pipelines.ocr import DETECTION_PARAMETERS, OCRPipeline
from hpinfer.pipelines.regions import REGION_PARAMETERS, RegionPipeline, cut_regions
from hpinfer.results import SealRecognitionResult, SealResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import SealRecognitionConfig
    from hpinfer.pipelines.ocr import ReadingSettings
    from hpinfer.pipelines.pages import Page
    from hpinfer.pipelines.regions import RegionSettings
    from hpinfer.results import DetResult

_PREFIX = "seal_det_"


class _ReadingParameters(StrictModel):
    """What a call may set beside text detection; None leaves the pipeline's value."""

    seal_rec_score_thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    seal_rec_batching: Batching | None = None


_SEAL_PARAMETERS = frozenset(_ReadingParameters.model_fields) | {
    _PREFIX + name for name in DETECTION_PARAMETERS
}


class SealRecognitionPipeline(RegionPipeline[SealRecognitionResult]):
    """Reads the seals of pages, or pictures that are seals.

    Parameters of `predict`: ``use_doc_orientation_classify``, ``use_doc_unwarping``,
    ``use_layout_detection``, ``layout_threshold``, ``layout_nms``, ``layout_unclip_ratio``,
    ``layout_merge_bboxes_mode``, ``seal_det_limit_side_len``, ``seal_det_limit_type``,
    ``seal_det_thresh``, ``seal_det_box_thresh``, ``seal_det_unclip_ratio``,
    ``seal_rec_score_thresh``, ``seal_rec_batching``.

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = REGION_PARAMETERS | _SEAL_PARAMETERS
    LABEL = "seal"

    def __init__(self, config: SealRecognitionConfig, settings: Mapping[str, HPISettings]) -> None:
        super().__init__(config, settings)
        self.config = config
        if config.use_doc_preprocessor:
            self._load_preprocessor(config.SubPipelines.DocPreprocessor)
        if config.use_layout_detection:
            self._load_layout(config.SubModules.LayoutDetection)
        self._ocr = self._sub_pipeline(
            OCRPipeline, "SubPipelines.SealOCR", config.SubPipelines.SealOCR
        )

    def seal_settings(self, params: Mapping[str, Any]) -> ReadingSettings:
        """Settings for `read_seals`.

        Args:
            params: ``seal_det_…`` and ``seal_rec_…``; what is missing or None is the pipeline's own
                value.

        Raises:
            ConfigError: A value is wrong.
        """
        detection = {
            name: params[_PREFIX + name]
            for name in DETECTION_PARAMETERS
            if _PREFIX + name in params
        }
        where = f"{self.name}.predict"
        rest = {name: params[name] for name in params if not name.startswith(_PREFIX)}
        call = validate(_ReadingParameters, rest, where=where)
        return self._ocr.reading_settings(
            detection,
            where=f"{where}: seal_det",
            score_thresh=call.seal_rec_score_thresh,
            batching=call.seal_rec_batching,
        )

    def read_seals(
        self,
        page: npt.NDArray[np.uint8],
        layout: DetResult | None,
        settings: ReadingSettings,
        *,
        name: str = "",
    ) -> list[SealResult]:
        """The seals of a page that is read and pre-processed already.

        Args:
            page: uint8 [height, width, 3], BGR.
            layout: The layout of `page`; None takes the whole page as one seal.
            settings: What `seal_settings` gave.
            name: Start of the names of saved files.

        Returns:
            One result for each seal in the layout's order; its coordinates are those of its crop.
        """
        regions = cut_regions(page, layout, self.LABEL)
        inputs = [
            InputImage(region.bgr, None, None, None, f"{name}_seal{region.number}")
            for region in regions
        ]
        with stage("reading"):
            read = self._ocr.predict_images(inputs, settings)
        return [
            SealResult.of(result, region.number)
            for region, result in zip(regions, read, strict=True)
        ]

    def _reading_settings(self, params: Mapping[str, Any]) -> ReadingSettings:
        return self.seal_settings(params)

    def _assemble(
        self,
        pages: Sequence[Page],
        layouts: Sequence[DetResult | None],
        settings: RegionSettings,
    ) -> list[SealRecognitionResult]:
        return [
            SealRecognitionResult(
                seal_res_list=self.read_seals(
                    page.bgr, layout, settings.reading, name=page.source.name
                ),
                model_settings=settings.model_settings,
                doc_preprocessor_res=page.document,
                layout_det_res=layout,
                image=page.source.bgr,
                input_path=page.source.input_path,
                page_index=page.source.page_index,
                name=page.source.name,
            )
            for page, layout in zip(pages, layouts, strict=True)
        ]
