"""Table recognition: the tables of a page, their cells and the text in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError
from hpinfer.io import InputImage
from hpinfer.models import TableStructureRecognition, model_family
from hpinfer.models.timing import stage
from hpinfer.pipelines.base import switched
from hpinfer.pipelines.ocr import OCRPipeline
from hpinfer.pipelines.regions import REGION_PARAMETERS, RegionPipeline, cut_regions
from hpinfer.pipelines.shared_results import (
    TEXT_PARAMETERS,
    check_same_page,
    shared_result,
    step_or_shared,
    text_parameters,
)
from hpinfer.results import DetResult, OCRResult, SingleTableResult, TableRecognitionResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import ModuleConfig, TableRecognitionConfig
    from hpinfer.pipelines.pages import Page
    from hpinfer.pipelines.regions import Region, RegionSettings
    from hpinfer.results import TableRecResult

#: Both names of one parameter: that of PaddleX's `predict`, and that of its command line.
_OWN_TEXT = ("use_ocr_results_with_table_cells", "use_table_cells_ocr_results")


class _CallParameters(StrictModel):
    """What a call may set beside text and layout detection; None leaves the pipeline's value."""

    use_ocr_model: bool | None = None
    use_ocr_results_with_table_cells: bool | None = None
    use_table_cells_ocr_results: bool | None = None
    cell_sort_by_y_projection: bool | None = None


@dataclass(frozen=True, slots=True)
class CellSettings:
    """How text gets into the cells.

    Attributes:
        sort_lines: Order the texts of a cell by line, then from left to right; else as read.
        own_text: Settings of the OCR pipeline to read every cell on its own; None takes the page's
            text.
    """

    sort_lines: bool = False
    own_text: object | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the tables are read with.

    Attributes:
        cells: How text gets into the cells.
        text: Settings of the OCR pipeline; None: `ocr` has the text.
        ocr: The text of the page, given by the caller.
        layout: What is where on the page, given by the caller.
    """

    cells: CellSettings
    text: object | None
    ocr: OCRResult | None
    layout: DetResult | None


class TableRecognitionPipeline(RegionPipeline[TableRecognitionResult]):
    """Finds the tables of pages, and reads them.

    Parameters of `predict`: ``use_doc_orientation_classify``, ``use_doc_unwarping``,
    ``use_layout_detection`` (False: the page is one table), ``layout_threshold``, ``layout_nms``,
    ``layout_unclip_ratio``, ``layout_merge_bboxes_mode``, ``use_ocr_model``, ``text_det_…`` and
    ``text_rec_…`` as for OCR, ``use_ocr_results_with_table_cells`` (read every cell on
    its own; also called ``use_table_cells_ocr_results``), ``cell_sort_by_y_projection`` (texts of a
    cell by line, then from left to right), ``overall_ocr_res`` and ``layout_det_res`` (results that
    are there already, in the coordinates of the pre-processed page).

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = (
        REGION_PARAMETERS
        | frozenset(_CallParameters.model_fields)
        | TEXT_PARAMETERS
        | {"overall_ocr_res", "layout_det_res"}
    )
    LABEL = "table"

    def __init__(self, config: TableRecognitionConfig, settings: Mapping[str, HPISettings]) -> None:
        super().__init__(config, settings)
        self.config = config
        inner = config.SubPipelines
        if config.use_doc_preprocessor:
            self._load_preprocessor(inner.DocPreprocessor)
        # A file with the section but without the switch means it for the cells, as in PaddleX.
        self._ocr = (
            self._sub_pipeline(OCRPipeline, "SubPipelines.GeneralOCR", inner.GeneralOCR)
            if config.use_ocr_model or "GeneralOCR" in inner.model_fields_set
            else None
        )
        if config.use_layout_detection:
            self._load_layout(config.SubModules.LayoutDetection)
        self._structure = self._structure_model(
            "SubModules.TableStructureRecognition", config.SubModules.TableStructureRecognition
        )

    def read_tables(
        self,
        page: Page,
        layout: DetResult | None,
        ocr: OCRResult,
        cells: CellSettings | None = None,
    ) -> list[SingleTableResult]:
        """The tables of a page that is pre-processed and read already.

        Args:
            page: The page.
            layout: What is where on it; None takes the whole page as one table.
            ocr: Its text.
            cells: How text gets into the cells.

        Raises:
            InvalidInputError: `layout` or `ocr` is of a page of another size.
        """
        for result in (layout, ocr):
            if result is not None:
                check_same_page(page, result)
        regions = cut_regions(page.bgr, layout, self.LABEL)
        structures = self._structure.predict_images(
            [InputImage(region.bgr, None, None, None, page.source.name) for region in regions], {}
        )
        return [
            self._table(page, region, structure, ocr, cells or CellSettings())
            for region, structure in zip(regions, structures, strict=True)
        ]

    def _assemble(
        self,
        pages: Sequence[Page],
        layouts: Sequence[DetResult | None],
        settings: RegionSettings,
    ) -> list[TableRecognitionResult]:
        reading: _Reading = settings.reading
        return [
            self._page(page, found or reading.layout, settings)
            for page, found in zip(pages, layouts, strict=True)
        ]

    def _page(
        self, page: Page, layout: DetResult | None, settings: RegionSettings
    ) -> TableRecognitionResult:
        reading: _Reading = settings.reading
        source, ocr = page.source, reading.ocr
        if self._ocr is not None and reading.text is not None:
            image = InputImage(page.bgr, None, None, None, source.name)
            with stage("text"):
                (ocr,) = self._ocr.predict_images([image], reading.text)
        assert ocr is not None  # _reading_settings has checked
        with stage("tables"):
            tables = self.read_tables(page, layout, ocr, reading.cells)
        return TableRecognitionResult(
            table_res_list=tables,
            overall_ocr_res=ocr,
            layout_det_res=layout,
            doc_preprocessor_res=page.document,
            model_settings={
                **settings.model_settings,
                "use_ocr_model": reading.text is not None,
            },
            image=source.bgr,
            input_path=source.input_path,
            page_index=source.page_index,
            name=source.name,
        )

    def _table(
        self,
        page: Page,
        region: Region,
        structure: TableRecResult,
        ocr: OCRResult,
        cells: CellSettings,
    ) -> SingleTableResult:
        from hpinfer import _native

        height, width = page.bgr.shape[:2]
        matched = _native.match_table(
            structure.structure,
            structure.bbox,
            (0, 0, width - 1, height - 1) if region.box is None else region.box,
            (height, width),
            ocr.rec_boxes,
            ocr.rec_texts,
            sort_lines=cells.sort_lines,
            neighbors=region.box is not None,
            cell_texts=None if cells.own_text is None else self._cell_texts(structure, cells),
        )
        return SingleTableResult(
            cell_box_list=matched.cells,
            pred_html=matched.html,
            table_ocr_pred=_lines(ocr, matched.lines),
            neighbor_texts=matched.neighbor_texts,
            table_region_id=region.number,
        )

    def _cell_texts(self, structure: TableRecResult, cells: CellSettings) -> list[str]:
        """The text of each cell, read on its own; empty for a cell without pixels."""
        assert self._ocr is not None  # _reading_settings has checked
        assert structure.image is not None
        texts = []
        for box in structure.bbox:
            corners = [*box[:2], *(box[4:6] if len(box) == 8 else box[2:])]
            left, top, right, bottom = (max(math.ceil(side), 0) for side in corners)
            cell = structure.image[top:bottom, left:right]
            images = [InputImage(cell, None, None, None, structure.name)] if cell.size else []
            read = self._ocr.predict_images(images, cells.own_text)
            texts.append("".join(text for result in read for text in result.rec_texts))
        return texts

    def _settings(self, params: Mapping[str, Any]) -> RegionSettings:
        step_or_shared(
            params.get("use_layout_detection"),
            loaded=self._layout is not None,
            shared=params.get("layout_det_res"),
            names=("use_layout_detection", "layout_det_res"),
        )
        if "layout_det_res" in params:
            params = {**params, "use_layout_detection": False}
        return super()._settings(params)

    def _reading_settings(self, params: Mapping[str, Any]) -> _Reading:
        where = f"{self.name}.predict"
        own = {name: params[name] for name in params if name in _CallParameters.model_fields}
        call = validate(_CallParameters, own, where=where)
        ocr = shared_result(params, "overall_ocr_res", OCRResult, where=where)
        return _Reading(
            cells=CellSettings(bool(call.cell_sort_by_y_projection), self._own_text(call)),
            text=self._text_settings(call.use_ocr_model, ocr, text_parameters(params)),
            ocr=ocr,
            layout=shared_result(params, "layout_det_res", DetResult, where=where),
        )

    def _text_settings(
        self, asked: bool | None, shared: OCRResult | None, given: Mapping[str, Any]
    ) -> object | None:
        """Settings of the OCR pipeline; None if the caller brings the text along."""
        loaded = self.config.use_ocr_model and self._ocr is not None
        names = ("use_ocr_model", "overall_ocr_res")
        if step_or_shared(asked, loaded=loaded, shared=shared, names=names):
            assert self._ocr is not None  # step_or_shared has checked
            return self._ocr.call_settings(given)
        if shared is None:
            raise ConfigError(
                f"{self.name}.predict: tables need the text of the page: leave use_ocr_model on, "
                "or give overall_ocr_res, a result of the OCR pipeline"
            )
        if given:
            raise ConfigError(
                f"{self.name}.predict: {min(given)} has no effect: the page is not read again"
            )
        return None

    def _own_text(self, call: _CallParameters) -> object | None:
        asked = {getattr(call, name) for name in _OWN_TEXT} - {None}
        if len(asked) > 1:
            raise ConfigError(f"{self.name}.predict: {' and '.join(_OWN_TEXT)} mean the same")
        if True not in asked:
            return None
        switched(True, loaded=self._ocr is not None, name=_OWN_TEXT[0])
        assert self._ocr is not None
        return self._ocr.call_settings({})

    def _structure_model(self, path: str, module: ModuleConfig) -> TableStructureRecognition:
        loaded = self._load(path, module)
        if model_family(loaded.config) is not TableStructureRecognition:
            raise ConfigError(
                f"{self.name}: {path} needs a table structure model; {loaded.name} is none"
            )
        return TableStructureRecognition(loaded)


def _lines(ocr: OCRResult, numbers: Sequence[int]) -> dict[str, Any]:
    """PaddleX's ``table_ocr_pred``: the lines of the page that lie in the table."""
    import numpy as np

    return {
        "rec_polys": np.array([ocr.rec_polys[number] for number in numbers]),
        "rec_texts": [ocr.rec_texts[number] for number in numbers],
        "rec_scores": np.array([ocr.rec_scores[number] for number in numbers]),
        "rec_boxes": np.array([ocr.rec_boxes[number] for number in numbers]),
    }
