"""``hpinfer install`` with a pip that records and installs nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from hpinfer import doctor
from hpinfer.cli import install as module
from hpinfer.cli.install import EXTRAS, Machine
from hpinfer.cli.root import root

BARE = Machine(
    system="Linux",
    machine="x86_64",
    implementation="CPython",
    python=(3, 11),
    installed=frozenset({"hpinfer", "numpy", "pip"}),
    gpu_driver=True,
    pip=True,
    extras=frozenset({"cpu", "gpu", "convert"}),
)


@pytest.fixture
def world(monkeypatch):
    """A machine that tests change, the pip commands run on it, and what pip returns."""
    for name in ("HPINFER_PIP_ARGS", "HPINFER_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    state = SimpleNamespace(machine=BARE, ran=[], code=0, healthy=True, terminal=False)

    def run_pip(command):
        state.ran.append(list(command))
        return state.code

    report = SimpleNamespace(render=lambda: "the doctor's words")
    monkeypatch.setattr(module.Machine, "this", lambda: state.machine)
    monkeypatch.setattr(module, "run_pip", run_pip)
    monkeypatch.setattr(module, "is_terminal", lambda: state.terminal)
    monkeypatch.setattr(
        doctor, "report", lambda: SimpleNamespace(healthy=state.healthy, **vars(report))
    )
    return state


def run(*arguments, text=None):
    return CliRunner().invoke(root, arguments, prog_name="hpinfer", input=text)


def expected(extras, *more):
    requirement = f"hpinfer[{extras}]=={version('hpinfer')}"
    options = ["--disable-pip-version-check", *more]
    return [sys.executable, "-m", "pip", "install", *options, requirement]


@pytest.mark.parametrize(
    "spelling",
    [["install", "hpi-cpu"], ["--install", "hpi-cpu"], ["--install=hpi-cpu"]],
    ids=" ".join,
)
def test_both_spellings_run_pip_and_end_with_the_doctor(world, spelling):
    got = run(*spelling)
    assert (got.exit_code, got.stdout, got.stderr) == (0, "the doctor's words\n", "")
    assert world.ran == [expected("cpu")]


@pytest.mark.parametrize(
    ("plugins", "extras"),
    [
        (["hpi-gpu"], "gpu"),
        (["paddle2onnx"], "convert"),
        (["hpi-cpu", "paddle2onnx", "hpi-cpu"], "cpu,convert"),
    ],
)
def test_plugins_are_extras(world, plugins, extras):
    assert run("--install", *plugins, "-y").exit_code == 0
    assert world.ran == [expected(extras)]


def test_every_extra_is_declared():
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[project.optional-dependencies]")[1].split("\n[")[0]
    assert set(EXTRAS.values()) - {""} <= set(re.findall(r"^(\w+) = \[", section, re.MULTILINE))


def test_an_extra_that_the_installed_release_lacks_is_refused(world):
    world.machine = replace(BARE, extras=frozenset({"gpu"}))  # pip would only warn about it
    got = run("--install", "hpi-cpu")
    assert (got.exit_code, world.ran) == (4, [])
    assert "has no extra 'cpu'" in got.stderr


def test_pip_args_are_words_of_the_command(world, monkeypatch):
    monkeypatch.setenv("HPINFER_PIP_ARGS", "--find-links 'a b' --pre")
    run("--install", "hpi-cpu")
    assert world.ran == [expected("cpu", "--find-links", "a b", "--pre")]


def test_dry_run_shows_the_command_only(world):
    got = run("install", "--dry-run", "hpi-cpu")
    assert shlex.split(got.stdout) == expected("cpu")
    assert world.ran == []


def test_a_terminal_is_asked(world):
    world.terminal = True
    got = run("install", "hpi-cpu", text="n\n")
    assert (got.exit_code, world.ran) == (1, [])
    assert "pip install" in got.stderr
    assert run("install", "hpi-cpu", text="y\n").exit_code == 0
    assert run("install", "hpi-cpu", "--yes").exit_code == 0
    assert len(world.ran) == 2


def test_a_failed_pip_is_told_and_the_doctor_is_silent(world):
    world.code = 3
    got = run("install", "hpi-cpu")
    assert (got.exit_code, got.stdout) == (1, "")
    assert "pip ended with code 3" in got.stderr


def test_a_doctor_who_finds_no_engine_is_an_exit_code(world):
    world.healthy = False
    assert run("install", "hpi-cpu").exit_code == 4


RUNTIMES = BARE.installed | {"onnxruntime"}
GPU_RUNTIMES = BARE.installed | {"onnxruntime-gpu"}


@pytest.mark.parametrize(
    ("plugin", "machine", "reason"),
    [
        ("hpi-gpu", {"installed": RUNTIMES}, "uninstall -y onnxruntime"),
        ("hpi-cpu", {"installed": GPU_RUNTIMES}, "uninstall -y onnxruntime-gpu"),
        (
            "hpi-cpu",
            {"installed": RUNTIMES | {"onnxruntime-openvino"}},
            "beside onnxruntime-openvino: ",
        ),
        (
            "hpi-gpu",
            {"installed": RUNTIMES | {"onnxruntime-openvino"}},
            "beside onnxruntime and onnxruntime-openvino: ",
        ),
        ("hpi-npu", {}, "no public wheel"),
        ("hpi-npu", {"system": "Darwin"}, "no public wheel"),
        ("hpi-cpu", {"system": "Windows"}, "is for Linux; this is Windows"),
        ("hpi-gpu", {"machine": "ppc64le"}, "this machine is ppc64le"),
        ("hpi-cpu", {"implementation": "PyPy"}, "this is PyPy"),
        ("paddle2onnx", {"python": (3, 13)}, "up to 3.12; this is 3.13"),
        ("hpi-cpu", {"pip": False}, "has no pip"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(world, plugin, machine, reason):
    world.machine = replace(BARE, **machine)
    got = run("--install", plugin, "--yes")
    assert (got.exit_code, got.stdout, world.ran) == (4, "", [])
    assert reason in got.stderr
    assert got.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("plugin", "installed"),
    [
        ("hpi-cpu", RUNTIMES),
        ("hpi-gpu", GPU_RUNTIMES),
        ("hpi-cpu", BARE.installed | {"onnxruntime-extensions"}),
        ("paddle2onnx", GPU_RUNTIMES),
    ],
)
def test_what_gets_along_is_installed(world, plugin, installed):
    world.machine = replace(BARE, installed=installed)
    assert run("--install", plugin).exit_code == 0
    assert len(world.ran) == 1


def test_no_gpu_driver_is_a_warning(world):
    world.machine = replace(BARE, gpu_driver=False)
    got = run("--install", "hpi-gpu")
    assert got.exit_code == 0
    assert got.stderr.startswith("hpinfer: warning: no NVIDIA driver")
    assert len(world.ran) == 1
    assert run("--install", "hpi-cpu").stderr == ""


def test_offline_refuses_unless_pip_is_offline_too(world, monkeypatch):
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    got = run("--install", "hpi-cpu")
    assert (got.exit_code, world.ran) == (4, [])
    assert "HPINFER_OFFLINE" in got.stderr
    monkeypatch.setenv("HPINFER_PIP_ARGS", "--no-index --find-links wheels")
    assert run("--install", "hpi-cpu").exit_code == 0


@pytest.mark.parametrize(
    ("plugins", "reason"),
    [
        ([], "say what to install: hpi-cpu, hpi-gpu, hpi-npu, paddle2onnx"),
        (["hpi-cpu", "hpi-gpu"], "hpi-cpu and hpi-gpu exclude each other"),
        (["hpi-tpu"], "got 'hpi-tpu'"),
        (["serving"], "serving is not part of this version"),
    ],
)
def test_wrong_usage(world, plugins, reason):
    got = run("--install", *plugins)
    assert (got.exit_code, world.ran) == (2, [])
    assert reason in got.stderr


def test_the_console_script_shows_the_command():
    script = Path(sys.executable).with_name("hpinfer")
    done = subprocess.run(
        [script, "--install", "hpi-cpu", "--dry-run"],
        env={"PATH": "/usr/bin:/bin", "HPINFER_PIP_ARGS": "--no-index"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    python, *words = shlex.split(done.stdout)
    assert Path(python).samefile(sys.executable)
    assert words == expected("cpu", "--no-index")[1:]


def test_this_machine_is_described():
    machine = Machine.this()
    assert "hpinfer" in machine.installed
    assert machine.python == sys.version_info[:2]
