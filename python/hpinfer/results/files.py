"""Names of saved results, and writing them so that no half-written file is ever seen."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hpinfer.errors import InvalidInputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

#: File suffix to Pillow's format, for the pictures we write.
IMAGE_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
_SAVE_OPTIONS: dict[str, dict[str, int]] = {
    "JPEG": {"quality": 92, "subsampling": 0},
    "WEBP": {"quality": 92},
}


def result_stem(input_path: str | None, page_index: int | None) -> str:
    """Stem of the files saved for a result, by PaddleX's rule.

    Args:
        input_path: Path or URL of the input, None for one in memory.
        page_index: 0-based page, None for a plain picture.

    Returns:
        The input's stem, with ``_<page>`` for a page; for an input in memory a time stamp and
        random digits (more of them than PaddleX writes, so that a batch does not overwrite itself).
    """
    if input_path is None:
        return f"{int(time.time())}_{secrets.randbelow(10**8):08d}"
    stem = Path(input_path).stem
    return stem if page_index is None else f"{stem}_{page_index}"


def target_file(save_path: str | os.PathLike[str], suffixes: tuple[str, ...], name: str) -> Path:
    """The file to write: `save_path` itself if it has one of `suffixes`, else `name` inside it."""
    path = Path(save_path)
    return path if path.suffix.lower() in suffixes else path / name


def picture_suffix(input_path: str | None, image: Image.Image) -> str:
    """Suffix of a saved picture: that of the input where it can hold `image`, else ``.png``."""
    suffix = Path(input_path).suffix if input_path else ""
    image_format = IMAGE_FORMATS.get(suffix.lower())
    if image_format is None or max(image.size) > _LONGEST_SIDE.get(image_format, max(image.size)):
        return ".png"
    return suffix


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8 through a temporary file.

    Raises:
        OutputError: It cannot be written.
    """
    with _replacing(path) as stream:
        stream.write(text.encode("utf-8", errors="surrogatepass"))


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` through a temporary file.

    Raises:
        OutputError: It cannot be written.
    """
    with _replacing(path) as stream:
        stream.write(content)


def write_picture(path: Path, image: Image.Image) -> None:
    """Writes `image` in the format of the suffix, through a temporary file.

    Raises:
        InvalidInputError: The picture is too large for that format.
        OutputError: It cannot be written.
    """
    image_format = IMAGE_FORMATS[path.suffix.lower()]
    limit = _LONGEST_SIDE.get(image_format)
    if limit is not None and max(image.size) > limit:
        raise InvalidInputError(
            f"a picture of {image.width}x{image.height} does not fit {image_format} (at most "
            f"{limit} a side): save {path.name} as .png"
        )
    with _replacing(path) as stream:
        image.save(stream, format=image_format, **_SAVE_OPTIONS.get(image_format, {}))


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        _make_directory(path.parent)
        try:
            with temporary.open("xb") as stream:
                yield stream
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise _output_error(path, error) from error


def _output_error(path: Path, error: OSError) -> OutputError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "free some space or save elsewhere" if full else "save elsewhere"
    told = OutputError(
        f"{os.fspath(path)!r} cannot be written ({error.strerror or error}): {remedy}"
    )
    told.errno = error.errno
    return told


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InvalidInputError(
            f"cannot save below {os.fspath(directory)!r}: it is a file, give a directory"
        ) from None
    except NotADirectoryError:
        raise InvalidInputError(
            f"cannot save to {os.fspath(directory)!r}: a part of this path is a file"
        ) from None
