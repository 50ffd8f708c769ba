"""The scripts that build: what they refuse, and what they would run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import build_wheel

ROOT = Path(__file__).resolve().parents[3]
CONTAINER_SCRIPT = ROOT / "scripts/linux/set_up_docker_and_build_py.sh"
VARIABLES = ("ENABLE_", "WITH_", "PYTHON_VERSION", "CONTAINER_NAME", "MANYLINUX_IMAGE", "DEBUG")


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A folder with a `docker` that writes its arguments, a line each, to `call` beside it."""
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/call\n')
    program.chmod(0o755)
    return tmp_path


def run_container_script(docker: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(VARIABLES) and "proxy" not in name.lower()
    }
    inherited["PATH"] = f"{docker}{os.pathsep}{inherited['PATH']}"
    return subprocess.run(
        [CONTAINER_SCRIPT],
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def call(docker: Path) -> list[str]:
    return (docker / "call").read_text().splitlines()


def test_the_container_gets_the_options(docker: Path) -> None:
    done = run_container_script(
        docker,
        CONTAINER_NAME="mine",
        PYTHON_VERSION="3.12.1",
        ENABLE_OPENVINO_BACKEND="OFF",
        MANYLINUX_IMAGE="mirror.example/image",
        https_proxy="proxy.example:8080",
    )
    assert done.returncode == 0, done.stderr
    arguments = call(docker)
    assert arguments[arguments.index("--name") + 1] == "mine"
    assert "mirror.example/image" in arguments
    assert "https_proxy=proxy.example:8080" in arguments
    assert arguments[-11] == "12"
    assert arguments[-10:] == [
        *("--option", "ENABLE_ORT_BACKEND=ON"),
        *("--option", "ENABLE_OPENVINO_BACKEND=OFF"),
        *("--option", "ENABLE_PADDLE_BACKEND=ON"),
        *("--option", "ENABLE_OM_BACKEND=ON"),
        *("--option", "WITH_GPU=OFF"),
    ]


def test_the_source_is_mounted_read_only(docker: Path) -> None:
    assert run_container_script(docker).returncode == 0
    assert f"{ROOT}:/source:ro" in call(docker)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PYTHON_VERSION": "3.9.0"}, "3.10 to 3.14"),
        ({"PYTHON_VERSION": "3.10.0; rm"}, "3.10 to 3.14"),
        ({"ENABLE_ORT_BACKEND": "yes"}, "ENABLE_ORT_BACKEND=yes: ON or OFF"),
        ({"ENABLE_TEXT": "ON"}, "ENABLE_TEXT=ON"),
        ({"ENABLE_TRT_BACKEND": "ON"}, "no TensorRT headers"),
        ({"ENABLE_BENCHMARK": "ON"}, "timers are always on"),
    ],
)
def test_what_cannot_be_is_refused(docker: Path, variables: dict[str, str], message: str) -> None:
    done = run_container_script(docker, **variables)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (docker / "call").exists()


def test_interpreters_are_found_by_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / f"python{version}").symlink_to(sys.executable)
    (tmp_path / "python3.14").symlink_to(sys.executable)  # is not what its name says
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    assert list(build_wheel.installed_pythons()) == [str(tmp_path / f"python{version}")]


def test_a_version_of_the_guides_picks_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / f"python{version}").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    for given in (version, f"{version}.1"):
        found = list(build_wheel.installed_pythons(build_wheel.wanted_versions(given)))
        assert found == [str(tmp_path / f"python{version}")]
    assert build_wheel.wanted_versions("") == build_wheel.VERSIONS
    with pytest.raises(SystemExit, match=r"PYTHON_VERSION=3\.9\.1: 3\.10 to 3\.14"):
        build_wheel.wanted_versions("3.9.1")


def test_files_that_change_are_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("")
    before = build_wheel.snapshot(tmp_path)
    (tmp_path / "module.pyc").write_text("byte code")
    assert build_wheel.snapshot(tmp_path) == before
    (tmp_path / "libengine.so").symlink_to(module)
    assert build_wheel.snapshot(tmp_path) != before


def test_options_need_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, ROOT / "scripts/build_wheel.py", "--option", "ENABLE_ORT_BACKEND"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "NAME=VALUE" in done.stderr
