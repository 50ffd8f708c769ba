"""What this build of hpinfer is: its version, its compiler, the engines compiled into it.

An engine of the build is not yet one that is installed here: `hpinfer.engines` tells that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """How the native module was built.

    Attributes:
        version: Of hpinfer.
        compiler: Name and version, e.g. ``"GNU 12.2.0"``.
        build_type: CMake's, e.g. ``"Release"``.
        options: Name of each build option, e.g. ``"ENABLE_ORT_BACKEND"``, to its value.
    """

    version: str
    compiler: str
    build_type: str
    options: Mapping[str, bool]


def build_info() -> BuildInfo:
    """How this build was made and which engines it can talk to."""
    from hpinfer import _native

    return BuildInfo(**_native.build_info())


def is_built_with_ort() -> bool:
    """Whether ONNX Runtime is part of this build."""
    return build_info().options["ENABLE_ORT_BACKEND"]


def is_built_with_openvino() -> bool:
    """Whether OpenVINO is part of this build."""
    return build_info().options["ENABLE_OPENVINO_BACKEND"]


def is_built_with_paddle() -> bool:
    """Whether Paddle Inference is part of this build."""
    return build_info().options["ENABLE_PADDLE_BACKEND"]


def is_built_with_trt() -> bool:
    """Whether TensorRT is part of this build."""
    return build_info().options["ENABLE_TRT_BACKEND"]


def is_built_with_om() -> bool:
    """Whether Ascend's compiled models (.om) are part of this build."""
    return build_info().options["ENABLE_OM_BACKEND"]


def is_built_with_gpu() -> bool:
    """Whether kernels for NVIDIA GPUs are part of this build.

    ONNX Runtime's CUDA provider does not need them.
    """
    return build_info().options["WITH_GPU"]
