"""PaddleX's calls on the drop-in: every backend, every kind of input and output."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import ui_networks as networks
from paddlex_calls import Runner, available_backends, build

import hpinfer
from hpinfer import _native
from hpinfer.errors import (
    EngineUnavailableError,
    HpinferError,
    InvalidInputError,
    InvalidTypeError,
    ModelNotFoundError,
)


def test_automatic_mode_sees_the_usable_engines(ui):
    usable = {status.name for status in hpinfer.engines() if status.usable}
    expected = [name for name in ("openvino", "onnxruntime") if name in usable]
    assert available_backends(ui, has_onnx=True) == expected
    assert available_backends(ui, has_onnx=False, has_paddle=True) == ["paddle"]


def test_inputs_reach_the_graph_by_name_and_outputs_come_in_graph_order(ui, backend, tmp_path):
    networks.detector(tmp_path / "inference.onnx")
    runner = Runner(build(ui, tmp_path, backend))
    assert runner.names == ["scale_factor", "im_shape", "image"]
    rows = np.array([[1.0], [-2.0], [3.0]], np.float32)
    scale, shape = np.array([[2.0, 10.0]], np.float32), np.array([[48.0, 64.0]], np.float32)
    # Alphabetical: im_shape, image, scale_factor.
    outputs = runner([shape, rows, scale])
    assert type(outputs) is list  # PaddleX asks, and replaces items
    np.testing.assert_array_equal(outputs[0], shape)
    np.testing.assert_array_equal(outputs[1], [[2, 10], [6, 30]])
    np.testing.assert_array_equal(outputs[2], [2])
    assert [output.dtype.name for output in outputs] == ["float32", "float32", "int32"]


def test_no_boxes_are_an_array_without_rows(ui, backend, tmp_path):
    networks.detector(tmp_path / "inference.onnx")
    runner = Runner(build(ui, tmp_path, backend))
    ones = np.ones((1, 2), np.float32)
    outputs = runner([ones, -np.ones((3, 1), np.float32), ones])
    assert outputs[1].shape == (0, 2)
    assert outputs[2].tolist() == [0]


def test_outputs_are_writable_and_their_own(ui, backend, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    runner = Runner(build(ui, tmp_path, backend))
    x = np.random.default_rng(1).random((1, 3, 32, 64), np.float32)
    first = runner([x])[0]
    kept = first.copy()
    first *= 255  # what PaddleX does with the unwarped page
    np.testing.assert_array_equal(runner([x])[0], kept)


def test_shapes_may_change_at_every_call(ui, backend, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    runner = Runner(build(ui, tmp_path, backend))
    for shape in ((1, 3, 32, 320), (6, 3, 48, 320), (2, 3, 48, 1200), (1, 3, 960, 736)):
        x = np.random.default_rng(2).random(shape, np.float32)
        expected = 1 / (1 + np.exp(-x.mean(axis=1, keepdims=True)))
        np.testing.assert_allclose(runner([x])[0], expected, rtol=1e-5)


def test_integers_keep_their_type(ui, backend, tmp_path):
    networks.labels(tmp_path / "inference.onnx")
    x = np.random.default_rng(3).random((2, 3, 16, 24), np.float32)
    (output,) = Runner(build(ui, tmp_path, backend))([x])
    assert output.dtype == np.int64
    np.testing.assert_array_equal(output, x.argmax(axis=1))


def test_errors_are_raised(ui, backend, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    runtime = build(ui, tmp_path, backend)
    with pytest.raises(InvalidInputError, match="no input 'y'"):
        runtime.infer({"y": np.zeros((1, 3, 8, 8), np.float32)})
    with pytest.raises(InvalidTypeError):
        runtime.infer({"x": np.zeros((1, 3, 8, 8), np.float64)})
    with pytest.raises(InvalidInputError):
        runtime.infer({"x": np.zeros((1, 4, 8, 8), np.float32)})
    with pytest.raises(InvalidTypeError, match="dict or a list"):
        runtime.infer(np.zeros((1, 3, 8, 8), np.float32))


def test_ten_threads_are_cut_to_the_budget_and_said_once(ui, backend, tmp_path, caplog):
    from hpinfer.ultra_infer import logs, session_choice

    networks.text_map(tmp_path / "inference.onnx")
    budget = _native.thread_info()["threads"]
    session_choice.once = logs.Once()
    try:
        runtimes = [
            build(ui, tmp_path, backend, config={"cpu_num_threads": budget + 7}) for _ in range(2)
        ]
    finally:
        session_choice.once = logs.once
    assert {runtime.session.options.num_threads for runtime in runtimes} == {budget}
    said = [r for r in caplog.records if f"{budget + 7} threads were asked for" in r.getMessage()]
    assert len(said) == 1


def test_a_smaller_number_of_threads_is_kept(ui, backend, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    runtime = build(ui, tmp_path, backend, config={"cpu_num_threads": 1})
    assert runtime.session.options.num_threads == 1


def test_a_missing_model_raises(ui, backend, tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"inference\.onnx does not exist"):
        build(ui, tmp_path, backend)


def test_backends_that_this_build_has_not_raise(ui, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    (tmp_path / "inference.om").write_bytes(b"om")
    if not ui.is_built_with_om():
        with pytest.raises(EngineUnavailableError, match="om engine is not"):
            build(ui, tmp_path, "om", device="npu")
    if not ui.is_built_with_trt():
        with pytest.raises(EngineUnavailableError, match="TensorRT is not usable"):
            build(ui, tmp_path, "tensorrt", device="gpu")


def test_a_gpu_that_is_not_there_is_never_the_cpu(ui, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    with pytest.raises(HpinferError):
        build(ui, tmp_path, "openvino", device="gpu", device_id=3)


def test_many_threads_share_one_runtime(ui, backend, tmp_path):
    networks.text_map(tmp_path / "inference.onnx")
    runtime = build(ui, tmp_path, backend)
    rng = np.random.default_rng(4)
    inputs = [rng.random((1, 3, 16 + 8 * i, 64), np.float32) for i in range(8)]
    serial = [runtime.infer({"x": x})[0] for x in inputs]
    found = {}

    def work(index):
        for _ in range(5):
            found[index] = runtime.infer({"x": inputs[index]})[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, expected in enumerate(serial):
        np.testing.assert_array_equal(found[index], expected)


def test_python_goes_on_while_the_engine_works(ui, backend, tmp_path):
    networks.heavy(tmp_path / "inference.onnx")
    runtime = build(ui, tmp_path, backend)
    x = np.ones((512, 512), np.float32)
    running = threading.Event()
    counted = []

    def count():
        running.wait()
        total = 0
        while running.is_set():
            total += 1
        counted.append(total)

    thread = threading.Thread(target=count)
    thread.start()
    for _ in range(3):
        running.set()
        runtime.infer({"x": x})
    running.clear()
    thread.join()
    assert counted[0] > 1000
