"""The real onnxruntime-gpu on a machine without a GPU: its own error becomes ours.

Not run, by name, where there is no onnxruntime-gpu or where it works. HPINFER_ONNXRUNTIME_GPU may
name the ``libonnxruntime.so`` of one that is not installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

PROGRAM = """
import hpinfer
from hpinfer.errors import EngineUnavailableError
from onnx import TensorProto, helper

value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value("x")], [value("y")])
opset = [helper.make_opsetid("", 13)]
model = helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
for options in ({"device": "gpu"}, {"providers": ["TensorrtExecutionProvider"]}):
    try:
        session = hpinfer.Session(model, **options)
        print("runs", session.options.device)
    except EngineUnavailableError as error:
        print("refused", error)
"""


def real_library() -> Path | None:
    named = os.environ.get("HPINFER_ONNXRUNTIME_GPU")
    if named:
        return Path(named)
    try:
        found = distribution("onnxruntime-gpu")
    except PackageNotFoundError:
        return None
    files = [file for file in found.files or () if "/libonnxruntime.so" in str(file)]
    return Path(str(found.locate_file(files[0]))) if files else None


def test_the_real_providers_say_what_they_miss() -> None:
    library = real_library()
    if library is None:
        pytest.skip("onnxruntime-gpu is not installed: not run")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "HPINFER_ONNXRUNTIME_LIBRARY": str(library)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    if any(line.startswith("runs") for line in lines):
        pytest.skip("there is a GPU here, and onnxruntime-gpu runs on it: not run")
    cuda, tensorrt = lines
    assert "cannot start CUDAExecutionProvider" in cuda or "cannot load the model" in cuda
    assert "cannot start TensorrtExecutionProvider" in tensorrt
    remedies = ("pip install 'onnxruntime-gpu[cuda,cudnn]'", "driver", "pip install tensorrt")
    for line in lines:
        assert any(remedy in line for remedy in remedies), line
