"""Saved vectors, which clients of a service may hand back: read, or refused, without measure."""

from __future__ import annotations

import base64
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from mutations import damaged
from outcomes import outcome

from hpinfer.chat.vectors import VectorStore
from hpinfer.errors import HpinferError, InvalidInputError

hostile = settings(settings.get_profile("hostile"))
STORE = VectorStore.of(["one", "two\n\u4e00"], np.array([[1, 0, 0], [0.5, 2, 1]], np.float32))
TEXT = STORE.to_text()
PREFIX, _, ENCODED = TEXT.partition(":")


def saved(content: bytes) -> str:
    return f"{PREFIX}:{base64.b64encode(content).decode()}"


def archive(method: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return stream.getvalue()


def array(header: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content


def test_what_was_saved_is_read():
    read = VectorStore.from_text(TEXT)
    assert read.texts == STORE.texts
    np.testing.assert_array_equal(read.vectors, STORE.vectors)
    empty = VectorStore.of([], np.zeros((0, 0), np.float32))
    assert VectorStore.from_text(empty.to_text()).texts == ()


@hostile
@given(content=damaged([base64.b64decode(ENCODED)]))
def test_damaged_vectors(content):
    read = outcome("saved vectors", lambda: VectorStore.from_text(saved(content)))
    if not isinstance(read, HpinferError):
        assert read.vectors.shape[0] == len(read.texts)


@pytest.mark.parametrize(
    "content",
    [
        archive(zipfile.ZIP_DEFLATED, texts=bytes(1 << 28), vectors=bytes(1 << 28)),
        archive(texts=array("{'descr': '<f4', 'fortran_order': False, 'shape': (10**12,), }")),
        archive(
            texts=array("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }")
        ),
        archive(texts=array("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"x" * 8)),
        archive(texts=array("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }")),
        archive(texts=array("[" * 500)),
        archive(texts=b""),
    ],
    ids=["bomb", "expression", "huge", "objects", "negative", "nested", "empty"],
)
def test_vectors_that_claim_more_than_they_have(content):
    with pytest.raises(InvalidInputError, match="damaged"):
        VectorStore.from_text(saved(content))
