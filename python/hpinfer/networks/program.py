"""What hpinfer needs to know of a Paddle program, whichever way it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: How a Paddle program is stored: ``.pdmodel`` (protobuf) or PIR ``.json``.
ProgramFormat: TypeAlias = Literal["pdmodel", "pir"]
#: How a network is stored.
NetworkFormat: TypeAlias = Literal["onnx", "pdmodel", "pir", "om"]
#: Dimensions, None for those of any size.
AnyShape: TypeAlias = "tuple[int | None, ...]"


@dataclass(frozen=True, slots=True)
class TensorFact:
    """An input or output as the program declares it.

    Attributes:
        name: Its name.
        dtype: NumPy name of the element type, e.g. ``"float32"``; Paddle's own where NumPy has
            none, e.g. ``"bfloat16"``.
        shape: Its dimensions, None for those of any size.
    """

    name: str
    dtype: str
    shape: AnyShape


@dataclass(frozen=True, slots=True)
class Pool:
    """An adaptive pooling.

    Attributes:
        kind: Type of the operator.
        size: Height and width of its input, None where not fixed.
        output: Height and width of its output, None where not fixed.
    """

    kind: str
    size: tuple[int | None, int | None]
    output: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Program:
    """A Paddle program in outline.

    Attributes:
        format: How it is stored.
        operators: Types of its operators, those inside loops and branches too.
        inputs: In the order of its feeds.
        outputs: In the order of its fetches.
        adaptive_pools: Its adaptive poolings.
        aligned_bilinear: Whether it resizes bilinearly with ``align_corners=True``.
        multiplied_rows: Whether the last axis of a picture is reduced and the result multiplied as
            a matrix.
        has_parameters: Whether it has weights in a file of their own.
    """

    format: ProgramFormat
    operators: frozenset[str]
    inputs: tuple[TensorFact, ...] = ()
    outputs: tuple[TensorFact, ...] = ()
    adaptive_pools: tuple[Pool, ...] = ()
    aligned_bilinear: bool = False
    multiplied_rows: bool = False
    has_parameters: bool = False


#: Operators with an attribute ``adaptive``, and for a ``.pdmodel`` the one with their output size.
POOLS = {"pool2d": "ksize", "max_pool2d_with_index": "ksize"}


def plane(shape: AnyShape, *, channels_last: bool) -> tuple[int | None, int | None]:
    """Height and width of a batch of pictures; None where not fixed or not known."""
    if len(shape) != 4:
        return (None, None)
    return (shape[1], shape[2]) if channels_last else (shape[2], shape[3])


def any_shape(dims: list[int]) -> AnyShape:
    """Dimensions as Paddle writes them, -1 for any size."""
    return tuple(dim if dim >= 0 else None for dim in dims)
