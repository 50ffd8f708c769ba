"""The limits that every input must respect: before it is read, and before it is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidImageError, InvalidInputError

if TYPE_CHECKING:
    from hpinfer._settings import InputSources

#: Lists within lists: more is a list that holds itself, or made to exhaust the stack.
MAX_NESTING = 32
#: Read at a time: Python reserves what it is asked to read, even of a file that ends sooner.
_PART_BYTES = 2**20


def check_pixels(width: int, height: int, *, name: str, max_pixels: int) -> None:
    """Refuse an image that is larger than the limit.

    Raises:
        InvalidImageError: Width times height exceeds `max_pixels`.
    """
    if width * height > max_pixels:
        raise InvalidImageError(
            f"{name} is {width}x{height} pixels, more than the limit of {max_pixels}: "
            "make it smaller, or raise HPINFER_MAX_PIXELS if it can be trusted"
        )


def check_bytes(size: int, *, name: str, max_bytes: int) -> None:
    """Refuse an input file or stream that is larger than the limit.

    Raises:
        InvalidImageError: `size` exceeds `max_bytes`.
    """
    if size > max_bytes:
        raise InvalidImageError(
            f"{name} has more than {max_bytes} bytes, the limit: make it smaller, "
            "or raise HPINFER_MAX_FILE_BYTES if it can be trusted"
        )


def check_pages(count: int, *, name: str, max_pages: int) -> None:
    """Refuse a document of more pages than the limit, before any of them is decoded.

    Raises:
        InvalidImageError: `count` exceeds `max_pages`.
    """
    if count > max_pages:
        raise InvalidImageError(
            f"{name} has {count} pages, more than the limit of {max_pages}: "
            "split it, or raise HPINFER_MAX_PAGES if it can be trusted"
        )


def check_source(kind: str, name: str, *, allowed: InputSources) -> None:
    """Refuse an input that would have to be fetched or opened where that is not wanted.

    Args:
        kind: ``address`` or ``path``.
        name: The input.
        allowed: What may be followed.

    Raises:
        InvalidInputError: This kind may not.
    """
    if allowed == "memory" or (allowed == "local" and kind == "address"):
        raise InvalidInputError(
            f"input {name} is {'an address' if kind == 'address' else 'a path'}, which "
            f"HPINFER_INPUT_SOURCES={allowed} does not follow: pass the content as bytes"
        )


def read_bounded(
    stream: Any,  # noqa: ANN401
    *,
    name: str,
    max_bytes: int,
    begin: bytes = b"",
) -> Any:  # noqa: ANN401
    """Read a binary file object to its end, or one byte further than allowed.

    Args:
        stream: Anything with ``read``; one whose ``read`` takes no size is read whole.
        name: What to call it in errors.
        max_bytes: The limit.
        begin: What has been read of it already.

    Returns:
        What it gave: bytes, if it is binary.

    Raises:
        InvalidImageError: It has more than `max_bytes`.
    """
    parts: list[Any] = [begin]
    size = len(begin)
    while size <= max_bytes:
        try:
            part = stream.read(min(_PART_BYTES, max_bytes + 1 - size))
        except TypeError:  # a reader of one's own
            part = stream.read()
            size = max_bytes  # there is nothing after that
        if not isinstance(part, (bytes, bytearray, memoryview)):
            return part
        if not part:
            break
        parts.append(part)
        size += len(part)
    content = b"".join(parts)
    check_bytes(len(content), name=name, max_bytes=max_bytes)
    return content
