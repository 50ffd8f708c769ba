"""Tensors and their descriptions as ultra-infer's Python module has them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidInputError, InvalidTypeError, UnsupportedError
from hpinfer.ultra_infer.enums import Device, FDDataType, data_type, numpy_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_EXTERNAL_TYPES = ("FP32", "FP16", "INT32", "INT64")


@dataclass(slots=True)
class TensorInfo:
    """An input or output of a model.

    Attributes:
        name: Its name in the graph.
        shape: Its dimensions, -1 for one that may take any size; empty if the rank may change.
        dtype: Its element type.
    """

    name: str
    shape: list[int]
    dtype: FDDataType


class FDTensor:
    """A tensor in the memory of the CPU: a NumPy array with a name.

    Attributes:
        name: Name of the tensor; free.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._array: npt.NDArray[Any] | None = None

    @property
    def array(self) -> npt.NDArray[Any]:
        """The memory itself, not a copy.

        Raises:
            InvalidInputError: The tensor holds nothing yet.
        """
        if self._array is None:
            raise InvalidInputError(f"tensor {self.name!r} is empty: call from_numpy first")
        return self._array

    @property
    def shape(self) -> list[int]:
        """Dimensions."""
        return list(self.array.shape)

    @property
    def dtype(self) -> FDDataType:
        """Element type."""
        return data_type(self.array.dtype)

    @property
    def device(self) -> Device:
        """Always the CPU."""
        return Device.CPU

    def numpy(self) -> npt.NDArray[Any]:
        """A copy of the values."""
        copied: npt.NDArray[Any] = self.array.copy()
        return copied

    def data(self) -> int:
        """Address of the first element."""
        return int(self.array.ctypes.data)

    def from_numpy(self, array: npt.NDArray[Any], share_buffer: bool = False) -> None:
        """Takes the values of an array.

        Args:
            array: Values of one of the types of `FDDataType`.
            share_buffer: Use the array's own memory, which must be C-contiguous; else copy it.

        Raises:
            InvalidTypeError: Not an array, or of another element type.
            InvalidInputError: Memory to share that is not C-contiguous.
        """
        import numpy as np

        if not isinstance(array, np.ndarray):
            raise InvalidTypeError(f"from_numpy takes an array; got {type(array).__name__}")
        data_type(array.dtype)
        if share_buffer and not array.flags.c_contiguous:
            raise InvalidInputError(
                "from_numpy with share_buffer=True takes C-contiguous arrays: pass "
                "numpy.ascontiguousarray(array)"
            )
        self._array = array if share_buffer else np.array(array, order="C", copy=True)

    @staticmethod
    def from_external_data(
        name: str,
        data_addr: int,
        shape: list[int],
        data_type: str,
        data_place: str,
        device_id: int = 0,
    ) -> FDTensor:
        """A tensor with the values that lie at an address.

        Args:
            name: Name of the tensor.
            data_addr: Address of the first element.
            shape: Dimensions.
            data_type: ``"FP32"``, ``"FP16"``, ``"INT32"`` or ``"INT64"``.
            data_place: ``"cpu"``; the values are copied.
            device_id: Only 0.

        Raises:
            UnsupportedError: Memory of a GPU.
            InvalidInputError: Another element type or place.
        """
        import numpy as np

        if "gpu" in data_place:
            raise UnsupportedError(
                "from_external_data: memory of a GPU is not supported; copy it to the CPU"
            )
        if "cpu" not in data_place or device_id > 0:
            raise InvalidInputError(
                f"from_external_data: the place must be 'cpu'; got {data_place!r}, {device_id}"
            )
        if data_type not in _EXTERNAL_TYPES:
            raise InvalidInputError(
                f"from_external_data: the type must be one of {', '.join(_EXTERNAL_TYPES)}; "
                f"got {data_type!r}"
            )
        dtype = np.dtype(numpy_name(FDDataType[data_type]))
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        raw = ctypes.string_at(data_addr, size)
        tensor = FDTensor(name)
        tensor._array = np.frombuffer(raw, dtype).reshape(shape).copy()
        return tensor

    def to_dlpack(self) -> Any:  # noqa: ANN401 - a capsule
        """A DLPack capsule that shares the memory."""
        return self.array.__dlpack__()

    @staticmethod
    def from_dlpack(name: str, dlpack_tensor: object) -> FDTensor:
        """A tensor that shares the memory of a DLPack capsule on the CPU.

        Args:
            name: Name of the tensor.
            dlpack_tensor: A capsule, or an object that has ``__dlpack__``.

        Raises:
            InvalidInputError: The tensor is not C-contiguous.
            InvalidTypeError: The capsule cannot be read.
        """
        import numpy as np

        source = dlpack_tensor if hasattr(dlpack_tensor, "__dlpack__") else _Capsule(dlpack_tensor)
        try:
            array: np.ndarray[Any, Any] = np.from_dlpack(source)
        except (AttributeError, BufferError, RuntimeError, TypeError, ValueError) as error:
            raise InvalidTypeError(f"from_dlpack: {error}") from error
        if not array.flags.c_contiguous:
            raise InvalidInputError("from_dlpack: the tensor must be C-contiguous")
        tensor = FDTensor(name)
        data_type(array.dtype)
        tensor._array = array
        return tensor

    def print_info(self) -> None:
        """Writes name, shape and type to the log."""
        from hpinfer.ultra_infer.logs import logger

        logger.info("tensor %r: shape %s, %s", self.name, self.shape, self.dtype.name)

    def __repr__(self) -> str:
        if self._array is None:
            return f"FDTensor({self.name!r}, empty)"
        return f"FDTensor({self.name!r}, shape={self.shape}, dtype={self.dtype.name})"


class _Capsule:
    """A bare capsule of the CPU as an object of the DLPack protocol."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: object) -> object:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)
