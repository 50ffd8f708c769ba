"""What the execution providers are given, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import gpu_networks as networks
import numpy as np
import pytest

import hpinfer
from hpinfer.errors import ConfigError, EngineUnavailableError, UnsupportedError

CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"


def opened(gpu: Any, **options: Any) -> list[dict[str, Any]]:
    """What a session with these options gives its providers."""
    hpinfer.Session(networks.convolution(), **options)
    return list(gpu.report()["providers"])


def test_defaults_for_pictures_of_many_sizes(gpu: Any) -> None:
    (cuda,) = opened(gpu, device="gpu:1")
    assert cuda == {
        "name": CUDA,
        "stream": 0,
        "options": {
            "device_id": "1",
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
        },
    }


def test_defaults_for_pictures_of_one_size(gpu: Any) -> None:
    (cuda,) = opened(gpu, device="gpu", memory="fast")
    assert "arena_extend_strategy" not in cuda["options"]
    assert cuda["options"]["device_id"] == "0"


def test_given_options_win_over_defaults(gpu: Any) -> None:
    given = {"cudnn_conv_algo_search": "EXHAUSTIVE", "use_tf32": 0}
    (cuda,) = opened(gpu, device="gpu", providers=[(CUDA, given)])
    assert cuda["options"]["cudnn_conv_algo_search"] == "EXHAUSTIVE"
    assert cuda["options"]["use_tf32"] == "0"


def test_a_provider_makes_it_a_session_of_its_gpu(gpu: Any) -> None:
    session = hpinfer.Session(networks.convolution(), providers=[(CUDA, {"device_id": 1})])
    assert session.options.device == "gpu:1"
    assert session.run([np.ones((1, 3, 4, 4), np.float32)])[0].shape == (1, 4, 4, 4)
    assert gpu.report()["bound_runs"] == 1


def test_tensorrt_before_cuda(gpu: Any) -> None:
    providers = [(TENSORRT, {"trt_fp16_enable": 1}), CUDA]
    tensorrt, cuda = opened(gpu, device="gpu:1", providers=providers)
    assert (tensorrt["name"], cuda["name"]) == (TENSORRT, CUDA)
    assert tensorrt["options"] == {"device_id": "1", "trt_fp16_enable": "1"}
    assert cuda["options"]["device_id"] == "1"


def test_limit_of_the_memory(gpu: Any) -> None:
    (cuda,) = opened(gpu, device="gpu", gpu_memory_mib=5000)
    assert cuda["options"]["gpu_mem_limit"] == str(5000 << 20)


def test_stream_of_the_caller(gpu: Any) -> None:
    address = 0x7F00DEADBEE0
    given = {"user_compute_stream": address}
    for provider in (CUDA, TENSORRT):
        (noted,) = opened(gpu, device="gpu", providers=[(provider, given)])
        assert noted["stream"] == address
        assert "user_compute_stream" not in noted["options"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"device": "gpu", "providers": [(CUDA, {"nonsense": 1})]},
            "refuses its options.*nonsense",
        ),
        (
            {"device": "gpu", "providers": [(CUDA, {"device_id": 1})]},
            "'gpu:0' contradicts device_id=1",
        ),
        (
            {
                "device": "gpu",
                "gpu_memory_mib": 10,
                "providers": [(CUDA, {"gpu_mem_limit": 1})],
            },
            "gpu_memory_mib=10 contradicts gpu_mem_limit=1",
        ),
        (
            {"device": "gpu", "gpu_memory_mib": 10, "providers": [TENSORRT]},
            "gpu_memory_mib has no effect without CUDAExecutionProvider",
        ),
        ({"gpu_memory_mib": 10}, "gpu_memory_mib has no effect"),
        ({"device": "gpu", "gpu_memory_mib": -1}, "at least 1"),
        ({"outputs_on_device": True}, "outputs_on_device has no effect"),
        (
            {"device": "gpu", "providers": [(CUDA, {"user_compute_stream": "0x10"})]},
            "must be the address of a CUDA stream",
        ),
        (
            {"device": "gpu:0,1", "providers": [(CUDA, {"user_compute_stream": 16})]},
            "a stream of one device",
        ),
        ({"device": "gpu:0,0"}, "names a device twice"),
        ({"device": "gpu:0,1", "optimized_model": "graph.onnx"}, "once for each device"),
    ],
)
def test_options_without_effect_or_in_contradiction(
    gpu: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        hpinfer.Session(networks.convolution(), **options)
    assert gpu.report()["live_sessions"] == 0


@pytest.mark.parametrize(
    ("provider", "library", "remedy"),
    [
        ("cuda", "libcublasLt.so.13", r"of CUDA: pip install 'onnxruntime-gpu\[cuda,cudnn\]'"),
        ("cuda", "libcuda.so.1", "belongs to NVIDIA's driver"),
        ("tensorrt", "libnvinfer.so.10", "of TensorRT: pip install tensorrt"),
    ],
)
def test_a_missing_library_is_named_with_its_remedy(
    gpu: Any, monkeypatch: pytest.MonkeyPatch, provider: str, library: str, remedy: str
) -> None:
    words = (
        f"Failed to load library /x/libonnxruntime_providers_{provider}.so with error: {library}: "
        "cannot open shared object file: No such file or directory"
    )
    monkeypatch.setenv("HPINFER_STAND_IN_APPEND_ERROR", words)
    with pytest.raises(EngineUnavailableError, match=f"{re.escape(library)}.*{remedy}") as caught:
        hpinfer.Session(networks.convolution(), device="gpu")
    assert "damaged" not in str(caught.value)  # it is not ONNX Runtime's package that is at fault
    assert gpu.report()["live_sessions"] == 0


@pytest.mark.parametrize("place", ["APPEND", "SESSION"])
def test_a_driver_that_is_too_old(gpu: Any, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """The real provider looks for the GPU when it reads its options."""
    words = (
        'Failed to parse provider option "device_id": CUDA failure 35: CUDA driver version is '
        "insufficient for CUDA runtime version ; GPU=-1 ; hostname=vm ; file=/src/info.cc ; line=70"
    )
    monkeypatch.setenv(f"HPINFER_STAND_IN_{place}_ERROR", words)
    with pytest.raises(EngineUnavailableError, match="nvidia-smi tells") as caught:
        hpinfer.Session(networks.convolution(), device="gpu")
    assert "hostname" not in str(caught.value)
    assert gpu.report()["live_sessions"] == 0


def test_a_gpu_that_is_not_there(gpu: Any) -> None:
    with pytest.raises(EngineUnavailableError, match="no such NVIDIA GPU"):
        hpinfer.Session(networks.convolution(), device="gpu:2")
    with pytest.raises(EngineUnavailableError, match="no such NVIDIA GPU"):
        hpinfer.Session(networks.convolution(), device="gpu:1,2")
    assert gpu.report()["live_sessions"] == 0


def test_a_build_without_gpu_is_never_run_on_the_cpu(
    gpu: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPINFER_STAND_IN_CPU_BUILD", "1")
    with pytest.raises(EngineUnavailableError, match=r"pip install hpinfer\[gpu\]"):
        hpinfer.Session(networks.convolution(), device="gpu")
    assert gpu.report()["bound_runs"] == 0


def test_nodes_that_stay_on_the_cpu_are_told(gpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hpinfer.Session(networks.two_outputs(), device="gpu").notes == ()
    monkeypatch.setenv("HPINFER_STAND_IN_CPU_OPERATORS", "Sub")
    session = hpinfer.Session(networks.two_outputs(), device="gpu")
    assert session.notes == ("1 of 2 nodes run on the CPU: Sub 1",)
    assert gpu.report()["live_sessions"] == 1


def test_a_graph_that_is_wholly_on_the_cpu_is_refused(
    gpu: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPINFER_STAND_IN_CPU_OPERATORS", "all")
    with pytest.raises(UnsupportedError, match="put all 2 nodes of the model on the CPU"):
        hpinfer.Session(networks.two_outputs(), device="gpu")
    assert gpu.report()["live_sessions"] == 0


def test_several_devices_are_for_onnxruntime_alone(gpu: Any) -> None:
    with pytest.raises(UnsupportedError, match="runs on one device"):
        hpinfer.Session(networks.convolution(), engine="openvino", device="gpu:0,1")
    assert gpu.report()["live_sessions"] == 0
