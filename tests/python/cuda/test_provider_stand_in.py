"""ONNX Runtime on GPUs, without one: the cases in `cases/` on a stand-in for its libraries.

The stand-in (tests/cpp/onnxruntime/stand_in.cc) is the installed CPU release with execution
providers that note what they are given. A process loads one ONNX Runtime, so the cases run in one
of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpinfer.hpi.discovery import library_candidates

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SOURCES = ROOT / "tests" / "cpp" / "onnxruntime"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled with what compiled hpinfer."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    assert compiler, "a C++ compiler is needed, as for building hpinfer"
    library = tmp_path_factory.mktemp("stand_in") / "libonnxruntime.so.1"
    options = ["-std=c++20", "-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Werror"]
    sources = [str(path) for path in SOURCES.glob("*.cc")]
    include = f"-I{ROOT / 'third_party'}"
    subprocess.run(
        [*compiler.split(), *options, include, "-o", str(library), *sources, "-ldl"], check=True
    )
    return library


def test_cases(stand_in: Path) -> None:
    candidates = library_candidates("onnxruntime")
    assert candidates, "ONNX Runtime is not installed"
    variables = {
        **os.environ,
        "HPINFER_CUDA_STAND_IN": str(stand_in),
        "HPINFER_ONNXRUNTIME_LIBRARY": str(stand_in),
        "HPINFER_CUDART_LIBRARY": str(stand_in),
        "HPINFER_STAND_IN_ONNXRUNTIME": str(candidates[0]),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "cases")]
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
    assert "skipped" not in done.stdout
