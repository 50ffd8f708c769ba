"""The real onnxruntime-gpu on a machine without a GPU: its errors, and on stubs of CUDA.

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
from cuda_stubs import build_stubs

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


STUB_PROGRAM = """
import numpy as np
import hpinfer
from hpinfer.errors import HpinferError
from onnx import TensorProto, helper

CUDA = "CUDAExecutionProvider"

def model(node, inputs, outputs):
    infos = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in names]
        for names in (inputs, outputs)
    ]
    graph = helper.make_graph([helper.make_node(node, inputs, outputs)], "g", *infos)
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()

def refused(**options):
    try:
        hpinfer.Session(model("Add", ["a", "b"], ["y"]), **options)
    except HpinferError as error:
        return f"{type(error).__name__}: {error}"
    raise SystemExit(f"not refused: {options}")

x = np.arange(1000, dtype=np.float32)
# Identity is a copy, which the stubs do.
same = hpinfer.Session(
    model("Identity", ["x"], ["y"]), device="gpu", outputs_on_device=True, gpu_memory_mib=64
)
(y,) = same.run([x])
assert y.device == "gpu:0", y.device
assert np.array_equal(y.numpy(), x)
assert np.array_equal(same.run([y])[0].numpy(), x)
for _ in range(200):  # memory is given back every 64 runs
    same.run([x])
same.trim()
host = hpinfer.Session(model("Identity", ["x"], ["y"]), device="gpu:0")
target = np.zeros_like(x)
host.run([y], outputs={"y": target})
assert np.array_equal(target, x)
options = {"user_compute_stream": 94000000000000, "use_tf32": 0, "prefer_nhwc": 1}
own = hpinfer.Session(model("Add", ["a", "b"], ["y"]), device="gpu", providers=[(CUDA, options)])
assert own.notes == (), own.notes
assert own.run([x, x])[0].shape == x.shape
assert "EngineUnavailableError" in refused(device="gpu:3"), refused(device="gpu:3")
unknown = refused(device="gpu", providers=[(CUDA, {"nonsense": 1})])
assert unknown.startswith("ConfigError") and "nonsense" in unknown, unknown
print("done")
"""


def test_the_real_provider_on_stubs_of_cuda(tmp_path: Path) -> None:
    """Its options, devices, memory, binding and streams; its kernels do not run."""
    library = real_library()
    if library is None:
        pytest.skip("onnxruntime-gpu is not installed: not run")
    build_stubs(library.with_name("libonnxruntime_providers_cuda.so"), tmp_path)
    (runtime,) = tmp_path.glob("libcudart.so.*[0-9]")
    done = subprocess.run(
        [sys.executable, "-c", STUB_PROGRAM],
        env={
            **os.environ,
            "LD_LIBRARY_PATH": str(tmp_path),
            "HPINFER_ONNXRUNTIME_LIBRARY": str(library),
            "HPINFER_CUDART_LIBRARY": str(runtime),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n", done.stdout + done.stderr[-4000:]
