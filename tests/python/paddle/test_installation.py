"""PaddlePaddle in the process: found without an import, imported without side effects."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import hpinfer
from hpinfer.hpi.discovery import engines

if TYPE_CHECKING:
    from pathlib import Path


def run_python(code: str, *arguments: object, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_listing_engines_does_not_import_paddle() -> None:
    code = """
import sys, hpinfer
(status,) = [item for item in hpinfer.engines() if item.name == "paddle"]
assert status.usable, status.reason
assert status.version[0] == "3"
assert status.library.endswith("libpaddle.so")
assert "CPU" in status.devices
assert "paddle" not in sys.modules
"""
    run_python(code)


def test_loading_a_model_changes_nothing_else_in_the_process() -> None:
    code = """
import logging, os, signal, sys, warnings
import numpy as np
sys.path.insert(0, sys.argv[1])
from pir_models import PirModels
import hpinfer

def caught():
    status = open("/proc/self/status").read()
    return status.split("SigCgt:")[1].split()[0], status.split("SigIgn:")[1].split()[0]

def terminate(number, frame):
    raise SystemExit(3)

signal.signal(signal.SIGTERM, terminate)
hpinfer.Session  # numpy and our own modules are there already
def state():
    root = logging.getLogger()
    return {
        "environment": dict(os.environ),
        "print": np.get_printoptions(),
        "errors": np.geterr(),
        "logging": (root.level, list(root.handlers), logging.root.manager.disable),
        "warnings": list(warnings.filters),
        "handlers": {n: signal.getsignal(n) for n in signal.valid_signals()},
        "signals": caught(),
        "streams": (sys.stdout, sys.stderr, sys.excepthook),
        "folder": os.getcwd(),
    }
before = state()
session = hpinfer.Session(PirModels.convolution(), engine="paddle")
x = np.ones((1, 3, 8, 8), np.float32)
session.run([x])
after = state()
for key in before:
    assert before[key] == after[key], (key, before[key], after[key])
try:
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
except SystemExit as error:
    print("handled", error.code)
"""
    contract = os.path.join(os.path.dirname(__file__), "..", "contract")  # noqa: PTH118, PTH120
    assert run_python(code, contract) == "handled 3"


@pytest.mark.parametrize("kind", ["absent", "too old", "no distribution"])
def test_an_installation_that_cannot_be_used(kind: str, tmp_path: Path) -> None:
    code = """
import importlib.metadata, sys
import hpinfer
kind = sys.argv[1]
if kind == "absent":
    import types
    sys.modules["paddle"] = types.ModuleType("paddle")
    sys.modules["paddle"].__spec__ = None
else:
    def version(name):
        if kind == "too old" and name == "paddlepaddle":
            return "2.6.2"
        raise importlib.metadata.PackageNotFoundError(name)
    importlib.metadata.version = version
(status,) = [item for item in hpinfer.engines() if item.name == "paddle"]
assert not status.usable and status.version == "" and status.library == ""
try:
    hpinfer.Session(sys.argv[2], engine="paddle")
except hpinfer.errors.EngineUnavailableError as error:
    assert isinstance(error, ImportError)
    assert status.reason in str(error)
    print(error)
"""
    from pir_models import PirModels

    path = tmp_path / "inference.json"
    path.write_bytes(PirModels.scalar())
    words = {
        "absent": "not installed",
        "too old": "2.6.2 is too old",
        "no distribution": "belongs to no installed distribution",
    }
    assert words[kind] in run_python(code, kind, path)


def test_a_package_that_breaks_at_its_import(tmp_path: Path) -> None:
    code = """
import sys, importlib.metadata
import hpinfer
importlib.metadata.version = lambda name: "3.2.2"
try:
    hpinfer.Session(sys.argv[1], engine="paddle")
except hpinfer.errors.EngineUnavailableError as error:
    print(error)
"""
    from pir_models import PirModels

    package = tmp_path / "packages" / "paddle"
    (package / "base").mkdir(parents=True)
    (package / "base" / "libpaddle.so").touch()
    (package / "__init__.py").write_text("raise OSError('libgomp.so.1:\\n cannot open')\n")
    path = tmp_path / "inference.json"
    path.write_bytes(PirModels.scalar())
    printed = run_python(code, path, PYTHONPATH=str(tmp_path / "packages"))
    assert "failed: OSError: libgomp.so.1: cannot open" in printed


def test_the_doctor_runs_it() -> None:
    from hpinfer import doctor

    (report,) = [item for item in doctor.report().engines if item.name == "paddle"]
    assert report.usable, report.reason
    assert report.self_test_ms is not None


def test_it_is_the_last_engine_listed() -> None:
    assert engines()[-1].name == "paddle"
    assert hpinfer.engines()[-1].usable
