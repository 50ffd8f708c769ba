"""Results of pipelines that read one kind of region of a page: seals, formulas."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.results.base import Result
from hpinfer.results.modules import FormulaRecResult
from hpinfer.results.ocr import LINE_COLUMNS, OCRResult
from hpinfer.results.rows import RowsResult

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from hpinfer.results.detection import DetResult
    from hpinfer.results.modules import DocPreprocessorResult


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class SealResult(OCRResult):
    """The text of one seal; its coordinates are those of the seal's own picture, `image`.

    Attributes:
        seal_region_id: Number of the seal on its page, from 1.
    """

    # PaddleX's JSON of a seal does not have it either: the list is in this order.
    _HIDDEN: ClassVar[frozenset[str]] = OCRResult._HIDDEN | {"seal_region_id"}

    seal_region_id: int = 1

    @classmethod
    def of(cls, read: OCRResult, seal_region_id: int) -> SealResult:
        """The seal with this number, from what was read in its picture."""
        values = {item.name: getattr(read, item.name) for item in fields(read)}
        return cls(**values, seal_region_id=seal_region_id)

    def __repr__(self) -> str:
        return f"SealResult({self.name!r}, {len(self)} lines)"

    def _entries(self) -> dict[str, Any]:
        return {**OCRResult._entries(self), "seal_region_id": self.seal_region_id}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class FormulaResult(FormulaRecResult):
    """One formula of a page.

    Attributes:
        formula_region_id: Number of the formula on its page, from 1.
        dt_polys: Its bounds x1, y1, x2, y2 in page pixels; None (and the key absent) if the whole
            page is the formula.
    """

    formula_region_id: int = 1
    dt_polys: Sequence[float] | None = None

    @classmethod
    def of(
        cls, read: FormulaRecResult, formula_region_id: int, dt_polys: Sequence[float] | None
    ) -> FormulaResult:
        """The formula with this number and place, from what was read in its picture."""
        values = {item.name: getattr(read, item.name) for item in fields(read)}
        return cls(**values, formula_region_id=formula_region_id, dt_polys=dt_polys)

    def _entries(self) -> dict[str, Any]:
        entries = FormulaRecResult._entries(self)
        entries["formula_region_id"] = self.formula_region_id
        if self.dt_polys is not None:
            entries["dt_polys"] = list(self.dt_polys)
        return entries

    def _written(self) -> dict[str, Any]:
        # What PaddleX's JSON of a page says of a formula; the box stands in a list there.
        said: dict[str, Any] = {
            "rec_formula": self.rec_formula,
            "formula_region_id": self.formula_region_id,
        }
        if self.dt_polys is not None:
            said["dt_polys"] = [list(self.dt_polys)]
        return said


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class RegionsResult(RowsResult):
    """A page and its regions of one kind.

    Attributes:
        model_settings: ``use_doc_preprocessor`` and ``use_layout_detection``.
        doc_preprocessor_res: Result of document pre-processing, None if it was off. All
            coordinates are those of its ``output_img``.
        layout_det_res: Layout of the page, None if layout detection was off.
    """

    model_settings: Mapping[str, bool] = field(
        default_factory=lambda: {"use_doc_preprocessor": False, "use_layout_detection": False}
    )
    doc_preprocessor_res: DocPreprocessorResult | None = None
    layout_det_res: DetResult | None = None

    @abstractmethod
    def _regions(self) -> Sequence[Result]:
        """The regions in the layout's order."""

    def __len__(self) -> int:
        return len(self._regions())

    def __bool__(self) -> bool:
        return True  # a page without such a region is still a result

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"{kind}({self.name!r}, {len(self)} regions)"

    @property
    def page(self) -> npt.NDArray[np.uint8] | None:
        """The picture that coordinates refer to (BGR): pre-processed if that was on."""
        res = self.doc_preprocessor_res
        return self.image if res is None or res.output_img is None else res.output_img

    def _common_entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "model_settings": self.model_settings,
            # With a step off PaddleX still has its key.
            "doc_preprocessor_res": self.doc_preprocessor_res or {"output_img": self.image},
            "layout_det_res": {} if self.layout_det_res is None else self.layout_det_res,
        }

    def _written(self) -> dict[str, Any]:
        written = Result._written(self)
        for key in ("doc_preprocessor_res", "layout_det_res"):
            if getattr(self, key) is None:
                del written[key]
        return written

    def _shown(self, key: str, value: Any) -> Any:  # noqa: ANN401 - one of many types
        if isinstance(value, list) and value and isinstance(value[0], Result):
            return [item.str["res"] for item in value]
        return RowsResult._shown(self, key, value)

    def _draw_steps(self) -> dict[str, Image.Image]:
        pictures: dict[str, Image.Image] = {}
        if self.layout_det_res is not None:
            pictures["layout_det_res"] = self.layout_det_res.img["res"]
        if self.doc_preprocessor_res is not None:
            pictures.update(self.doc_preprocessor_res.img)
        return pictures


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class SealRecognitionResult(RegionsResult):
    """The seals of one picture or page. Its length is their number; iterating gives them.

    Attributes:
        seal_res_list: The text of each seal.
    """

    _COLUMNS: ClassVar[tuple[str, ...]] = (*LINE_COLUMNS[:2], "seal", *LINE_COLUMNS[2:])

    seal_res_list: Sequence[SealResult]

    def __iter__(self) -> Iterator[SealResult]:
        return iter(self.seal_res_list)

    def to_text(self) -> str:
        """The lines of all seals; with several seals, each after its number."""
        if len(self) == 1:
            return self.seal_res_list[0].text
        return "\n".join(f"[seal {seal.seal_region_id}]\n{seal.text}" for seal in self)

    def _regions(self) -> Sequence[Result]:
        return self.seal_res_list

    def _rows(self) -> list[tuple[object, ...]]:
        return [
            (self.input_path, self.page_index, seal.seal_region_id, *row[2:])
            for seal in self
            for row in seal._rows()
        ]

    def _entries(self) -> dict[str, Any]:
        return {**self._common_entries(), "seal_res_list": list(self.seal_res_list)}

    def _draw(self) -> dict[str, Image.Image]:
        pictures = self._draw_steps()
        for seal in self:
            pictures[f"seal_res_region{seal.seal_region_id}"] = seal.img["ocr_res_img"]
        return pictures


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class FormulaRecognitionResult(RegionsResult):
    """The formulas of one picture or page. Its length is their number; iterating gives them.

    Attributes:
        formula_res_list: The formulas.
    """

    _COLUMNS: ClassVar[tuple[str, ...]] = (
        *("input_path", "page_index", "formula", "rec_formula", "x1", "y1", "x2", "y2"),
    )

    formula_res_list: Sequence[FormulaResult]

    def __iter__(self) -> Iterator[FormulaResult]:
        return iter(self.formula_res_list)

    def to_text(self) -> str:
        """A line a formula: its LaTeX."""
        return "\n".join(formula.rec_formula for formula in self)

    def to_markdown(self) -> str:
        """Each formula between lines of ``$$``."""
        return "\n\n".join(f"$$\n{formula.rec_formula}\n$$" for formula in self)

    def save_to_markdown(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes `to_markdown` to ``<name>.md`` in a directory, or to a file ending in ``.md``."""
        return self._save_text(save_path, ".md", f"{self.to_markdown()}\n")

    def _repr_latex_(self) -> str:
        return "\n\n".join(f"$${formula.rec_formula}$$" for formula in self)

    def _regions(self) -> Sequence[Result]:
        return self.formula_res_list

    def _rows(self) -> list[tuple[object, ...]]:
        return [
            (
                self.input_path,
                self.page_index,
                formula.formula_region_id,
                formula.rec_formula,
                *(formula.dt_polys or (None,) * 4),
            )
            for formula in self
        ]

    def _entries(self) -> dict[str, Any]:
        return {**self._common_entries(), "formula_res_list": list(self.formula_res_list)}

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing_regions import draw_formulas

        return {**self._draw_steps(), "formula_res_img": draw_formulas(self)}
