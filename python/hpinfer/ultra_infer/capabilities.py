"""What this installation can run: the ``is_built_with_*`` functions of ultra-infer."""

from __future__ import annotations

from hpinfer.ultra_infer.enums import Backend

_CUDA = "CUDAExecutionProvider"
_TENSORRT = "TensorrtExecutionProvider"


def is_built_with_ort() -> bool:
    """Whether ONNX Runtime is usable."""
    return _usable("onnxruntime")


def is_built_with_openvino() -> bool:
    """Whether OpenVINO is usable."""
    return _usable("openvino")


def is_built_with_paddle() -> bool:
    """Whether Paddle Inference is usable."""
    return _usable("paddle")


def is_built_with_trt() -> bool:
    """Whether TensorRT is usable through ONNX Runtime, which is how a `Runtime` reaches it."""
    return _TENSORRT in _providers()


def is_built_with_gpu() -> bool:
    """Whether an engine for NVIDIA GPUs is usable."""
    return _CUDA in _providers() or is_built_with_trt()


def is_built_with_om() -> bool:
    """Whether the engine for Ascend's offline models is usable."""
    return _usable("om")


def is_built_with_poros() -> bool:
    """Never: hpinfer has no such engine."""
    return False


def get_available_backends() -> list[Backend]:
    """The engines that are usable here."""
    found = {
        Backend.ORT: is_built_with_ort(),
        Backend.OPENVINO: is_built_with_openvino(),
        Backend.PDINFER: is_built_with_paddle(),
        Backend.TRT: is_built_with_trt(),
        Backend.OMONNPU: is_built_with_om(),
    }
    return [backend for backend, usable in found.items() if usable]


def _usable(engine: str) -> bool:
    from hpinfer.hpi.discovery import engines

    return any(status.usable for status in engines() if status.name == engine)


def _providers() -> tuple[str, ...]:
    from hpinfer.hpi.discovery import engines

    return next((status.devices for status in engines() if status.name == "onnxruntime"), ())
