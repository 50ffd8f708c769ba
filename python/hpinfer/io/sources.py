"""Any accepted input to a lazy stream of images."""

from __future__ import annotations

import functools
import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from hpinfer._settings import Settings
from hpinfer.errors import (
    ConfigError,
    HpinferError,
    InputNotFoundError,
    InvalidInputError,
    InvalidTypeError,
)
from hpinfer.io.arrays import array_to_bgr, is_array, is_pillow, pillow_to_bgr
from hpinfer.io.decode import decode_image
from hpinfer.io.limits import MAX_NESTING, check_bytes, check_source, read_bounded
from hpinfer.io.pdf import PdfReader
from hpinfer.io.records import InputFailure, InputImage
from hpinfer.io.sniff import is_pdf, is_tiff
from hpinfer.io.tiff import TiffReader
from hpinfer.io.urls import download, is_url, url_stem

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

#: Suffixes taken from directories and glob patterns; a file named outright may have any.
IMAGE_SUFFIXES = frozenset(
    {".bmp", ".dib", ".jpeg", ".jpg", ".png", ".webp", ".tif", ".tiff"}
    | {".pbm", ".pgm", ".ppm", ".pnm", ".sr", ".ras"}
)
PDF_SUFFIXES = frozenset({".pdf"})

#: Everything `iter_images` accepts; Any stands for NumPy arrays, Pillow images and file objects.
ImageSource: TypeAlias = Any

_Results: TypeAlias = "Iterator[InputImage | InputFailure]"


@overload
def iter_images(
    source: ImageSource, *, on_error: Literal["raise"] = "raise"
) -> Iterator[InputImage]: ...
@overload
def iter_images(
    source: ImageSource, *, on_error: Literal["yield"]
) -> Iterator[InputImage | InputFailure]: ...


def iter_images(
    source: ImageSource, *, on_error: Literal["raise", "yield"] = "raise"
) -> Iterator[InputImage] | Iterator[InputImage | InputFailure]:
    """Read images lazily, one image or page in memory at a time.

    Accepted, also mixed and nested in lists, tuples, generators and other iterables:

    - a path of an image, PDF or multi-page TIFF, whatever its suffix: the content decides;
    - a directory: images and PDFs below it, recursively, sorted by path;
    - a glob pattern (``**`` recursive): what matches and has an image or PDF suffix, sorted;
    - an http or https address, unless ``HPINFER_OFFLINE`` is set;
      ``HPINFER_INPUT_SOURCES`` switches off addresses (``local``) or paths as well (``memory``);
    - bytes, bytearray, memoryview or a binary file object, holding an image or PDF;
    - a NumPy array, uint8, [H, W, 3] blue first (never copied), [H, W] grey, or [H, W, 4];
    - a Pillow image, taken as it stands: Exif orientation is not applied to it.

    Image files are decoded as `decode_image` says. PDF pages are rendered at
    ``HPINFER_PDF_SCALE`` times 72 dpi.

    Args:
        source: What to read. Nothing is read before the first `next`.
        on_error: ``raise`` ends at the first input that cannot be read; ``yield`` gives an
            `InputFailure` in its place and goes on.

    Returns:
        An iterator over images, in input order.

    Raises:
        ConfigError: `on_error` is something else.
        InputNotFoundError: Nothing is at the path, pattern or address (while iterating).
        InvalidImageError: The content is no readable image or PDF (while iterating).
        InvalidInputError: An array has the wrong shape, or content is too large (while iterating).
        InvalidTypeError: Something else was given (while iterating).
    """
    if on_error not in ("raise", "yield"):
        raise ConfigError(f"on_error={on_error!r}: expected 'raise' or 'yield'")
    return _Reader(on_error=on_error).read(source)


class _Reader:
    """One iteration: its settings and its count of inputs without a name."""

    def __init__(self, *, on_error: str) -> None:
        self._raise = on_error == "raise"
        self._count = 0

    @functools.cached_property
    def _settings(self) -> Settings:
        # Read when a file or address comes: pictures in memory need none of them.
        return Settings.from_env()

    def read(self, source: ImageSource, depth: int = 0) -> _Results:
        if isinstance(source, str):
            yield from self._text(source)
        elif is_array(source):
            yield from self._memory(array_to_bgr, source)
        elif isinstance(source, (list, tuple)):
            yield from self._items(source, depth)
        elif isinstance(source, os.PathLike):
            yield from self._path(Path(os.fsdecode(source)))
        elif isinstance(source, (bytes, bytearray, memoryview)):
            name = self._next_name()
            yield from self._guard(None, name, self._content, bytes(source), None, name)
        elif is_pillow(source):
            yield from self._memory(pillow_to_bgr, source)
        elif callable(getattr(source, "read", None)):
            yield from self._file_object(source)
        elif isinstance(source, Iterable) and not isinstance(source, Mapping):
            yield from self._items(source, depth)
        else:
            yield self._failed(None, self._next_name(), _not_supported(source))

    def _items(self, items: Iterable[ImageSource], depth: int) -> _Results:
        if depth >= MAX_NESTING:
            yield self._failed(None, self._next_name(), _nested_too_deep())
            return
        for item in items:
            yield from self.read(item, depth + 1)

    def _text(self, text: str) -> _Results:
        if is_url(text):
            yield from self._guard(text, url_stem(text), self._url, text)
            return
        path = Path(os.path.expanduser(text)) if text else None  # noqa: PTH111 - Path's raises
        if path is not None and (_exists(path) or not glob.has_magic(text)):
            yield from self._path(path)
        else:
            yield from self._glob(text)

    def _path(self, path: Path) -> _Results:
        if self._settings.input_sources == "memory":
            yield from self._guard(str(path), path.stem, self._file, path)
        elif _is_directory(path):
            files = sorted(_files_below(path))
            if not files:
                error = InputNotFoundError(f"directory {path} holds no image or PDF file")
                yield self._failed(str(path), path.name, error)
            for file in files:
                yield from self._guard(str(file), file.stem, self._file, file)
        else:
            yield from self._guard(str(path), path.stem, self._file, path)

    def _glob(self, pattern: str) -> _Results:
        if self._settings.input_sources == "memory" or "\0" in pattern:
            yield from self._guard(pattern, "input", self._file, Path(pattern))
            return
        matches = [Path(m) for m in sorted(glob.glob(os.path.expanduser(pattern), recursive=True))]  # noqa: PTH111, PTH207 - pathlib's globs have no absolute patterns
        usable = [m for m in matches if m.is_dir() or _has_known_suffix(m)]
        files = sorted({file for m in usable for file in (_files_below(m) if m.is_dir() else (m,))})
        if not files:
            found = f"matches {len(matches)} names, none of them" if matches else "matches no"
            error = InputNotFoundError(f"pattern {pattern!r} {found} image or PDF file")
            yield self._failed(pattern, "input", error)
        for file in files:
            yield from self._guard(str(file), file.stem, self._file, file)

    def _file(self, path: Path) -> _Results:
        check_source("path", str(path), allowed=self._settings.input_sources)
        limit = self._settings.max_file_bytes
        try:
            with path.open("rb") as stream:
                # Before it is read: of a file that grows, or of a device, the size says nothing.
                check_bytes(os.fstat(stream.fileno()).st_size, name=str(path), max_bytes=limit)
                head = stream.read(1024)
                data = head
                if not is_pdf(head):
                    data = read_bounded(stream, name=str(path), max_bytes=limit, begin=head)
        except HpinferError:
            raise
        except FileNotFoundError:
            raise InputNotFoundError(f"input {path} does not exist") from None
        except IsADirectoryError:
            raise InputNotFoundError(f"input {path} is a directory") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise InputNotFoundError(f"input {path} cannot be read: {reason}") from None
        if is_pdf(head):
            reader = PdfReader(path, name=str(path), settings=self._settings)
            yield from self._pages(reader, str(path), path.stem)
        else:
            yield from self._image(data, str(path), path.stem)

    def _url(self, url: str) -> _Results:
        check_source("address", url, allowed=self._settings.input_sources)
        data = download(url, settings=self._settings)
        yield from self._content(data, url, url_stem(url))

    def _file_object(self, stream: Any) -> _Results:  # noqa: ANN401
        label = getattr(stream, "name", None)
        input_path = label if isinstance(label, str) else None
        name = self._next_name() if input_path is None else Path(input_path).stem
        yield from self._guard(input_path, name, self._stream, stream, input_path, name)

    def _stream(self, stream: Any, input_path: str | None, name: str) -> _Results:  # noqa: ANN401
        label = input_path or name
        try:
            limit = self._settings.max_file_bytes
            data = read_bounded(stream, name=f"file object {label}", max_bytes=limit)
        except HpinferError:
            raise
        except (OSError, ValueError) as error:
            raise InputNotFoundError(f"file object {label} cannot be read: {error}") from None
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise InvalidTypeError(
                f"file object {label} gives {type(data).__name__}, expected bytes: "
                "open it in binary mode"
            )
        yield from self._content(bytes(data), input_path, name)

    def _content(self, data: bytes, input_path: str | None, name: str) -> _Results:
        limit = self._settings.max_file_bytes
        check_bytes(len(data), name=input_path or name, max_bytes=limit)
        if is_pdf(data):
            reader = PdfReader(data, name=input_path or name, settings=self._settings)
            yield from self._pages(reader, input_path, name)
        else:
            yield from self._image(data, input_path, name)

    def _memory(
        self, convert: Callable[..., npt.NDArray[np.uint8]], value: ImageSource
    ) -> _Results:
        name = self._next_name()
        try:
            bgr = convert(value, name=name)
        except HpinferError as error:
            yield self._failed(None, name, error)
        else:
            yield InputImage(bgr, None, None, None, name)

    def _image(self, data: bytes, input_path: str | None, name: str) -> _Results:
        label = input_path or name
        limit = self._settings.max_pixels
        if is_tiff(data):
            pages = self._settings.max_pages
            reader = TiffReader(data, name=label, max_pixels=limit, max_pages=pages)
            yield from self._pages(reader, input_path, name)
        else:
            bgr = decode_image(data, name=label, max_pixels=limit)
            yield InputImage(bgr, input_path, None, None, name)

    def _pages(self, reader: PdfReader | TiffReader, input_path: str | None, name: str) -> _Results:
        with reader:
            count = reader.page_count
            for index in range(count):
                page_name = f"{name}_{index}"
                try:
                    bgr = reader.read(index)
                except HpinferError as error:
                    if self._raise:
                        raise
                    yield InputFailure(input_path, index, page_name, error)
                else:
                    yield InputImage(bgr, input_path, index, count, page_name)

    def _guard(
        self,
        input_path: str | None,
        name: str,
        produce: Callable[..., _Results],
        *args: ImageSource,
    ) -> _Results:
        """Run one input; turn its typed error into a failure record when asked to."""
        try:
            yield from produce(*args)
        except HpinferError as error:
            yield self._failed(input_path, name, error)

    def _failed(self, input_path: str | None, name: str, error: HpinferError) -> InputFailure:
        """What stands for an input that cannot be read; raises `error` unless asked for that."""
        if self._raise:
            raise error
        return InputFailure(input_path, None, name, error)

    def _next_name(self) -> str:
        self._count += 1
        return f"input_{self._count - 1}"


def _not_supported(value: object) -> InvalidTypeError:
    return InvalidTypeError(
        f"input of type {type(value).__name__} is not supported: expected a path, URL, glob, "
        "bytes, binary file object, NumPy array, Pillow image, or an iterable of these"
    )


def _nested_too_deep() -> InvalidInputError:
    return InvalidInputError(
        f"the input is nested more than {MAX_NESTING} deep: pass a flat list of inputs"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long or with a zero character
        return False


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _has_known_suffix(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES | PDF_SUFFIXES


def _files_below(directory: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder, name)
            if _has_known_suffix(path):
                yield path
