#!/usr/bin/env python3
"""Builds hpinfer with each combination of build options that matters, and tests each build.

Every combination is configured in one build folder, so that only what differs is compiled again.
Its wheel goes into an environment that sees the packages of the interpreter running this script:
the engines installed there are those that the engine contract is run on.

    python scripts/test_builds.py                         # all combinations, as a table
    python scripts/test_builds.py --write docs/building.md  # and into the page
    python scripts/test_builds.py ort openvino            # these
    python scripts/test_builds.py --quick                 # for CI: what is refused, and the
                                                          # engines' C++ part of some builds

TensorRT is part of it where TENSORRT_ROOT names its headers; else it is said not to have been run.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent
BUILD_TESTS = "tests/python/unit/test_build.py"
#: Each needs the engine in the build; the contract also the engine's package, om has a stand-in.
CONTRACT_TESTS = "tests/python/contract"
OM_TESTS = "tests/python/ascend"
#: Engine in the names of build options to the package that brings its library.
PACKAGES = {"ORT": "onnxruntime", "OPENVINO": "openvino", "PADDLE": "paddle"}
BEGIN, END = "<!-- scripts/test_builds.py writes from here -->", "<!-- to here -->"


@dataclass(frozen=True)
class Combination:
    """Build options that are set together.

    Attributes:
        name: On the command line and in the table.
        options: CMake option to its value; the others keep their defaults.
        refusal: What configuring must say, for a combination that cannot work.
        needs: Environment variable without which the combination cannot be built.
    """

    name: str
    options: dict[str, str]
    refusal: str = ""
    needs: str = ""


def only(*engines: str) -> dict[str, str]:
    """Options of a build with these engines and no other."""
    return {
        f"ENABLE_{name}_BACKEND": "ON" if name in engines else "OFF"
        for name in ("ORT", "OPENVINO", "PADDLE", "OM")
    }


COMBINATIONS = (
    Combination("default", {}),
    Combination("ort", only("ORT")),
    Combination("openvino", only("OPENVINO")),
    Combination("paddle", only("PADDLE")),
    Combination("om", only("OM")),
    Combination("no om", {"ENABLE_OM_BACKEND": "OFF"}),
    Combination("gpu", {"WITH_GPU": "ON"}),
    Combination("tensorrt", {"ENABLE_TRT_BACKEND": "ON"}, needs="TENSORRT_ROOT"),
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
        "tensorrt folder without tensorrt",
        {"TENSORRT_ROOT": "/nowhere"},
        refusal="so it has no effect",
    ),
    Combination(
        "two folders of tensorrt",
        {"ENABLE_TRT_BACKEND": "ON", "TENSORRT_ROOT": "/nowhere", "TRT_DIRECTORY": "/elsewhere"},
        refusal="two names of one option",
    ),
    Combination("no engine", only(), refusal="without any engine"),
)
_SWITCH = ("ON", "OFF")
#: Of these the engines' C++ part is built and tested by --quick; the refusals are all in it.
QUICK = ("ort", "om")
QUICK_TARGETS = ("engines_test", "ascend_test")


@dataclass(frozen=True)
class Outcome:
    """What became of a combination: a word for each step, "-" where it was not reached."""

    configured: str = "not run"
    ctest: str = "-"
    wheel: str = "-"
    pytest: str = "-"

    @property
    def good(self) -> bool:
        """Whether every step ended as it should."""
        return not any(
            step.startswith("FAILED")
            for step in (self.configured, self.ctest, self.wheel, self.pytest)
        )


def main() -> int:
    """Builds and tests; the exit status is 0 if every combination did what it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="combinations; all unless given")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"what is refused, and the engines' C++ part of {' and '.join(QUICK)}",
    )
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table there too")
    parser.add_argument("--work-dir", type=Path, help="keep builds here, and reuse them")
    arguments = parser.parse_args()
    known = {combination.name: combination for combination in COMBINATIONS}
    if unknown := set(arguments.names) - set(known):
        parser.error(f"no combination {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    quick = [name for name, item in known.items() if item.refusal or name in QUICK]
    names = arguments.names or (quick if arguments.quick else list(known))
    steps = quick_steps if arguments.quick else all_steps
    with tempfile.TemporaryDirectory(prefix="hpinfer-builds-") as temporary:
        work = (arguments.work_dir or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        outcomes = {name: build_and_test(known[name], work, steps) for name in names}
    text = table(known, outcomes)
    print(text)
    if arguments.write is not None:
        write_section(arguments.write, text)
    return 0 if all(outcome.good for outcome in outcomes.values()) else 1


def build_and_test(
    combination: Combination, work: Path, steps: Callable[[Combination, Path], Outcome]
) -> Outcome:
    """Configures one combination, and takes it through the steps if it is to work."""
    print(f"== {combination.name}", flush=True)
    if combination.needs and not os.environ.get(combination.needs):
        return Outcome(f"not run: needs {combination.needs}")
    definitions = [f"-D{name}={value}" for name, value in combination.options.items()]
    if steps is quick_steps:  # compiles in half the time
        definitions.append("-DCMAKE_BUILD_TYPE=Debug")
    # A cached value must not outlive its combination.
    build = work / "cmake"
    (build / "CMakeCache.txt").unlink(missing_ok=True)
    configure: list[str | Path] = ["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, *definitions]
    variables = environment(keep=combination.needs)
    done = subprocess.run(configure, env=variables, capture_output=True, text=True, check=False)
    if combination.refusal:
        said = " ".join(done.stderr.split())
        refused = done.returncode != 0 and combination.refusal in said
        return Outcome("refused" if refused else "FAILED")
    if done.returncode != 0:
        print(done.stderr)
        return Outcome("FAILED")
    return steps(combination, work)


def quick_steps(_combination: Combination, work: Path) -> Outcome:
    """The engines' C++ part and its tests."""
    build = work / "cmake"
    known = subprocess.run(
        ["cmake", "--build", build, "--target", "help"], capture_output=True, text=True, check=True
    ).stdout
    targets = [name for name in QUICK_TARGETS if f"{name}:" in known]
    tests = "|".join(f"^{name.removesuffix('_test')}$" for name in targets)
    passed = succeeds(["cmake", "--build", build, "--target", *targets]) and succeeds(
        [*_CTEST, "--test-dir", build, "-R", tests]
    )
    return Outcome("ok", f"ok ({' '.join(targets)})" if passed else "FAILED")


def all_steps(combination: Combination, work: Path) -> Outcome:
    """All of C++ and its tests, the wheel, and the tests of Python on it."""
    build = work / "cmake"
    if not succeeds(["cmake", "--build", build]) or not succeeds([*_CTEST, "--test-dir", build]):
        return Outcome("ok", "FAILED")
    interpreter = make_environment(work / "venv")
    if not install(interpreter, combination, work / "wheel"):
        return Outcome("ok", "ok", "FAILED")
    return Outcome("ok", "ok", "ok", tested(interpreter, combination))


_CTEST: tuple[str | Path, ...] = ("ctest", "--no-tests=error", "--output-on-failure")


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
        # More than one where this interpreter borrows packages itself.
        folders = [path for path in sys.path if path.endswith("site-packages")]
        borrowed.write_text("\n".join(folders) + "\n")
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
        [*pip, "--no-deps", "--no-build-isolation", "--force-reinstall", *options, ROOT],
        keep=combination.needs,
    )


def tested(interpreter: Path, combination: Combination) -> str:
    """Runs the tests on an installed build; it must have the options that it was built with.

    Returns:
        ``ok`` or ``FAILED``, and which of the build's engines the contract was not run on.
    """
    built = [engine for engine in PACKAGES if has_engine(combination, engine)]
    found = [engine for engine in built if importlib.util.find_spec(PACKAGES[engine])]
    tests = [
        BUILD_TESTS,
        *([CONTRACT_TESTS] if found else []),
        *([OM_TESTS] if has_engine(combination, "OM") else []),
    ]
    missing = [PACKAGES[engine] for engine in built if engine not in found]
    note = f" (not run on {', '.join(missing)}: no such package)" if missing else ""
    return ("ok" if passes(interpreter, combination, tests) else "FAILED") + note


def has_engine(combination: Combination, engine: str) -> bool:
    """Whether a build with these options has the engine; those that need no headers are default."""
    return combination.options.get(f"ENABLE_{engine}_BACKEND", "ON") == "ON"


def passes(interpreter: Path, combination: Combination, tests: Sequence[str]) -> bool:
    """Whether these tests pass on an installed build, which must have its options."""
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
        *tests,
    ]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode == 0


def environment(keep: str = "") -> dict[str, str]:
    """This process's variables without those that would change a build or a test, but `keep`."""
    drop = ("HPINFER_", "ENABLE_", "WITH_GPU", "CUDA_DIRECTORY", "TENSORRT_", "TRT_", "PYTHONPATH")
    return {
        name: text for name, text in os.environ.items() if name == keep or not name.startswith(drop)
    }


def succeeds(command: Sequence[str | Path], *, keep: str = "") -> bool:
    """Whether a command ends well; its output is shown only if not."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment(keep), capture_output=True, text=True, check=False
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


def write_section(page: Path, text: str) -> None:
    """Puts the table between the marks of a page, with the day and the engines it ran on."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        sys.exit(f"{page} has no '{BEGIN}' and '{END}' to write between")
    day = datetime.now(timezone.utc).date().isoformat()
    found = [name for name in PACKAGES.values() if importlib.util.find_spec(name)]
    engines = ", ".join(found) or "none"
    part = page.with_suffix(".part")
    part.write_text(
        f"{before}{BEGIN}\n\n{text}\n\nRun on {day}; engines installed: {engines}.\n\n{END}{after}",
        "utf-8",
    )
    part.replace(page)


if __name__ == "__main__":
    sys.exit(main())
