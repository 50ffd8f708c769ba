"""Inputs and results on the GPU: where they are, who waits, what is copied."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gpu_networks as networks
import numpy as np
import pytest
from gpu_arrays import GpuArray, random

import hpinfer
from hpinfer.errors import InvalidInputError, InvalidTypeError, UnsupportedError


@pytest.fixture
def x() -> Any:
    return random(2, 3, 8, 9)


@pytest.fixture
def want(x: Any) -> Any:
    """The result on the CPU."""
    return hpinfer.Session(networks.convolution()).run([x])[0]


def on_gpu(**options: Any) -> hpinfer.Session:
    return hpinfer.Session(networks.convolution(), device="gpu", **options)


def test_host_in_and_out(gpu: Any, x: Any, want: Any) -> None:
    (y,) = on_gpu().run([x])
    np.testing.assert_array_equal(y, want)
    assert y.flags.writeable
    noted = gpu.report()
    assert (noted["bound_runs"], noted["host_inputs"], noted["host_outputs"]) == (1, 1, 1)
    assert noted["copies"] == 0


def test_an_input_on_the_gpu(gpu: Any, x: Any, want: Any) -> None:
    (y,) = on_gpu().run({"x": GpuArray(x)})
    np.testing.assert_array_equal(y, want)
    noted = gpu.report()
    assert (noted["device_inputs"], noted["host_inputs"]) == (1, 0)


def test_a_result_stays_on_the_gpu_until_it_is_asked_for(gpu: Any, x: Any, want: Any) -> None:
    session = on_gpu(outputs_on_device=True)
    (y,) = session.run([GpuArray(x)])
    assert (y.device, y.dtype, y.shape) == ("gpu:0", "float32", want.shape)
    assert y.__dlpack_device__() == (2, 0)
    noted = gpu.report()
    assert (noted["device_outputs"], noted["copies"]) == (1, 0)
    np.testing.assert_array_equal(y.numpy(), want)
    np.testing.assert_array_equal(np.asarray(y), want)
    np.testing.assert_array_equal(np.asarray(y, dtype=np.float64), want.astype(np.float64))
    assert gpu.report()["copies"] == 3
    with pytest.raises(InvalidInputError, match="without a copy"):
        y.__array__(copy=False)


class DlpackTensor(ctypes.Structure):
    """What a capsule "dltensor" points to, as DLPack's header says."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("type_code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
        ("manager_context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    )


def consumed(capsule: object) -> DlpackTensor:
    """Takes the capsule over, as a consumer does: from then on the deleter is ours to call."""
    api = ctypes.pythonapi
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
    api.PyCapsule_SetName.argtypes = (ctypes.py_object, ctypes.c_char_p)
    address = api.PyCapsule_GetPointer(capsule, b"dltensor")
    api.PyCapsule_SetName(capsule, b"used_dltensor")
    return DlpackTensor.from_address(address)


def test_a_result_for_dlpack(gpu: Any, x: Any, want: Any) -> None:
    (y,) = on_gpu(outputs_on_device=True).run([x])
    tensor = consumed(y.__dlpack__(stream=1, max_version=(1, 0), dl_device=(2, 0), copy=False))
    assert tensor.data == y.__cuda_array_interface__["data"][0]
    assert tuple(tensor.device) == (2, 0)
    assert tuple(tensor.shape[: tensor.ndim]) == y.shape
    assert (tensor.type_code, tensor.bits, tensor.lanes) == (2, 32, 1)
    assert not tensor.strides
    assert tensor.byte_offset == 0
    del y
    assert gpu.report()["live_values"] > 0, "the consumer keeps the memory"
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(tensor.deleter)(ctypes.addressof(tensor))
    assert gpu.report()["live_values"] == 0


def test_a_dlpack_capsule_that_nobody_takes(gpu: Any, x: Any) -> None:
    (y,) = on_gpu(outputs_on_device=True).run([x])
    capsule = y.__dlpack__()
    del y
    assert gpu.report()["live_values"] > 0
    del capsule
    assert gpu.report()["live_values"] == 0


@pytest.mark.parametrize("asked", [{"copy": True}, {"dl_device": (1, 0)}, {"dl_device": (2, 1)}])
def test_dlpack_neither_copies_nor_moves(gpu: Any, x: Any, asked: dict[str, Any]) -> None:
    (y,) = on_gpu(outputs_on_device=True).run([x])
    with pytest.raises(BufferError, match=r"numpy\(\)"):
        y.__dlpack__(**asked)


def test_a_result_is_the_next_sessions_input(gpu: Any, x: Any) -> None:
    add = hpinfer.Session(networks.two_outputs(), device="gpu", outputs_on_device=True)
    a, b = random(5, 4), random(5, 4)[::-1].copy()
    total, difference = add.run([a, b])
    again = add.run([total, difference])
    np.testing.assert_allclose(again[0].numpy(), 2 * a, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(again[1].numpy(), 2 * b, rtol=1e-6, atol=1e-6)
    noted = gpu.report()
    assert (noted["device_inputs"], noted["host_inputs"], noted["copies"]) == (2, 2, 2)


def test_memory_given_for_a_result(gpu: Any, x: Any, want: Any) -> None:
    session = on_gpu()
    host = np.zeros_like(want)
    assert session.run([x], outputs={"y": host})[0] is host
    np.testing.assert_array_equal(host, want)
    values = np.zeros_like(want)
    target = GpuArray(values)
    assert session.run([x], outputs={"y": target})[0] is target
    np.testing.assert_array_equal(values, want)
    assert gpu.report()["device_outputs"] == 1


def test_a_result_whose_size_depends_on_values(gpu: Any) -> None:
    session = hpinfer.Session(networks.nonzero(), device="gpu", outputs_on_device=True)
    (indices,) = session.run([np.array([0, 3, 0, 4, 5], np.float32)])
    assert indices.numpy().tolist() == [[1, 3, 4]]
    assert gpu.report()["device_outputs"] == 1


def test_an_output_that_is_an_input_comes_to_the_host(gpu: Any) -> None:
    session = hpinfer.Session(networks.passed_on(), device="gpu", outputs_on_device=True)
    values = np.array([-1, 2], np.float32)
    relu, same = session.run([GpuArray(values)])
    assert relu.numpy().tolist() == [0, 2]
    assert same.tolist() == [-1, 2]
    assert not np.shares_memory(same, values)
    with pytest.raises(UnsupportedError, match="is an input of the model"):
        session.run([values], outputs={"x": GpuArray(values.copy())})
    assert gpu.report()["device_inputs"] == 1


def test_work_of_another_stream_is_waited_for(gpu: Any, x: Any) -> None:
    session = on_gpu()
    session.run([GpuArray(x, stream=0x5550)])
    assert gpu.report()["streams"] == [0x5550]
    session.run([GpuArray(x)])
    assert gpu.report()["streams"] == []
    own = on_gpu(providers=[("CUDAExecutionProvider", {"user_compute_stream": 0x5550})])
    own.run([GpuArray(x, stream=0x5550)])
    assert gpu.report()["streams"] == []  # the session works on it: in order anyway
    own.run([GpuArray(x, stream=1)])
    assert gpu.report()["streams"] == [1]


def test_strides_of_c_order_may_be_spelt_out(gpu: Any, x: Any, want: Any) -> None:
    (y,) = on_gpu().run([GpuArray(x, strides=x.strides)])
    np.testing.assert_array_equal(y, want)
    assert gpu.report()["device_inputs"] == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: GpuArray(x[:, :, ::2]), InvalidInputError, "C-contiguous on the GPU"),
        (lambda x: GpuArray(x, mask=1), InvalidInputError, "mask"),
        (lambda x: GpuArray(x, device=1), InvalidInputError, "lies on gpu:1.*runs on gpu:0"),
        (lambda x: GpuArray(x.astype(np.complex64)), InvalidTypeError, "complex64"),
        (lambda x: GpuArray(x.astype(np.float64)), InvalidTypeError, "must be float32"),
        (lambda x: GpuArray(x[0]), InvalidInputError, "must have shape"),
        (list, InvalidTypeError, "must be a numpy array"),
    ],
)
def test_arrays_that_cannot_be_taken(
    gpu: Any, x: Any, make: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        on_gpu().run([make(x)])
    assert gpu.report()["bound_runs"] == 0


def test_memory_of_a_gpu_is_nothing_for_the_cpu(gpu: Any, x: Any) -> None:
    with pytest.raises(InvalidInputError, match="lies on gpu:0, and the session runs on cpu"):
        hpinfer.Session(networks.convolution()).run([GpuArray(x, device=0)])
    read_only = GpuArray(np.zeros((2, 4, 8, 9), np.float32), read_only=True)
    with pytest.raises(InvalidInputError, match="read-only"):
        on_gpu().run([x], outputs={"y": read_only})
    assert gpu.report()["bound_runs"] == 0


def test_wrong_memory_for_a_result_names_it(gpu: Any, x: Any) -> None:
    with pytest.raises(InvalidInputError, match="memory given for 'y'"):
        on_gpu().run([x], outputs={"y": np.zeros((1, 4, 8, 9), np.float32)})
    assert gpu.report()["live_sessions"] == 0


def test_many_threads_and_shapes(gpu: Any) -> None:
    session = on_gpu(outputs_on_device=True)
    cpu = hpinfer.Session(networks.convolution())

    def same(seed: int) -> bool:
        random_shape = np.random.default_rng(seed)
        height, width = random_shape.integers(3, 40, size=2)
        x = random_shape.standard_normal((1, 3, height, width), dtype=np.float32)
        given = GpuArray(x) if seed % 2 else x
        return np.array_equal(session.run([given])[0].numpy(), cpu.run([x])[0])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(same, range(200)))
    noted = gpu.report()
    assert (noted["device_inputs"], noted["host_inputs"]) == (100, 100)


def test_an_arena_that_cannot_shrink_costs_no_result(
    gpu: Any, x: Any, want: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPINFER_STAND_IN_NO_GPU_ARENA", "1")
    session = on_gpu()
    for _ in range(130):  # memory is given back every 64 runs
        np.testing.assert_array_equal(session.run([x])[0], want)
    session.trim()
    np.testing.assert_array_equal(session.run([x])[0], want)
    assert gpu.report()["live_sessions"] == 1


def test_several_gpus_share_the_work(gpu: Any, x: Any, want: Any) -> None:
    session = hpinfer.Session(networks.convolution(), device="gpu:0,1", num_streams=2)
    assert session.options.num_streams == 4
    assert session.notes == (
        "one session on each of gpu:0, gpu:1; a run goes to the one with the fewest in progress",
    )
    for given in (x, GpuArray(x, device=0), GpuArray(x, device=1)):
        np.testing.assert_array_equal(session.run([given])[0], want)
    with pytest.raises(InvalidInputError, match="lies on gpu:2"):
        session.run([GpuArray(x, device=2)])
    with ThreadPoolExecutor(4) as pool:
        for y in pool.map(lambda _: session.run([x])[0], range(40)):
            np.testing.assert_array_equal(y, want)
    assert gpu.report()["live_sessions"] == 2
