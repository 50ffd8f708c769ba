"""The enumerations of ultra-infer's Python module, with its names (one of them is misspelt)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from hpinfer.errors import InvalidTypeError

if TYPE_CHECKING:
    import numpy.typing as npt


class ModelFormat(IntEnum):
    """What a model file holds."""

    PADDLE = 0
    ONNX = 1
    RKNN = 2
    TORCHSCRIPT = 3
    SOPHGO = 4
    TVMFormat = 5
    OM = 6


class Backend(IntEnum):
    """Which engine runs a model. `UNKOWN`, ultra-infer's spelling, lets hpinfer take one."""

    UNKOWN = 0
    UNKNOWN = 0
    ORT = 1
    TRT = 2
    PDINFER = 3
    POROS = 4
    OPENVINO = 5
    LITE = 6
    RKNPU2 = 7
    SOPHGOTPU = 8
    TVM = 9
    OMONNPU = 10


class Device(IntEnum):
    """Where tensors and models live."""

    CPU = 0
    GPU = 1
    RKNPU = 2
    IPU = 3
    SOPHGOTPU = 4
    ASCEND = 5


class FDDataType(IntEnum):
    """Element types of tensors."""

    BOOL = 0
    INT16 = 1
    INT32 = 2
    INT64 = 3
    FP16 = 4
    FP32 = 5
    FP64 = 6
    UINT8 = 7
    INT8 = 8


_NUMPY_NAMES = {
    FDDataType.BOOL: "bool",
    FDDataType.INT8: "int8",
    FDDataType.INT16: "int16",
    FDDataType.INT32: "int32",
    FDDataType.INT64: "int64",
    FDDataType.FP16: "float16",
    FDDataType.FP32: "float32",
    FDDataType.FP64: "float64",
    FDDataType.UINT8: "uint8",
}
_BY_NUMPY_NAME = {name: dtype for dtype, name in _NUMPY_NAMES.items()}


def numpy_name(dtype: FDDataType) -> str:
    """The name of an element type in NumPy, e.g. ``"float32"``."""
    return _NUMPY_NAMES[dtype]


def data_type(dtype: npt.DTypeLike) -> FDDataType:
    """The element type of a NumPy dtype or of its name.

    Raises:
        InvalidTypeError: ultra-infer has no such type.
    """
    import numpy as np

    name = np.dtype(dtype).name
    if name not in _BY_NUMPY_NAME:
        raise InvalidTypeError(
            f"no FDDataType stands for {name}; known: {', '.join(sorted(_BY_NUMPY_NAME))}"
        )
    return _BY_NUMPY_NAME[name]
