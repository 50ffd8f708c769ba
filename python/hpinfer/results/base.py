"""What all results share: PaddleX's dictionary keys, JSON, pictures and saving."""

from __future__ import annotations

import json as json_module
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.errors import InvalidInputError
from hpinfer.results.files import (
    IMAGE_FORMATS,
    picture_suffix,
    result_stem,
    target_file,
    write_picture,
    write_text,
)
from hpinfer.results.keyed import Keyed

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from PIL import Image


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result(Keyed):
    """Base of every result: immutable, picklable, cheap to make (nothing is drawn until asked).

    Attributes:
        image: The picture the result speaks of, uint8 [height, width, 3], BGR; None if dropped.
        input_path: Path or URL of the input, None for an input in memory.
        page_index: 0-based page of a PDF or TIFF, None for a plain picture.
        name: Stem of saved files; by default that of `input_path`, with the page.
        timing: Seconds by stage: ``decode`` (reading the input), the steps of the pipeline,
            ``network`` (engines, summed over threads) and ``total``. ``a.b`` is a part of ``a``.
            Images of one batch have equal shares of its times.
    """

    #: Keys that are left out of JSON and text.
    _HIDDEN: ClassVar[frozenset[str]] = frozenset({"input_img"})
    #: Keys whose sequence is shown as one array in text.
    _ARRAYS: ClassVar[frozenset[str]] = frozenset()

    image: npt.NDArray[np.uint8] | None = None
    input_path: builtins.str | None = None
    page_index: int | None = None
    name: builtins.str = ""
    timing: Mapping[builtins.str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name:
            stem = result_stem(self.input_path, self.page_index)
            object.__setattr__(self, "name", stem)

    @abstractmethod
    def _draw(self) -> dict[builtins.str, Image.Image]:
        """Pictures by PaddleX's names."""

    def set_timing(self, timing: Mapping[builtins.str, float]) -> None:
        """Sets `timing`: for what makes results, before it hands them out."""
        object.__setattr__(self, "timing", timing)

    def to_dict(self, *, timing: bool = False) -> dict[builtins.str, Any]:
        """The keys that PaddleX writes to JSON, in plain JSON types.

        Args:
            timing: Add the key ``timing``, which PaddleX does not have.
        """
        written = Keyed.to_dict(self)  # slots make super() mean another class
        return {**written, "timing": dict(self.timing)} if timing else written

    def to_json(
        self, *, indent: int | None = None, ensure_ascii: bool = False, timing: bool = False
    ) -> builtins.str:
        """`to_dict` as JSON text; one line unless `indent` is given."""
        plain = self.to_dict(timing=timing)
        return json_module.dumps(plain, indent=indent, ensure_ascii=ensure_ascii)

    @property
    def json(self) -> dict[builtins.str, dict[builtins.str, Any]]:
        """``{"res": …}`` with PaddleX's keys in plain JSON types."""
        return {"res": self.to_dict()}

    @property
    def str(self) -> dict[builtins.str, dict[builtins.str, Any]]:
        """``{"res": …}`` with the values as they are, numbers gathered into arrays."""
        return {"res": {key: self._shown(key, item) for key, item in self._written().items()}}

    @property
    def img(self) -> dict[builtins.str, Image.Image]:
        """Pictures of the result by name, drawn anew at each access; `image` is not touched.

        Raises:
            InvalidInputError: The result holds no image.
        """
        if self.image is None:
            raise InvalidInputError(
                f"{type(self).__name__} {self.name!r} holds no image to draw on"
            )
        return self._draw()

    def print(self, json_format: bool = False, indent: int = 4, ensure_ascii: bool = False) -> None:
        """Prints the result to standard output, long arrays shortened.

        Args:
            json_format: Print complete JSON instead.
            indent: Spaces a level of the JSON.
            ensure_ascii: Escape everything that is not ASCII in the JSON.
        """
        if json_format:
            text = json_module.dumps(self.json, indent=indent, ensure_ascii=ensure_ascii)
        else:
            import numpy as np

            with np.printoptions(threshold=1, edgeitems=1):
                text = repr(self.str)
        print(text)

    def to_text(self) -> builtins.str:
        """The result in plain words, for people and for tools that read lines."""
        return repr(self)

    def save_to_text(self, save_path: builtins.str | os.PathLike[builtins.str]) -> list[Path]:
        """Writes `to_text` to ``<name>.txt`` in a directory, or to a file ending in ``.txt``."""
        text = self.to_text()
        return self._save_text(save_path, ".txt", f"{text}\n" if text else "")

    def save_to_json(
        self,
        save_path: builtins.str | os.PathLike[builtins.str],
        indent: int | None = 4,
        ensure_ascii: bool = False,
    ) -> list[Path]:
        """Writes the content of ``json["res"]``.

        Args:
            save_path: A directory, which gets ``<name>_res.json``, or a file ending in ``.json``.
            indent: Spaces a level, None for one line.
            ensure_ascii: Escape everything that is not ASCII.

        Returns:
            The file written.
        """
        path = target_file(save_path, (".json",), f"{self.name}_res.json")
        write_text(path, self.to_json(indent=indent, ensure_ascii=ensure_ascii))
        return [path]

    def save_to_img(self, save_path: builtins.str | os.PathLike[builtins.str]) -> list[Path]:
        """Draws the result and writes the pictures.

        Args:
            save_path: A directory, which gets ``<name>_<key><suffix of the input>`` for each
                picture, or a file name with a picture suffix, which gets the first picture.

        Returns:
            The files written.

        Raises:
            InvalidInputError: The result holds no image, or it is too large for the file format.
        """
        pictures = self.img
        names = {
            f"{self.name}_{key}{picture_suffix(self.input_path, picture)}": picture
            for key, picture in pictures.items()
        }
        paths = [target_file(save_path, tuple(IMAGE_FORMATS), name) for name in names]
        written = list(dict.fromkeys(paths))  # a file name given: one path, the first picture
        for path, picture in zip(written, pictures.values(), strict=False):
            write_picture(path, picture)
        return written

    def save_all(self, save_path: builtins.str | os.PathLike[builtins.str]) -> list[Path]:
        """Writes JSON and pictures into the directory `save_path`.

        Returns:
            The files written.

        Raises:
            InvalidInputError: `save_path` is a file.
        """
        return [*self.save_to_json(save_path), *self.save_to_img(save_path)]

    def _save_text(
        self,
        save_path: builtins.str | os.PathLike[builtins.str],
        suffix: builtins.str,
        text: builtins.str,
    ) -> list[Path]:
        path = target_file(save_path, (suffix,), f"{self.name}{suffix}")
        write_text(path, text)
        return [path]

    def _written(self) -> dict[builtins.str, Any]:
        return {key: item for key, item in self._entries().items() if key not in self._HIDDEN}

    def _shown(self, key: builtins.str, value: Any) -> Any:  # noqa: ANN401 - one of many types
        if isinstance(value, Result):
            return value.str["res"]
        if key not in self._ARRAYS or not _stackable(value):
            return value
        import numpy as np

        return np.asarray(value)

    def _repr_html_(self) -> builtins.str:
        from hpinfer.results.notebook import result_html

        return result_html(self)


def _stackable(values: Any) -> bool:  # noqa: ANN401 - a sequence of numbers or arrays
    return len({getattr(value, "shape", ()) for value in values}) <= 1
