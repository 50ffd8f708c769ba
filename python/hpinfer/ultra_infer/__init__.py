"""The Python module of ultra-infer, PaddleX's high-performance plugin, on hpinfer's sessions.

The distribution ``hpinfer-ultra-infer`` (or ``hpinfer paddlex enable``) makes this package
importable as ``ultra_infer``, which is all that PaddleX and PaddleOCR look for. docs/paddlex.md
lists what is supported; everything else raises.

Importing it loads no engine and neither NumPy nor the native module.
"""

from __future__ import annotations

import sys

from hpinfer.ultra_infer.backend_options import (
    OpenVINOBackendOption,
    OrtBackendOption,
    PaddleBackendOption,
    TrtBackendOption,
)
from hpinfer.ultra_infer.capabilities import (
    get_available_backends,
    is_built_with_gpu,
    is_built_with_om,
    is_built_with_openvino,
    is_built_with_ort,
    is_built_with_paddle,
    is_built_with_poros,
    is_built_with_trt,
)
from hpinfer.ultra_infer.enums import Backend, Device, FDDataType, ModelFormat
from hpinfer.ultra_infer.logs import set_logger
from hpinfer.ultra_infer.runtime import Runtime
from hpinfer.ultra_infer.runtime_option import RuntimeOption
from hpinfer.ultra_infer.tensors import FDTensor, TensorInfo
from hpinfer.ultra_infer.unsupported import MODULE_NAMES, refuse_name

__all__ = [
    "Backend",
    "Device",
    "FDDataType",
    "FDTensor",
    "ModelFormat",
    "OpenVINOBackendOption",
    "OrtBackendOption",
    "PaddleBackendOption",
    "Runtime",
    "RuntimeOption",
    "TensorInfo",
    "TrtBackendOption",
    "get_available_backends",
    "is_built_with_gpu",
    "is_built_with_om",
    "is_built_with_openvino",
    "is_built_with_ort",
    "is_built_with_paddle",
    "is_built_with_poros",
    "is_built_with_trt",
    "set_logger",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return f"{version('hpinfer')}+hpinfer"
    if name == "C":  # ultra-infer's name for its extension module, where scripts find FDTensor
        return sys.modules[__name__]
    raise refuse_name("ultra_infer", name, MODULE_NAMES)
