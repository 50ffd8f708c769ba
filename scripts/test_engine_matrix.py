#!/usr/bin/env python3
"""Runs the engine contract tests against several releases of every engine.

Each release gets a virtual environment of its own with the hpinfer wheel, the engine and the tests'
requirements. The old releases need a Python that they have wheels for (onnxruntime 1.19: up to
3.12).

    python scripts/test_engine_matrix.py                      # oldest and newest of every engine
    python scripts/test_engine_matrix.py --newest-only        # what CI runs
    python scripts/test_engine_matrix.py onnxruntime==1.24.4  # this one
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
OLDEST = ("onnxruntime==1.19.2", "openvino==2024.6.0")
NEWEST = ("onnxruntime", "openvino")
TEST_REQUIREMENTS = ("numpy", "onnx>=1.16", "pytest>=8", "pytest-timeout>=2.3")


def main() -> int:
    """Runs the matrix; the exit status is 0 if every release passes."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="hpinfer-matrix-") as temporary:
        work = arguments.work_dir or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        wheel = arguments.wheel or build_wheel(work / "wheel", arguments.build_option)
        results = {
            requirement: test_release(requirement, wheel, work, arguments.python)
            for requirement in arguments.releases
        }
    for requirement, (version, passed) in results.items():
        print(f"{'ok    ' if passed else 'FAILED'} {requirement} ({version})")
    return 0 if all(passed for _, passed in results.values()) else 1


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("releases", nargs="*", help="requirements, e.g. onnxruntime==1.24.4")
    parser.add_argument("--newest-only", action="store_true", help="leave out the oldest releases")
    parser.add_argument("--wheel", type=Path, help="an hpinfer wheel; without it, one is built")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the environments")
    parser.add_argument("--work-dir", type=Path, help="keep environments here, and reuse them")
    parser.add_argument(
        "-C",
        dest="build_option",
        action="append",
        default=[],
        help="a build option, e.g. cmake.define.ENABLE_OPENVINO_BACKEND=OFF",
    )
    arguments = parser.parse_args()
    if not arguments.releases:
        arguments.releases = NEWEST if arguments.newest_only else (*OLDEST, *NEWEST)
    return arguments


def build_wheel(folder: Path, options: list[str]) -> Path:
    """Builds the wheel of this checkout."""
    settings = [part for option in options for part in ("-C", option)]
    run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *settings, "-w", folder, ROOT])
    (wheel,) = folder.glob("hpinfer-*.whl")
    return wheel


def test_release(requirement: str, wheel: Path, work: Path, python: str) -> tuple[str, bool]:
    """Tests one release of an engine.

    Args:
        requirement: Name of the engine's distribution, which is also its name in hpinfer, and
            perhaps a version.
        wheel: The hpinfer wheel.
        work: Where the environment is made.
        python: Its interpreter.

    Returns:
        The installed version, and whether the tests passed.
    """
    engine = requirement.partition("=")[0]
    print(f"== {requirement}", flush=True)
    environment = work / requirement.replace("==", "-")
    if not environment.exists():
        run([python, "-m", "venv", environment])
    interpreter = environment / "bin" / "python"
    pip: list[str | Path] = [
        interpreter,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
    ]
    run([*pip, "--force-reinstall", "--no-deps", wheel])
    run([*pip, wheel, requirement, *TEST_REQUIREMENTS])
    query = f"from importlib.metadata import version; print(version({engine!r}))"
    version = subprocess.run(
        [interpreter, "-c", query], capture_output=True, text=True, check=True
    ).stdout.strip()
    tests: list[str | Path] = [
        interpreter,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/python/contract",
    ]
    variables = {key: text for key, text in os.environ.items() if not key.startswith("HPINFER_")}
    variables["HPINFER_REQUIRE_ENGINES"] = engine
    variables.pop("PYTHONPATH", None)
    return version, subprocess.run(tests, cwd=ROOT, env=variables, check=False).returncode == 0


def run(command: Sequence[str | Path]) -> None:
    """Runs a command; its failure ends the program with the command's own words."""
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")


if __name__ == "__main__":
    sys.exit(main())
