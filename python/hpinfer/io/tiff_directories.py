"""What the directories of a TIFF claim, before a decoder believes it.

A directory names values by offset and length. Nothing keeps a file from naming the same megabyte
65 535 times, or from being one directory at every offset; a decoder that loads what is named then
needs gigabytes, or hours, for a small file. Format: TIFF 6.0, and BigTIFF's wider numbers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hpinfer.io.limits import check_pages
from hpinfer.io.sniff import BadImage

#: Bytes of one value by its type; the wider ones are BigTIFF's.
_SIZES = {**{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4},
          **{16: 8, 17: 8, 18: 8}}  # fmt: skip
#: A writer may share some values between entries; no more than this, in copies of the file.
_SHARED = 4


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the numbers of a directory lie."""

    count: str
    entry: str
    offset: str
    inline: int  # bytes of values that lie in the entry itself

    @property
    def entry_size(self) -> int:
        """Bytes of an entry: tag, type, number of values, and the values or their offset."""
        return struct.calcsize(self.entry) + self.inline


def check_directories(data: bytes, *, name: str, max_pages: int | None) -> None:
    """Walk the directories of a TIFF.

    Args:
        data: The whole file.
        name: What to call it in errors.
        max_pages: Most pages; None looks at the first one only.

    Raises:
        BadImage: Directories overlap, or name more than the file can hold.
        InvalidImageError: There are more pages than the limit.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    layout = (
        _Layout(f"{order}Q", f"{order}HHQ", f"{order}Q", 8)
        if big
        else _Layout(f"{order}H", f"{order}HHI", f"{order}I", 4)
    )
    seen: set[int] = set()
    room = len(data)  # for entries: directories of one file do not overlap
    offset = _number(data, 8 if big else 4, layout.offset)
    while offset and offset not in seen and (max_pages is not None or not seen):
        count = _number(data, offset, layout.count)
        if count is None:
            return  # the file ends here: what the decoder makes of that is its own affair
        seen.add(offset)
        room -= count * layout.entry_size
        if room < 0:
            raise BadImage("its TIFF directories overlap each other")
        if max_pages is not None and len(seen) > max_pages:
            check_pages(len(seen), name=name, max_pages=max_pages)
        first = offset + struct.calcsize(layout.count)
        _check_values(data, first, count, layout)
        offset = _number(data, first + count * layout.entry_size, layout.offset)


def _check_values(data: bytes, first: int, count: int, layout: _Layout) -> None:
    room = (_SHARED + 1) * len(data)
    head = struct.Struct(layout.entry)
    for place in range(first, first + count * layout.entry_size, layout.entry_size):
        if place + layout.entry_size > len(data):
            return
        _, kind, values = head.unpack_from(data, place)
        size = values * _SIZES.get(kind, 1)
        room -= size if size > layout.inline and size <= len(data) else 0
        if room < 0:
            raise BadImage("a TIFF directory names more values than the file can hold")


def _number(data: bytes, offset: int, form: str) -> int | None:
    """The number at an offset; None where the file has none."""
    if offset + struct.calcsize(form) > len(data):
        return None
    return int(struct.unpack_from(form, data, offset)[0])
