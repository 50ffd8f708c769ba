"""Results of detection and segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.errors import UnsupportedError
from hpinfer.results.data_frame import import_pandas
from hpinfer.results.rows import RowsResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    import supervision as sv  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from PIL import Image

_COLUMNS = ("label", "class_id", "score", "x1", "y1", "x2", "y2")
_SOURCE_COLUMNS = ("input_path", "page_index")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class DetResult(RowsResult):
    """The objects that a detector sees.

    Attributes:
        class_ids: Class of each object, int32 [n].
        scores: Score of each, float32 [n], 0 to 1.
        coordinates: Box of each in pixels, float32 [n, 4]: x1, y1, x2, y2; rotated boxes [n, 8]:
            x and y of four corners.
        class_names: Names of all classes of the model.
    """

    _COLUMNS: ClassVar[tuple[str, ...]] = (*_SOURCE_COLUMNS, *_COLUMNS)

    class_ids: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    coordinates: npt.NDArray[np.float32]
    class_names: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.class_ids)

    def __bool__(self) -> bool:
        return True  # a picture without objects is still a result

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} objects)"

    @property
    def labels(self) -> list[str]:
        """Class name of each object; the number of a class without name."""
        names = self.class_names
        return [
            names[number] if number < len(names) else str(number)
            for number in self.class_ids.tolist()
        ]

    @property
    def boxes(self) -> list[dict[str, Any]]:
        """PaddleX's form: ``cls_id``, ``label``, ``score`` and ``coordinate`` of each object."""
        columns = zip(
            self.class_ids.tolist(),
            self.labels,
            self.scores.tolist(),
            self.coordinates.tolist(),
            strict=True,
        )
        return [
            {"cls_id": number, "label": label, "score": score, "coordinate": coordinate}
            for number, label, score, coordinate in columns
        ]

    def to_text(self) -> str:
        """A line an object: label, score, and its bounds x1, y1, x2, y2 in pixels."""
        bounds = self._bounds().tolist()
        return "\n".join(
            f"{label}  {score:.3f}  " + " ".join(f"{number:.0f}" for number in box)
            for label, score, box in zip(self.labels, self.scores.tolist(), bounds, strict=True)
        )

    def _rows(self) -> Iterator[tuple[object, ...]]:
        numbers, scores = self.class_ids.tolist(), self.scores.tolist()
        bounds = self._bounds().tolist()
        for label, number, score, box in zip(self.labels, numbers, scores, bounds, strict=True):
            yield (self.input_path, self.page_index, label, number, score, *box)

    def to_pandas(self) -> pd.DataFrame:
        """One row an object: label, class_id, score, x1, y1, x2, y2 (bounds, if rotated).

        Raises:
            UnsupportedError: pandas is not installed.
        """
        pd = import_pandas()
        bounds = self._bounds()
        columns = [self.labels, self.class_ids, self.scores, *bounds.T]
        return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))

    def to_supervision(self) -> sv.Detections:
        """``supervision.Detections`` with class names in ``data["class_name"]``.

        Raises:
            UnsupportedError: supervision is not installed.
        """
        try:
            import supervision as sv
        except ImportError:
            raise UnsupportedError(
                "to_supervision needs supervision: pip install supervision"
            ) from None
        import numpy as np

        return sv.Detections(
            xyxy=self._bounds(),
            mask=self._page_masks(),
            confidence=np.asarray(self.scores),
            class_id=np.asarray(self.class_ids),
            data={"class_name": np.asarray(self.labels, dtype=str)},
        )

    def _bounds(self) -> npt.NDArray[np.float32]:
        """float32 [n, 4]: x1, y1, x2, y2."""
        import numpy as np

        if self.coordinates.shape[1] == 4:
            return self.coordinates
        x, y = self.coordinates[:, 0::2], self.coordinates[:, 1::2]
        return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], axis=1)

    def _page_masks(self) -> npt.NDArray[np.bool_] | None:
        return None

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "boxes": self.boxes,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing_detection import draw_detections

        assert self.image is not None  # `img` has checked
        return {"res": draw_detections(self.image, self)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class InstanceSegResult(DetResult):
    """The objects that a detector sees, with their masks.

    Attributes:
        masks: For each object, uint8 [h, w] of 0 and 1: the part of the picture that its box
            covers, the box's sides rounded to whole pixels.
    """

    _ARRAYS: ClassVar[frozenset[str]] = frozenset()

    masks: Sequence[npt.NDArray[np.uint8]]

    def _entries(self) -> dict[str, Any]:
        entries = DetResult._entries(self)
        return {**entries, "masks": list(self.masks)}

    def _page_masks(self) -> npt.NDArray[np.bool_] | None:
        import numpy as np

        if self.image is None:
            return None
        height, width = self.image.shape[:2]
        pages = np.zeros((len(self), height, width), dtype=np.bool_)
        # Only slices of whole masks: no pixel is touched in Python.
        for page, mask, (left, top) in zip(pages, self.masks, self.origins, strict=True):
            page[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        return pages

    @property
    def origins(self) -> list[tuple[int, int]]:
        """Pixel (x, y) of the top left cell of each mask."""
        import numpy as np

        corners = np.rint(self.coordinates[:, :2]).astype(int)
        return [(x, y) for x, y in corners.tolist()]

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing_detection import draw_instances

        assert self.image is not None  # `img` has checked
        return {"res": draw_instances(self.image, self)}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class SegResult(RowsResult):
    """The class of each pixel.

    Attributes:
        pred: Class numbers, int32 [1, height, width], at the size of the picture.
        class_names: Names of the classes, if the model says them.
    """

    _COLUMNS: ClassVar[tuple[str, ...]] = (*_SOURCE_COLUMNS, "label", "class_id", "share")

    pred: npt.NDArray[np.int32]
    class_names: Sequence[str] = ()

    def __repr__(self) -> str:
        _, height, width = self.pred.shape
        return f"SegResult({self.name!r}, {width}x{height})"

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "pred": self.pred,
        }

    def shares(self) -> dict[int, float]:
        """Share of the picture, 0 to 1, of each class that occurs, the largest first."""
        import numpy as np

        numbers, counts = np.unique(self.pred, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {int(numbers[i]): float(counts[i]) / self.pred.size for i in order}

    def to_text(self) -> str:
        """A line a class that occurs: its name or number, and its share of the picture."""
        return "\n".join(
            f"{self._label(number)}  {share:.2%}" for number, share in self.shares().items()
        )

    def _label(self, number: int) -> str:
        return self.class_names[number] if number < len(self.class_names) else str(number)

    def _rows(self) -> Iterator[tuple[object, ...]]:
        for number, share in self.shares().items():
            yield (self.input_path, self.page_index, self._label(number), number, share)

    def to_supervision(self) -> sv.Detections:
        """``supervision.Detections`` with one mask for each class that occurs.

        Raises:
            UnsupportedError: supervision is not installed.
        """
        try:
            import supervision as sv
        except ImportError:
            raise UnsupportedError(
                "to_supervision needs supervision: pip install supervision"
            ) from None
        import numpy as np

        numbers = np.unique(self.pred)
        masks = self.pred[0] == numbers[:, None, None]
        return sv.Detections(xyxy=sv.mask_to_xyxy(masks), mask=masks, class_id=numbers)

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing_detection import draw_labels

        assert self.image is not None  # `img` has checked
        return {"res": draw_labels(self.image, self)}
