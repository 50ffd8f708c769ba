"""Limits of inputs: what is refused, that the message says how to raise it, and that it can be."""

from __future__ import annotations

import io
import os
import socket
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outcomes import outcome
from picture_files import document, pictures

from hpinfer.errors import (
    ConfigError,
    HpinferError,
    InputNotFoundError,
    InvalidImageError,
    InvalidInputError,
)
from hpinfer.io import iter_images

hostile = settings(settings.get_profile("hostile"))


class Endless(io.RawIOBase):
    """A stream that never ends."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "an endless stream was to be read whole"
        self.taken += size
        return bytes(size)


def test_files_and_streams_beyond_the_limit_of_bytes(monkeypatch, tmp_path):
    data = pictures()["png"]
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    monkeypatch.setenv("HPINFER_MAX_FILE_BYTES", str(len(data)))
    assert len(list(iter_images([path, data, io.BytesIO(data)]))) == 3
    monkeypatch.setenv("HPINFER_MAX_FILE_BYTES", str(len(data) - 1))
    for source in (path, data, io.BytesIO(data)):
        with pytest.raises(InvalidImageError, match="HPINFER_MAX_FILE_BYTES"):
            list(iter_images(source))


@pytest.mark.parametrize("of", ["a path", "a stream"])
def test_a_small_file_takes_little_memory_whatever_the_limit(tmp_path, of):
    (tmp_path / "a.png").write_bytes(pictures()["png"])
    tracemalloc.start()
    try:
        source = tmp_path / "a.png" if of == "a path" else (tmp_path / "a.png").open("rb")
        assert len(list(iter_images(source))) == 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20, "the limit itself (1 GiB) was reserved"


def test_what_has_no_end_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setenv("HPINFER_MAX_FILE_BYTES", "100000")
    stream = Endless()
    with pytest.raises(InvalidImageError, match="limit"):
        list(iter_images(stream))
    assert stream.taken <= 100_001
    with pytest.raises(InvalidImageError, match="limit"):
        list(iter_images("/dev/zero"))


def test_documents_beyond_the_limit_of_pages(monkeypatch):
    tiff, pdf = pictures()["pages"], document()
    monkeypatch.setenv("HPINFER_MAX_PAGES", "3")
    assert len(list(iter_images([tiff, pdf]))) == 5
    monkeypatch.setenv("HPINFER_MAX_PAGES", "1")
    for source in (tiff, pdf):
        with pytest.raises(InvalidImageError, match=r"more than the limit of 1: .*MAX_PAGES"):
            list(iter_images(source))
    (failure,) = iter_images(pdf, on_error="yield")
    assert "pages" in str(failure.error)


def test_a_service_takes_content_and_nothing_else(monkeypatch, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(pictures()["png"])
    memory = [pictures()["png"], np.zeros((4, 4, 3), np.uint8), bytearray(pictures()["jpeg"])]
    followed = [path, str(path), str(tmp_path), f"{tmp_path}/*.png", str(tmp_path / "none")]
    address = "http://127.0.0.1:1/a.png"
    monkeypatch.setenv("HPINFER_INPUT_SOURCES", "memory")
    assert len(list(iter_images([*memory, io.BytesIO(document())]))) == 5
    for source in [*followed, address]:
        with pytest.raises(InvalidInputError, match="HPINFER_INPUT_SOURCES=memory"):
            list(iter_images(source))
    monkeypatch.setenv("HPINFER_INPUT_SOURCES", "local")
    assert len(list(iter_images([*memory, *followed[:4]]))) == 7
    with pytest.raises(InvalidInputError, match="HPINFER_INPUT_SOURCES=local"):
        list(iter_images(address))
    monkeypatch.setenv("HPINFER_INPUT_SOURCES", "everything")
    with pytest.raises(ConfigError, match="any, local, memory"):
        list(iter_images(path))


def test_a_list_that_holds_itself():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InvalidInputError, match="32 deep"):
        list(iter_images(endless))


@hostile
@given(text=st.one_of(st.text(), st.text(alphabet="~/.*?[]{}\0 a:%\\-")))
def test_any_text_as_input(text):
    outcome("iter_images of text", lambda: next(iter_images(f"/nowhere{text}"), None))
    if not text.startswith("/") and not set(text) & set("*?[."):
        outcome("iter_images of text", lambda: next(iter_images(text), None))


@pytest.fixture
def server(monkeypatch):
    """A server that answers as its list of answers says, in order; yields its address."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setenv("HPINFER_OFFLINE", "0")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        port = listening.getsockname()[1]
        yield listening, f"http://127.0.0.1:{port}"


def _answer(listening: socket.socket, *parts: bytes, pause: float = 0.0, times: int = 1):
    """Serves `times` connections in a thread of its own."""

    def work() -> None:
        for _ in range(times):
            with listening.accept()[0] as connection:
                connection.recv(4096)
                for part in parts:
                    try:
                        connection.sendall(part)
                    except OSError:
                        return
                    time.sleep(pause)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("slow_head", [True, False])
def test_a_server_that_sends_byte_by_byte_is_left(server, monkeypatch, slow_head):
    listening, address = server
    monkeypatch.setenv("HPINFER_URL_TIMEOUT", "0.5")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    parts = [b"HTTP/1.1 200 OK\r\n", *[b"X"] * 100] if slow_head else [head, *[b"x"] * 100]
    thread = _answer(listening, *parts, pause=0.1)
    with pytest.raises(InputNotFoundError, match=r"more than 0\.5 s"):
        list(iter_images(f"{address}/a.png"))
    thread.join(20)
    assert not thread.is_alive(), "the connection was not closed"


def test_redirects_end(server):
    listening, address = server
    parts = f"HTTP/1.1 302 Found\r\nLocation: {address}/next\r\nContent-Length: 0\r\n\r\n".encode()
    _answer(listening, parts, times=20)
    with pytest.raises(InputNotFoundError, match="302"):
        list(iter_images(f"{address}/a.png"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\xff\xfe",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a\nb/\r\n\r\n",
    ],
)
def test_answers_that_are_none(server, answer):
    listening, address = server
    _answer(listening, answer)
    result = outcome("answers of servers", lambda: list(iter_images(f"{address}/a.png")))
    assert isinstance(result, HpinferError)


@hostile
@given(rest=st.text(max_size=30))
def test_any_address_is_an_error_without_a_network(rest):
    os.environ["HPINFER_OFFLINE"] = "1"
    result = outcome("addresses", lambda: list(iter_images(f"http://{rest}")))
    assert isinstance(result, HpinferError)
