"""Inputs given as http or https addresses."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hpinfer.errors import InputNotFoundError, InvalidInputError

if TYPE_CHECKING:
    from hpinfer._settings import Settings

_CHUNK = 1 << 16


def is_url(text: str) -> bool:
    """Tell whether text is an http or https address."""
    return text[:8].lower().startswith(("http://", "https://"))


def url_stem(url: str) -> str:
    """Return the stem of the last part of an address, ``url`` when it has none."""
    return PurePosixPath(unquote(urlsplit(url).path)).stem or "url"


def download(url: str, *, settings: Settings) -> bytes:
    """Fetch an input.

    Only http and https are followed, also through redirects; proxies come from the environment as
    urllib reads them. What the content is, is for the caller to find out.

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
    except (http.client.InvalidURL, UnicodeError) as error:
        raise InvalidInputError(f"{url} is not a valid address: {error}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputNotFoundError(f"{url} cannot be fetched: {reason}") from None


def _read(url: str, settings: Settings) -> bytes:
    from urllib.request import Request

    deadline = time.monotonic() + settings.url_timeout_s
    request = Request(url, headers={"User-Agent": "hpinfer"})
    with _opener().open(request, timeout=settings.url_timeout_s) as response:
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and int(declared) > settings.url_max_bytes:
            raise _too_large(url, settings)
        content = bytearray()
        while chunk := response.read(_CHUNK):
            content += chunk
            if len(content) > settings.url_max_bytes:
                raise _too_large(url, settings)
            if time.monotonic() > deadline:
                raise TimeoutError(f"it took more than {settings.url_timeout_s:g} s")
        if declared.isdecimal() and len(content) < int(declared):
            raise OSError(f"the connection ended after {len(content)} of {declared} bytes")
    return bytes(content)


def _opener() -> Any:  # noqa: ANN401 - urllib's opener; the default one also reads file: and ftp:
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _too_large(url: str, settings: Settings) -> InvalidInputError:
    return InvalidInputError(
        f"{url} is larger than {settings.url_max_bytes} bytes: download it yourself, or raise "
        "HPINFER_URL_MAX_BYTES"
    )
