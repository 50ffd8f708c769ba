#!/usr/bin/env python3
"""Builds hpinfer with each combination of build options that matters, and tests each build.

Every combination is configured in one build folder, so that only what differs is compiled again.
Its wheel goes into an environment that sees the packages of the interpreter running this script:
the engines installed there are those that the engine contract is run on.

    python scripts/test_builds.py              # all combinations, as a table
    python scripts/test_builds.py --quick      # one, for CI
    python scripts/test_builds.py ort openvino # these
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/python/contract", "tests/python/unit/test_build.py")


@dataclass(frozen=True)
class Combination:
    """Build options that are set together.

    Attributes:
        name: On the command line and in the table.
        options: CMake option to its value; the others keep their defaults.
        refusal: What configuring must say, for a combination that cannot work.
    """

    name: str
    options: dict[str, str]
    refusal: str = ""


COMBINATIONS = (
    Combination("default", {}),
    Combination("ort", {"ENABLE_OPENVINO_BACKEND": "OFF", "ENABLE_PADDLE_BACKEND": "OFF"}),
    Combination("openvino", {"ENABLE_ORT_BACKEND": "OFF", "ENABLE_PADDLE_BACKEND": "OFF"}),
    Combination("paddle", {"ENABLE_ORT_BACKEND": "OFF", "ENABLE_OPENVINO_BACKEND": "OFF"}),
    Combination("gpu", {"WITH_GPU": "ON"}),
    Combination(
        "tensorrt without headers",
        {"ENABLE_TRT_BACKEND": "ON", "TENSORRT_ROOT": "/nowhere"},
        refusal="needs the headers of TensorRT",
    ),
    Combination(
        "gpu without toolkit",
        {"WITH_GPU": "ON", "CUDA_DIRECTORY": "/nowhere"},
        refusal="has no bin/nvcc",
    ),
    Combination(
        "no engine",
        {
            "ENABLE_ORT_BACKEND": "OFF",
            "ENABLE_OPENVINO_BACKEND": "OFF",
            "ENABLE_PADDLE_BACKEND": "OFF",
        },
        refusal="without any engine",
    ),
)
_SWITCH = ("ON", "OFF")
QUICK = ("ort", "no engine", "gpu without toolkit", "tensorrt without headers")


@dataclass(frozen=True)
class Outcome:
    """What became of a combination: a word for each step, "-" where it was not reached."""

    configured: str
    ctest: str = "-"
    wheel: str = "-"
    pytest: str = "-"

    @property
    def good(self) -> bool:
        """Whether every step ended as it should."""
        return "FAILED" not in (self.configured, self.ctest, self.wheel, self.pytest)


def main() -> int:
    """Builds and tests; the exit status is 0 if every combination did what it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="combinations; all unless given")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--work-dir", type=Path, help="keep builds here, and reuse them")
    arguments = parser.parse_args()
    known = {combination.name: combination for combination in COMBINATIONS}
    if unknown := set(arguments.names) - set(known):
        parser.error(f"no combination {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    names = arguments.names or (QUICK if arguments.quick else list(known))
    with tempfile.TemporaryDirectory(prefix="hpinfer-builds-") as temporary:
        work = (arguments.work_dir or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        outcomes = {name: build_and_test(known[name], work) for name in names}
    print(table(known, outcomes))
    return 0 if all(outcome.good for outcome in outcomes.values()) else 1


def build_and_test(combination: Combination, work: Path) -> Outcome:
    """Takes one combination through all steps."""
    print(f"== {combination.name}", flush=True)
    definitions = [f"-D{name}={value}" for name, value in combination.options.items()]
    # A cached value must not outlive its combination.
    build = work / "cmake"
    (build / "CMakeCache.txt").unlink(missing_ok=True)
    configure: list[str | Path] = ["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, *definitions]
    done = subprocess.run(configure, env=environment(), capture_output=True, text=True, check=False)
    if combination.refusal:
        said = " ".join(done.stderr.split())
        refused = done.returncode != 0 and combination.refusal in said
        return Outcome("refused" if refused else "FAILED")
    if done.returncode != 0:
        print(done.stderr)
        return Outcome("FAILED")
    ctest: list[str | Path] = [
        "ctest",
        "--test-dir",
        build,
        "--no-tests=error",
        "--output-on-failure",
    ]
    if not succeeds(["cmake", "--build", build]) or not succeeds(ctest):
        return Outcome("ok", "FAILED")
    interpreter = make_environment(work / "venv")
    if not install(interpreter, combination, work / "wheel"):
        return Outcome("ok", "ok", "FAILED")
    return Outcome("ok", "ok", "ok", "ok" if passes(interpreter, combination) else "FAILED")


def make_environment(folder: Path) -> Path:
    """A virtual environment that also sees the packages of this interpreter.

    They are on its path, no more: an editable installation of hpinfer among them has no effect.
    """
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        run([sys.executable, "-m", "venv", folder])
        query = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site = subprocess.run(
            [interpreter, "-c", query], capture_output=True, text=True, check=True
        )
        borrowed = Path(site.stdout.strip()) / "packages_of_the_caller.pth"
        borrowed.write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


def install(interpreter: Path, combination: Combination, build: Path) -> bool:
    """Installs the wheel of a combination, built with the tools of this interpreter."""
    (build / "CMakeCache.txt").unlink(missing_ok=True)
    settings = [f"cmake.define.{name}={value}" for name, value in combination.options.items()]
    settings.append(f"build-dir={build}")
    options = [part for setting in settings for part in ("-C", setting)]
    pip: list[str | Path] = [
        interpreter,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
    ]
    return succeeds(
        [*pip, "--no-deps", "--no-build-isolation", "--force-reinstall", *options, ROOT]
    )


def passes(interpreter: Path, combination: Combination) -> bool:
    """Runs the tests on an installed build; it must have the options that it was built with."""
    switches = {name: value for name, value in combination.options.items() if value in _SWITCH}
    expected = {name: value == "ON" for name, value in switches.items()}
    variables = environment() | {"HPINFER_EXPECT_BUILD_OPTIONS": json.dumps(expected)}
    command: list[str | Path] = [
        interpreter,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *TESTS,
    ]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode == 0


def environment() -> dict[str, str]:
    """This process's variables without those that would change a build or a test."""
    drop = ("HPINFER_", "ENABLE_", "WITH_GPU", "CUDA_DIRECTORY", "TENSORRT_", "TRT_", "PYTHONPATH")
    return {name: text for name, text in os.environ.items() if not name.startswith(drop)}


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether a command ends well; its output is shown only if not."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    return done.returncode == 0


def run(command: Sequence[str | Path]) -> None:
    """Runs a command; its failure ends the program with the command's own words."""
    if not succeeds(command):
        sys.exit(f"failed: {' '.join(map(str, command))}")


def table(known: dict[str, Combination], outcomes: dict[str, Outcome]) -> str:
    """The outcomes as a Markdown table."""
    lines = [
        "| combination | options | configure | ctest | wheel | pytest |",
        "|---|---|---|---|---|---|",
    ]
    for name, outcome in outcomes.items():
        options = " ".join(f"{key}={text}" for key, text in known[name].options.items())
        steps = (outcome.configured, outcome.ctest, outcome.wheel, outcome.pytest)
        lines.append(f"| {name} | {options or 'defaults'} | {' | '.join(steps)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
