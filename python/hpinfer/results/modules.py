"""Results of single models and of document pre-processing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from hpinfer.errors import InvalidInputError
from hpinfer.results.base import Result
from hpinfer.results.files import IMAGE_FORMATS, picture_suffix, target_file, write_picture
from hpinfer.results.rows import RowsResult

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from hpinfer.results.ocr import Polygons


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TextDetResult(Result):
    """Where a text detection model sees text.

    Attributes:
        dt_polys: Polygons of [n, 2] x and y in pixels.
        dt_scores: Score of each polygon, 0 to 1.
    """

    _ARRAYS: ClassVar[frozenset[str]] = frozenset({"dt_polys", "dt_scores"})

    dt_polys: Polygons
    dt_scores: Sequence[float] | npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.dt_polys)

    def __bool__(self) -> bool:
        return True  # a page without text is still a result

    def __repr__(self) -> str:
        return f"TextDetResult({self.name!r}, {len(self)} polygons)"

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "dt_polys": self.dt_polys,
            "dt_scores": self.dt_scores,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_polygons

        return {"res": draw_polygons(_present(self.image), self.dt_polys)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TextRecResult(Result):
    """What a text recognition model reads in a picture of one line.

    Attributes:
        rec_text: The text.
        rec_score: Mean confidence of its characters, 0 to 1.
    """

    rec_text: str
    rec_score: float

    def __repr__(self) -> str:
        return f"TextRecResult({self.name!r}, {self.rec_text!r}, {float(self.rec_score):.3f})"

    def to_text(self) -> str:
        """The text."""
        return self.rec_text

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "rec_text": self.rec_text,
            "rec_score": self.rec_score,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_caption_below

        caption = f"{self.rec_text} ({float(self.rec_score):.3f})"
        return {"res": draw_caption_below(_present(self.image), caption)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TopkResult(RowsResult):
    """The best classes of a picture, best first.

    Attributes:
        class_ids: Class numbers of this picture (one list, never the batch's).
        scores: Their scores, 0 to 1.
        label_names: Their names.
    """

    _ARRAYS: ClassVar[frozenset[str]] = frozenset({"class_ids", "scores"})
    _COLUMNS: ClassVar[tuple[str, ...]] = (
        *("input_path", "page_index"),
        *("rank", "label", "class_id", "score"),
    )

    class_ids: Sequence[int] | npt.NDArray[Any]
    scores: Sequence[float] | npt.NDArray[Any]
    label_names: Sequence[str]

    def __repr__(self) -> str:
        return f"TopkResult({self.name!r}, {self._best() or 'no class'})"

    def to_text(self) -> str:
        """A line a class, best first: name and score."""
        pairs = zip(self.label_names, self.scores, strict=True)
        return "\n".join(f"{label}  {float(score):.5f}" for label, score in pairs)

    def _rows(self) -> Iterator[tuple[object, ...]]:
        classes = zip(self.label_names, self.class_ids, self.scores, strict=True)
        for rank, (label, number, score) in enumerate(classes, 1):
            source = (self.input_path, self.page_index)
            yield (*source, rank, label, int(number), float(score))

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            # PaddleX gives this one picture as RGB.
            "input_img": None if self.image is None else self.image[:, :, ::-1],
            "class_ids": self.class_ids,
            "scores": self.scores,
            "label_names": self.label_names,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_label

        return {"res": draw_label(_present(self.image), self._best())}

    def _best(self) -> str:
        return f"{self.label_names[0]} {float(self.scores[0]):.2f}" if self.label_names else ""


#: The name that `create_model` documents for classification models.
ClassificationResult: TypeAlias = TopkResult


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class DocPreprocessorResult(Result):
    """A page before and after document pre-processing.

    Attributes:
        model_settings: ``use_doc_orientation_classify`` and ``use_doc_unwarping``.
        angle: Angle by which the page was found turned: 0, 90, 180, 270, or -1 when not asked.
        rot_img: The page turned upright, uint8 [height, width, 3], BGR.
        output_img: The page after both steps, uint8 [height, width, 3], BGR.
    """

    _HIDDEN: ClassVar[frozenset[str]] = frozenset({"input_img", "rot_img", "output_img"})

    model_settings: Mapping[str, bool]
    angle: int
    rot_img: npt.NDArray[np.uint8] | None
    output_img: npt.NDArray[np.uint8] | None

    def __repr__(self) -> str:
        return f"DocPreprocessorResult({self.name!r}, angle {self.angle})"

    def to_text(self) -> str:
        """The angle, and what was done, in one line."""
        turned = "not asked" if self.angle < 0 else f"{self.angle} degrees"
        unwarped = "yes" if self.model_settings.get("use_doc_unwarping") else "no"
        return f"angle: {turned}; unwarped: {unwarped}"

    def save_to_page(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes `output_img` alone, without captions.

        Args:
            save_path: A directory, which gets ``<name>_page<suffix of the input>``, or a file name
                with a picture suffix.

        Raises:
            InvalidInputError: The result holds no page, or it is too large for the file format.
        """
        from PIL import Image

        if self.output_img is None:
            raise InvalidInputError(f"DocPreprocessorResult {self.name!r} holds no page")
        page = Image.fromarray(self.output_img[:, :, ::-1])
        name = f"{self.name}_page{picture_suffix(self.input_path, page)}"
        path = target_file(save_path, tuple(IMAGE_FORMATS), name)
        write_picture(path, page)
        return [path]

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "model_settings": self.model_settings,
            "angle": self.angle,
            "rot_img": self.rot_img,
            "output_img": self.output_img,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_side_by_side

        rotated = "upright" if self.angle < 0 else f"upright (was {self.angle}°)"
        unwarped = "unwarped" if self.model_settings.get("use_doc_unwarping") else "not unwarped"
        panels = [("original", self.image), (rotated, self.rot_img), (unwarped, self.output_img)]
        shown = [(caption, image) for caption, image in panels if image is not None]
        return {"preprocessed_img": draw_side_by_side(shown)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class DocTrResult(Result):
    """A page flattened by an unwarping model.

    Attributes:
        doctr_img: The flat page, uint8 [height, width, 3], RGB.
    """

    doctr_img: npt.NDArray[np.uint8]

    def __repr__(self) -> str:
        height, width = self.doctr_img.shape[:2]
        return f"DocTrResult({self.name!r}, {width}x{height})"

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "doctr_img": self.doctr_img,
        }

    def _shown(self, key: str, value: Any) -> Any:  # noqa: ANN401 - one of many types
        return "..." if key == "doctr_img" else value

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import to_pil

        return {"res": to_pil(self.doctr_img[:, :, ::-1])}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class FormulaRecResult(Result):
    """What a formula model reads in a picture of one formula.

    Attributes:
        rec_formula: The formula as LaTeX.
    """

    rec_formula: str

    def __repr__(self) -> str:
        return f"FormulaRecResult({self.name!r}, {self.rec_formula!r})"

    def _repr_latex_(self) -> str:
        return f"$${self.rec_formula}$$"

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            # PaddleX gives this picture as RGB.
            "input_img": None if self.image is None else self.image[:, :, ::-1],
            "rec_formula": self.rec_formula,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_caption_below

        return {"res": draw_caption_below(_present(self.image), self.rec_formula)}


def _present(image: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8]:
    assert image is not None  # `img` has checked
    return image
