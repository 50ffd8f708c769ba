"""Arrays as other libraries show them on a GPU, in the stand-in's memory."""

from __future__ import annotations

from typing import Any

import numpy as np

#: The stand-in's mark of an address on a GPU.
DEVICE_BIT = 1 << 60


class GpuArray:
    """An array with ``__cuda_array_interface__``, and ``__dlpack_device__`` if it has a device."""

    def __init__(
        self,
        values: Any,
        *,
        stream: int | None = None,
        device: int | None = None,
        read_only: bool = False,
        **changes: Any,
    ) -> None:
        self.values = values
        address = values.__array_interface__["data"][0]
        self.__cuda_array_interface__ = {
            "shape": values.shape,
            "typestr": values.dtype.str,
            "data": (address | DEVICE_BIT, read_only),
            "version": 3,
            "strides": None if values.flags.c_contiguous else values.strides,
            "stream": stream,
            **changes,
        }
        if device is not None:
            self.__dlpack_device__ = lambda: (2, device)


def random(*shape: int) -> Any:
    return np.random.default_rng(7).standard_normal(shape, dtype=np.float32)
