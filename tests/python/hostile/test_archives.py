"""Wheels from anyone: only the files that are wanted, only if they are what the manifest pins."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given, settings
from mutations import damaged

from hpinfer.errors import HpinferError
from hpinfer.hub.assembly import assemble
from hpinfer.hub.manifest import Artifact, FileEntry, ModelEntry
from hpinfer.hub.sources import SourceError
from hpinfer.hub.wheels import open_member, open_wheel

hostile = settings(settings.get_profile("hostile"))
CONTENT = b"weights" * 500
MEMBER = "toy/inference.onnx"


def wheel(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(MEMBER, CONTENT)
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unpack(data: bytes, folder, size: int = len(CONTENT)) -> bool:
    """True if the wheel delivered."""
    entry = FileEntry("inference.onnx", MEMBER, hashlib.sha256(CONTENT).hexdigest(), size)
    artifact = Artifact("onnx", "toy==1", (entry,), ())
    model = ModelEntry("Toy", "text_recognition", "Apache-2.0", (artifact,), {}, {})
    path = folder / "toy.whl"
    path.write_bytes(data)
    staged = folder / "staged"
    staged.mkdir()
    try:
        with open_wheel(path) as archive:
            opener = lambda wanted: open_member(archive, wanted)  # noqa: E731
            assemble(model, artifact, staged, opener=opener, source="wheel toy==1")
    except (SourceError, HpinferError):
        return False
    finally:
        written = sum(file.stat().st_size for file in staged.rglob("*") if file.is_file())
        assert written <= len(CONTENT) + 2000, "more was written than is wanted"
        for file in staged.iterdir():
            file.unlink()
        staged.rmdir()
    return True


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS)
def test_damaged_wheels(method, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    assert unpack(wheel(method), folder)

    @hostile
    @given(data=damaged([wheel(method)]))
    def each(data):
        unpack(data, folder)

    each()


def test_a_member_that_grows_is_cut_off(tmp_path):
    """Its header says what the manifest says, its data unpacks to a gigabyte."""
    data = bytearray()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, bytes(1 << 28))
    data[:] = stream.getvalue()
    central = data.rindex(b"PK\x01\x02")
    for at in (data.index(b"PK\x03\x04") + 22, central + 24):
        struct.pack_into("<I", data, at, len(CONTENT))
    assert not unpack(bytes(data), tmp_path)


def test_names_that_lead_out_and_links_are_not_written(tmp_path):
    stream = io.BytesIO(wheel())
    with zipfile.ZipFile(stream, "a") as archive:
        for name in ("../../outside", "/outside", "toy/../../outside"):
            archive.writestr(name, b"x")
        link = zipfile.ZipInfo("toy/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert unpack(stream.getvalue(), inner)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "toy.whl"]


def test_the_wanted_member_must_be_a_file(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo(MEMBER)
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert not unpack(stream.getvalue(), tmp_path)


def test_a_member_with_a_password_is_refused(tmp_path):
    data = bytearray(wheel())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(mark) + at
        data[place] |= 1
    assert not unpack(bytes(data), tmp_path)
