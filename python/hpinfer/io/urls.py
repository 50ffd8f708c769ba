"""Inputs given as http or https addresses."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hpinfer.errors import InputNotFoundError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpinfer._settings import Settings

_CHUNK = 1 << 16
_MAX_REDIRECTS = 5


def is_url(text: str) -> bool:
    """Tell whether text is an http or https address."""
    return text[:8].lower().startswith(("http://", "https://"))


def url_stem(url: str) -> str:
    """Return the stem of the last part of an address, ``url`` when it has none."""
    try:
        path = urlsplit(url).path
    except ValueError:  # which the download will say in full
        return "url"
    return PurePosixPath(unquote(path)).stem or "url"


def download(url: str, *, settings: Settings) -> bytes:
    """Fetch an input.

    Only http and https are followed, also through redirects, of which five are the most; proxies
    come from the environment as urllib reads them. The time limit holds for the whole, also of a
    server that sends byte by byte. What the content is, is for the caller to find out.

    Args:
        url: The address.
        settings: Offline switch, size limit and time limit.

    Returns:
        The content.

    Raises:
        InputNotFoundError: Offline, the server refused, or it took too long.
        InvalidInputError: The content is larger than the limit, or the address is malformed.
    """
    import http.client
    import urllib.error

    if settings.offline:
        raise InputNotFoundError(
            f"{url} cannot be fetched because HPINFER_OFFLINE is set: download it first"
        )
    try:
        return _read(url, settings)
    except urllib.error.HTTPError as error:
        with error:
            reason = f"HTTP {error.code} {error.reason}"
        raise InputNotFoundError(f"{url} cannot be fetched: {reason}") from None
    except urllib.error.URLError as error:
        raise InputNotFoundError(f"{url} cannot be fetched: {error.reason}") from None
    except InvalidInputError:
        raise
    except (http.client.InvalidURL, ValueError) as error:  # urllib's own, UnicodeError too
        reason = " ".join(str(error).split())
        raise InvalidInputError(f"{url} is not a valid address: {reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputNotFoundError(f"{url} cannot be fetched: {reason}") from None


def _read(url: str, settings: Settings) -> bytes:
    from urllib.request import Request

    deadline = _Deadline(settings.url_timeout_s)
    request = Request(url, headers={"User-Agent": "hpinfer"})
    with deadline, _opener(deadline).open(request, timeout=settings.url_timeout_s) as response:
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and int(declared) > settings.url_max_bytes:
            raise _too_large(url, settings)
        content = bytearray()
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > settings.url_max_bytes:
                raise _too_large(url, settings)
        deadline.check()  # else the end may be that of our patience
        if declared.isdecimal() and len(content) < int(declared):
            raise OSError(f"the connection ended after {len(content)} of {declared} bytes")
    return bytes(content)


class _Deadline:
    """Ends the connections that were made under it when its time is up, whatever they wait for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[Any] = []

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._timer.cancel()
        with self._lock:
            for own in self._sockets:
                own.close()
            self._sockets.clear()
        # Whatever the end of the connection looked like, it was ours.
        if isinstance(error, Exception) and not isinstance(error, InvalidInputError):
            self.check()

    def check(self) -> None:
        """TimeoutError if the time is up."""
        if time.monotonic() >= self._end:
            raise TimeoutError(f"it took more than {self._seconds:g} s")

    def watch(self, connection: Any) -> None:  # noqa: ANN401 - http.client's, plain or encrypted
        """Take part in the deadline."""
        with self._lock:
            # Of its own: encryption takes the socket's number over, for the handshake already.
            self._sockets.append(connection.sock.dup())
        self.check()

    def _hang_up(self) -> None:
        with self._lock:
            for own in self._sockets:
                with contextlib.suppress(OSError):
                    own.shutdown(socket.SHUT_RDWR)


def _opener(deadline: _Deadline) -> Any:  # noqa: ANN401 - urllib's; the default one reads file: too
    from urllib import request

    class Redirects(request.HTTPRedirectHandler):
        max_redirections = _MAX_REDIRECTS

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        *_watched_handlers(deadline),
        request.HTTPDefaultErrorHandler(),
        Redirects(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _watched_handlers(deadline: _Deadline) -> Iterator[Any]:
    """Handlers of http and https whose connections hang up at the deadline."""
    import http.client
    from urllib import request

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            deadline.watch(self)

    class Encrypted(http.client.HTTPSConnection, Plain):  # whose connect() begins with Plain's
        pass

    class PlainHandler(request.HTTPHandler):
        def http_open(self, req: request.Request) -> Any:  # noqa: ANN401
            return self.do_open(Plain, req)

    class EncryptedHandler(request.HTTPSHandler):
        def https_open(self, req: request.Request) -> Any:  # noqa: ANN401
            return self.do_open(Encrypted, req)

    yield PlainHandler()
    yield EncryptedHandler()


def _too_large(url: str, settings: Settings) -> InvalidInputError:
    return InvalidInputError(
        f"{url} is larger than {settings.url_max_bytes} bytes: download it yourself, or raise "
        "HPINFER_URL_MAX_BYTES"
    )
