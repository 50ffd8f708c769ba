"""The result of the OCR pipeline: one page, its text lines in reading order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from hpinfer.results.base import Result
from hpinfer.results.markdown import escape_markdown
from hpinfer.results.rows import RowsResult

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from PIL import Image

    from hpinfer.results.modules import DocPreprocessorResult

    Polygons: TypeAlias = Sequence[npt.NDArray[Any]] | npt.NDArray[Any]

#: Columns of CSV and data frames.
LINE_COLUMNS = ("input_path", "page_index", "line", "text", "score", "x1", "y1", "x2", "y2")

#: Keys that a result lacks when their value is None.
_OPTIONAL_KEYS = ("textline_orientation_angles", "text_word", "text_word_boxes", "text_word_region")


@dataclass(frozen=True, slots=True, eq=False)
class OCRLine:
    """One line of text.

    Attributes:
        text: What was read.
        score: Mean confidence of its characters, 0 to 1.
        polygon: Corners, [n, 2] x and y in pixels; four of them start at the text's top left.
        box: Axis-aligned bounds ``[x1, y1, x2, y2]`` in pixels.
    """

    text: str
    score: float
    polygon: npt.NDArray[Any]
    box: npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class OCRResult(RowsResult):
    """The text of one picture or page. Its length is the number of lines; iterating gives them.

    Attributes:
        dt_polys: Every detected polygon, sorted; those whose text fell below the threshold too.
        model_settings: ``use_doc_preprocessor`` and ``use_textline_orientation``.
        text_det_params: Detection parameters in force.
        text_type: ``"general"`` or ``"seal"``.
        textline_orientation_angles: Class of each detected line, -1 where not asked; None (and the
            key absent) on a page without text.
        text_rec_score_thresh: Lines below this score are left out of the ``rec_`` values.
        return_word_box: Whether word boxes were asked for.
        rec_texts: Text of each line.
        rec_scores: Score of each line.
        rec_polys: Polygon of each line.
        rec_boxes: Bounds of each line, [lines, 4].
        doc_preprocessor_res: Result of document pre-processing, None if it was off. All
            coordinates are those of its ``output_img``.
        text_word: Words of each line, None unless asked for.
        text_word_region: Polygon of each word, None unless asked for.
        text_word_boxes: Bounds of each word, None unless asked for.
    """

    _HIDDEN: ClassVar[frozenset[str]] = frozenset({"text_word_region"})
    _COLUMNS: ClassVar[tuple[str, ...]] = LINE_COLUMNS
    _ARRAYS: ClassVar[frozenset[str]] = frozenset(
        {"dt_polys", "textline_orientation_angles", "rec_scores", "rec_polys", "rec_boxes"}
    )

    dt_polys: Polygons
    rec_texts: Sequence[str]
    rec_scores: Sequence[float] | npt.NDArray[Any]
    rec_polys: Polygons
    rec_boxes: npt.NDArray[Any]
    model_settings: Mapping[str, bool] = field(
        default_factory=lambda: {"use_doc_preprocessor": False, "use_textline_orientation": False}
    )
    text_det_params: Mapping[str, Any] = field(default_factory=dict)
    text_type: str = "general"
    textline_orientation_angles: Sequence[int] | npt.NDArray[Any] | None = None
    text_rec_score_thresh: float = 0.0
    return_word_box: bool = False
    doc_preprocessor_res: DocPreprocessorResult | None = None
    text_word: Sequence[Sequence[str]] | None = None
    text_word_region: Sequence[Polygons] | None = None
    text_word_boxes: Sequence[Polygons] | None = None

    @property
    def lines(self) -> list[OCRLine]:
        """The lines in reading order."""
        return list(self)

    @property
    def text(self) -> str:
        """All lines, joined by line feeds."""
        return "\n".join(self.rec_texts)

    @property
    def page(self) -> npt.NDArray[np.uint8] | None:
        """The picture that coordinates refer to (BGR): pre-processed if that was on."""
        res = self.doc_preprocessor_res
        return self.image if res is None or res.output_img is None else res.output_img

    def __len__(self) -> int:
        return len(self.rec_texts)

    def __bool__(self) -> bool:
        return True  # a page without text is still a result

    def __iter__(self) -> Iterator[OCRLine]:
        parts = zip(self.rec_texts, self.rec_scores, self.rec_polys, self._boxes(), strict=True)
        for text, score, polygon, box in parts:
            yield OCRLine(text, float(score), polygon, box)

    def __repr__(self) -> str:
        source = self.name if self.input_path is None else self.input_path
        page = "" if self.page_index is None else f" page {self.page_index}"
        size = "" if self.image is None else f", {self.image.shape[1]}x{self.image.shape[0]}"
        return f"OCRResult({source!r}{page}, {len(self)} lines{size})"

    def to_markdown(self) -> str:
        """The lines as one Markdown paragraph with line breaks, special characters escaped."""
        return "  \n".join(escape_markdown(text) for text in self.rec_texts)

    def to_text(self) -> str:
        """The same as `text`."""
        return self.text

    def to_pandas(self) -> pd.DataFrame:
        """One row a line: `LINE_COLUMNS` and ``polygon``.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        frame = RowsResult.to_pandas(self)
        frame["polygon"] = list(self.rec_polys)
        return frame

    def save_to_markdown(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes `to_markdown` to ``<name>.md`` in a directory, or to a file ending in ``.md``."""
        return self._save_text(save_path, ".md", f"{self.to_markdown()}\n")

    def _boxes(self) -> Sequence[npt.NDArray[Any]] | npt.NDArray[Any]:
        if len(self.rec_boxes) == len(self.rec_texts):
            return self.rec_boxes
        import numpy as np  # seals carry polygons only

        return [
            np.concatenate([np.min(polygon, axis=0), np.max(polygon, axis=0)])
            for polygon in self.rec_polys
        ]

    def _rows(self) -> list[tuple[object, ...]]:
        return [
            (
                self.input_path,
                self.page_index,
                index,
                line.text,
                line.score,
                *(number.item() for number in line.box),
            )
            for index, line in enumerate(self)
        ]

    def _entries(self) -> dict[str, Any]:
        entries: dict[str, Any] = {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "model_settings": self.model_settings,
            # With pre-processing off PaddleX still has this key, holding the untouched page.
            "doc_preprocessor_res": self.doc_preprocessor_res or {"output_img": self.image},
            "dt_polys": self.dt_polys,
            "text_det_params": self.text_det_params,
            "text_type": self.text_type,
            "textline_orientation_angles": self.textline_orientation_angles,
            "text_rec_score_thresh": self.text_rec_score_thresh,
            "return_word_box": self.return_word_box,
            "rec_texts": self.rec_texts,
            "rec_scores": self.rec_scores,
            "rec_polys": self.rec_polys,
            "rec_boxes": self.rec_boxes,
            "text_word_boxes": self.text_word_boxes,
            "text_word": self.text_word,
            "text_word_region": self.text_word_region,
        }
        for key in _OPTIONAL_KEYS:
            if entries[key] is None:
                del entries[key]
        return entries

    def _written(self) -> dict[str, Any]:
        written = Result._written(self)
        if self.doc_preprocessor_res is None:
            del written["doc_preprocessor_res"]
        return written

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_ocr
        from hpinfer.results.drawing_regions import draw_curved

        draw = draw_curved if self.text_type == "seal" else draw_ocr
        pictures = {"ocr_res_img": draw(self)}
        if self.doc_preprocessor_res is not None:
            pictures.update(self.doc_preprocessor_res.img)
        return pictures
