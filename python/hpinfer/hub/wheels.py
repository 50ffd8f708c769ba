"""Files out of published wheels: fetched with pip, read as a zip, never installed or executed."""

from __future__ import annotations

import importlib.metadata
import lzma
import stat
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from hpinfer._child import communicate
from hpinfer.hub.sources import SourceError

#: What a damaged or made-up archive makes zipfile raise: it refuses passwords and methods with the
#: last two.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError),
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hpinfer.hub.manifest import FileEntry


def pip_is_installed() -> bool:
    """Whether this interpreter has pip.

    Its metadata tell. Asking the import system (``find_spec("pip")``) has a side effect where
    setuptools is installed: its import hook takes the process for pip's own from then on, and
    packages that import setuptools later, PaddlePaddle among them, fail.
    """
    try:
        importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def download_wheel(
    requirement: str, destination: Path, *, extra_args: Sequence[str] = (), timeout_s: float
) -> Path:
    """Fetch one wheel with this interpreter's pip.

    Only wheels are accepted, so nothing of the package runs; its Python version limit does not
    matter because it is not installed. Mirrors and proxies come from pip's own configuration.

    Args:
        requirement: ``project==version``.
        destination: An empty directory of ours, which is also pip's working directory.
        extra_args: More words for ``pip download``.
        timeout_s: Limit for the whole download.

    Returns:
        The wheel file.

    Raises:
        SourceError: pip is missing, failed, or took too long.
        CancelledError: Nobody waits for it any more.
    """
    options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-input"]
    quiet = ["--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, *quiet]
    command += ["--dest", str(destination), *extra_args, requirement]
    code, messages = _run(command, destination, timeout_s)
    if code != 0:
        raise SourceError(_pip_reason(messages, code))
    wheels = sorted(destination.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceError(f"pip left {len(wheels)} wheels, expected 1")
    return wheels[0]


def _run(command: Sequence[str], folder: Path, timeout_s: float) -> tuple[int, str]:
    """Exit code and messages of pip."""
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise SourceError(f"pip cannot be started: {error}") from None
    with child:
        try:
            _, messages = communicate(child, None, timeout_s=timeout_s, what="a download")
        except subprocess.TimeoutExpired:
            raise SourceError(f"pip did not finish within {timeout_s:g} s") from None
        finally:
            if child.poll() is None:
                child.kill()
    return child.returncode, messages.decode(errors="replace")


def open_member(wheel: zipfile.ZipFile, entry: FileEntry) -> BinaryIO:
    """Open one file of a wheel.

    The member is found by its exact name and its content goes where the caller writes it, so no
    name inside the archive ever becomes a path on disk.

    Raises:
        SourceError: The wheel has no such regular file, or one of another length.
    """
    try:
        info = wheel.getinfo(entry.member)
    except KeyError:
        raise SourceError(f"the wheel has no member {entry.member}") from None
    if stat.S_ISLNK(info.external_attr >> 16):
        raise SourceError(f"member {entry.member} is a link, expected a file")
    if info.is_dir() or info.file_size != entry.size:
        raise SourceError(
            f"member {entry.member} has {info.file_size} bytes, expected {entry.size}"
        )
    try:
        return wheel.open(info)  # type: ignore[return-value]
    except DAMAGE as error:
        raise SourceError(f"member {entry.member} cannot be unpacked: {error}") from None


def open_wheel(path: Path) -> zipfile.ZipFile:
    """Open a downloaded wheel for reading.

    Raises:
        SourceError: It is not a zip archive.
    """
    try:
        return zipfile.ZipFile(path)
    except DAMAGE as error:
        raise SourceError(f"{path.name} is not a readable wheel: {error}") from None


def _pip_reason(stderr: str, code: int) -> str:
    """Return the line of pip's output that says most."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip"
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    chosen = errors[-1] if errors else (lines[-1] if lines else f"exit status {code}")
    return f"pip: {chosen[:300]}"
