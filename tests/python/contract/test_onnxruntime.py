"""What only ONNX Runtime has: execution providers, its thread pools and its log."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hpinfer
from hpinfer.errors import EngineUnavailableError, HpinferError

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINES = ["onnxruntime"]


def threads_now() -> set[str]:
    """By their numbers: threads that earlier tests left may end meanwhile."""
    return {task.name for task in Path("/proc/self/task").iterdir()}


def providers_here() -> tuple[str, ...]:
    (status,) = [item for item in hpinfer.engines() if item.name == "onnxruntime"]
    return status.devices


def test_threads_of_a_session(load: Callable[..., Any], models: Any) -> None:
    x = np.ones((512, 512), np.float32)
    before = threads_now()
    one = load(models.heavy(), num_threads=4)
    one.run([x])
    assert len(threads_now() - before) == 3  # the caller's thread is the fourth
    two = load(models.heavy(), num_threads=4, num_streams=2)
    two.run([x])
    assert len(threads_now() - before) == 3 + 1
    del one, two
    assert threads_now() <= before


@pytest.mark.parametrize("name", ["NoSuchExecutionProvider", "CUDA", "cpuexecutionprovider"])
def test_a_provider_that_the_library_lacks(
    load: Callable[..., Any], models: Any, name: str
) -> None:
    assert name not in providers_here()
    with pytest.raises(EngineUnavailableError, match=f"has no '{name}'") as caught:
        load(models.convolution(), providers=[name])
    assert "CPUExecutionProvider" in str(caught.value)


def test_a_gpu_is_never_replaced_by_the_cpu(load: Callable[..., Any], models: Any) -> None:
    x = np.ones((1, 3, 4, 4), np.float32)
    (want,) = load(models.convolution()).run([x])
    missing = "CUDAExecutionProvider" not in providers_here()
    reason = ""
    try:
        session = load(models.convolution(), device="gpu")
    except EngineUnavailableError as error:
        reason = str(error)
    if reason or missing:
        assert ("hpinfer[gpu]" if missing else "cannot start CUDAExecutionProvider") in reason
        return
    (cuda,) = session.options.providers
    assert cuda.name == "CUDAExecutionProvider"
    assert cuda.options["device_id"] == "0"
    np.testing.assert_allclose(session.run([x])[0], want, rtol=1e-2, atol=1e-2)


def test_providers_keep_their_order_and_options(load: Callable[..., Any], models: Any) -> None:
    # Providers of the CPU wheel and of onnxruntime-openvino; neither needs a device.
    names = {"AzureExecutionProvider", "OpenVINOExecutionProvider"}.intersection(providers_here())
    session = load(models.convolution(), providers=[*sorted(names), "CPUExecutionProvider"])
    assert [item.name for item in session.options.providers] == sorted(names)
    assert session.run([np.ones((1, 3, 4, 4), np.float32)])[0].shape == (1, 8, 4, 4)


def test_its_log_reaches_the_sink_and_nothing_else(
    engine: str, models: Any, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(models.two_in_three_out())
    code = """
import logging, sys
import numpy as np
import hpinfer
records = []
handler = logging.Handler()
handler.emit = records.append
logging.getLogger("hpinfer").addHandler(handler)
session = hpinfer.Session(sys.argv[1], engine="onnxruntime")
try:
    session.run([np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)])
except hpinfer.errors.HpinferError:
    pass
assert records, "ONNX Runtime logs every failed run"
for record in records:
    text = record.getMessage()
    assert record.levelno == logging.ERROR, record
    assert text.startswith("onnxruntime ") and "\\n" not in text, text
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "done"


def test_memory_stays_bounded_for_inputs_of_many_sizes(
    load: Callable[..., Any], models: Any
) -> None:
    session = load(models.convolution())
    rng = np.random.default_rng(4)

    def run(side: int) -> None:
        session.run([np.ones((1, 3, side, side), np.float32)])

    def resident() -> int:
        text = Path("/proc/self/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) // 1024

    run(64)
    before = resident()
    run(1500)  # 72 MB of results, and as much in between
    for side in rng.integers(16, 96, 130):
        run(int(side))
    # malloc may keep 64 MB at the end of the heap, however large the process was before.
    assert resident() - before < 72


def test_the_graph_that_it_writes_is_the_same_network(
    load: Callable[..., Any], models: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    graph = tmp_path / "graph.onnx"
    for model, inputs in (
        (models.convolution(), [np.random.default_rng(5).random((2, 3, 31, 45), np.float32)]),
        (models.heavy(), [np.ones((512, 512), np.float32)]),
    ):
        session = load(model, optimized_model=graph)
        assert [path.name for path in tmp_path.iterdir()] == ["graph.onnx"]
        written = load(graph, graph_optimization="none")
        for have, want in zip(written.run(inputs), session.run(inputs), strict=True):
            np.testing.assert_array_equal(have, want)
    assert capfd.readouterr().err == ""


def test_a_graph_of_a_model_that_it_cannot_load_is_not_written(
    load: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(HpinferError):
        load(b"not a model", optimized_model=tmp_path / "graph.onnx")
    assert list(tmp_path.iterdir()) == []
