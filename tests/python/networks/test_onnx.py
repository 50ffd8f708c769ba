"""The metadata reader follows the protobuf wire format and refuses everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hpinfer.errors import ModelFormatError, ModelNotFoundError
from hpinfer.networks import read_onnx_external_files, read_onnx_metadata

if TYPE_CHECKING:
    from pathlib import Path


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def entry(key: str, value: str) -> bytes:
    return field(14, field(1, key.encode()) + field(2, value.encode()))


HEAD = varint(1 << 3) + varint(8) + field(2, b"tool")  # ir_version, producer_name


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_reads_all_entries_and_skips_other_fields(tmp_path: Path) -> None:
    scalars = varint(20 << 3 | 5) + b"\0" * 4 + varint(21 << 3 | 1) + b"\0" * 8
    data = HEAD + entry("a", "1") + field(7, b"\xff" * 300) + scalars + entry("字", "é\n\u3000")
    assert read_onnx_metadata(write(tmp_path / "m.onnx", data)) == {"a": "1", "字": "é\n\u3000"}


def test_the_graph_is_skipped_not_read(tmp_path: Path) -> None:
    size = 3 << 30  # a hole in the file: reading it would need 3 GB
    path = tmp_path / "m.onnx"
    with path.open("wb") as stream:
        stream.write(HEAD + varint(7 << 3 | 2) + varint(size))
        stream.seek(size, 1)
        stream.write(entry("k", "v"))
    assert read_onnx_metadata(path) == {"k": "v"}


def test_empty_values_and_repeated_keys(tmp_path: Path) -> None:
    data = HEAD + field(14, b"") + entry("k", "old") + entry("k", "new") + entry("e", "")
    assert read_onnx_metadata(write(tmp_path / "m.onnx", data)) == {"": "", "k": "new", "e": ""}


def test_a_model_without_metadata_has_none(tmp_path: Path) -> None:
    assert read_onnx_metadata(write(tmp_path / "m.onnx", HEAD)) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"this is a text file\n",
        HEAD + entry("k", "v")[:-1],
        HEAD + varint(14 << 3 | 2) + b"\xff" * 11,
        HEAD + varint(14 << 3 | 3),
        HEAD + b"\x02\x00",
        HEAD + field(14, field(1, b"\xff\xfe") + field(2, b"v")),
        HEAD + varint(20 << 3 | 1) + b"\0",
    ],
    ids=["empty", "text", "cut", "long varint", "group", "field 0", "not utf-8", "cut scalar"],
)
def test_other_bytes_are_a_typed_error(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path / "bad.onnx", data)
    with pytest.raises(ModelFormatError, match=r"bad\.onnx is not an ONNX model") as caught:
        read_onnx_metadata(path)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        read_onnx_metadata(tmp_path / "no.onnx")


def external(location: str) -> bytes:
    """A TensorProto whose values are in a file."""
    key = field(1, b"location") + field(2, location.encode())
    offset = field(1, b"offset") + field(2, b"4096")
    return field(8, b"weight") + field(13, offset) + field(13, key)


def test_files_that_hold_weights_wherever_they_are_named(tmp_path: Path) -> None:
    inner = field(5, external("branch.bin"))
    attributes = field(5, field(5, external("constant.bin"))) + field(5, field(6, inner))
    graph = field(5, external("a.bin")) + field(5, external("sub/b.bin")) + field(1, attributes)
    path = write(tmp_path / "m.onnx", HEAD + field(7, graph + field(5, external("a.bin"))))
    assert [file.relative_to(tmp_path).as_posix() for file in read_onnx_external_files(path)] == [
        "a.bin",
        "branch.bin",
        "constant.bin",
        "sub/b.bin",
    ]


def test_no_file_outside_the_folder_is_named(tmp_path: Path) -> None:
    graph = b"".join(field(5, external(name)) for name in ("/etc/passwd", "../up.bin", "in.bin"))
    path = write(tmp_path / "m.onnx", HEAD + field(7, graph))
    assert read_onnx_external_files(path) == (tmp_path / "in.bin",)


def test_a_model_in_one_file_names_none(tmp_path: Path) -> None:
    weight = field(5, field(8, b"w") + field(9, b"\x00" * 64))
    assert read_onnx_external_files(write(tmp_path / "m.onnx", HEAD + field(7, weight))) == ()
    called_so = field(5, field(8, b"location") + field(9, b"\x00" * 64))
    assert read_onnx_external_files(write(tmp_path / "n.onnx", HEAD + field(7, called_so))) == ()


def test_a_damaged_graph_is_a_typed_error(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", HEAD + field(7, field(5, b"location\xff")))
    with pytest.raises(ModelFormatError):
        read_onnx_external_files(path)
