"""Checks a built wheel: what it holds, how large it is, what it links and exports.

``python scripts/check_wheel.py dist/hpinfer-….whl`` prints one line for each fault.
"""

from __future__ import annotations

import re
import struct
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 5 * 1024 * 1024
#: Patterns that one file of the wheel must match each.
REQUIRED = (
    r"hpinfer/__init__\.py",
    r"hpinfer/_native\.[\w-]+\.so",
    r"hpinfer/_native\.pyi",
    r"hpinfer/py\.typed",
    r"hpinfer-[^/]+\.dist-info/licenses/LICENSE",
    r"hpinfer-[^/]+\.dist-info/licenses/NOTICE",
    r"hpinfer-[^/]+\.dist-info/entry_points\.txt",
)
#: Engines and weights are never bundled; build leftovers have no place.
FORBIDDEN = re.compile(
    r"\.(onnx|pdmodel|pdiparams|engine|a|o|h|cc)$|__pycache__"
    r"|(onnxruntime|openvino|nvinfer|cudart|ascendcl|opencv|tbb)[^/]*\.so",
)
#: What every Linux that runs manylinux wheels has.
SYSTEM_LIBRARIES = {
    *("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libc.so.6"),
    *("libpthread.so.0", "libdl.so.2", "librt.so.1"),
    *("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
}
#: Functions that a module may show to others: its entry, and templates of the standard library.
EXPORTS = re.compile(r"PyInit_\w+|_(init|fini)|_ZZ?(N?K?St|N9__gnu_cxx)\w*")


def main(arguments: list[str]) -> int:
    """Prints the faults of each wheel."""
    found = [f"{Path(name).name}: {fault}" for name in arguments for fault in faults(Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def faults(path: Path) -> Iterator[str]:
    """What is wrong with the wheel, a line each."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        yield f"{size} bytes; at most {MAX_BYTES}"
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        for pattern in REQUIRED:
            if not any(re.fullmatch(pattern, name) for name in names):
                yield f"no file matches {pattern}"
        for name in names:
            if FORBIDDEN.search(name):
                yield f"{name} does not belong in the wheel"
            if name.endswith(".so"):
                image = wheel.read(name)
                for library in sorted(set(needed_libraries(image)) - SYSTEM_LIBRARIES):
                    yield f"{name} links {library}"
                for function in exported_functions(image):
                    if not EXPORTS.fullmatch(function):
                        yield f"{name} exports {function}"


class _Segment(NamedTuple):
    """A program header of a 64-bit little-endian ELF file, in the order of its fields."""

    type: int
    flags: int
    offset: int
    address: int
    physical: int
    file_size: int
    memory_size: int
    align: int


_LOAD, _DYNAMIC = 1, 2  # segment types
_NEEDED, _STRING_TABLE = 1, 5  # tags of dynamic entries


def needed_libraries(image: bytes) -> list[str]:
    """The libraries that an ELF shared object asks the loader for (its NEEDED entries)."""
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", image, 32)
    entry_size, count = struct.unpack_from("<HH", image, 54)
    segments = [
        _Segment(*struct.unpack_from("<IIQQQQQQ", image, table + i * entry_size))
        for i in range(count)
    ]
    dynamic = next(segment for segment in segments if segment.type == _DYNAMIC)
    entries = list(
        struct.iter_unpack("<qQ", image[dynamic.offset : dynamic.offset + dynamic.file_size])
    )
    address = next(value for tag, value in entries if tag == _STRING_TABLE)
    home = next(s for s in segments if s.type == _LOAD and 0 <= address - s.address < s.file_size)
    strings = address - home.address + home.offset
    starts = [strings + value for tag, value in entries if tag == _NEEDED]
    return [image[start : image.index(b"\0", start)].decode() for start in starts]


_DYNAMIC_SYMBOLS, _FUNCTION = 11, 2  # section type; type of a symbol


def exported_functions(image: bytes) -> list[str]:
    """The functions that an ELF shared object defines for others (of its .dynsym)."""
    (table,) = struct.unpack_from("<Q", image, 40)
    entry_size, count = struct.unpack_from("<HH", image, 58)
    # Of a section header: type, offset, size, and the section with the names.
    headers = [
        struct.unpack_from("<4xI16xQQI", image, table + i * entry_size) for i in range(count)
    ]
    found = []
    for kind, offset, size, link in headers:
        if kind != _DYNAMIC_SYMBOLS:
            continue
        strings = headers[link][1]
        for name, info, section in struct.iter_unpack("<IBxH16x", image[offset : offset + size]):
            if section != 0 and info & 15 == _FUNCTION and info >> 4 != 0:
                start = strings + name
                found.append(image[start : image.index(b"\0", start)].decode())
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
