"""From Paddle models to ONNX: the route, the conversion in a child process, its verification."""

from __future__ import annotations

from hpinfer.hpi.conversion.conversion import (
    DEFAULT_OPSET,
    ConversionOptions,
    ConvertedModel,
    convert,
    convert_into,
)
from hpinfer.hpi.conversion.faults import Refusal
from hpinfer.hpi.conversion.provenance import onnx_is_stale
from hpinfer.hpi.conversion.routes import ConversionRoute, route
from hpinfer.hpi.conversion.target import convert_to_directory, open_paddle_directory

__all__ = [
    "DEFAULT_OPSET",
    "ConversionOptions",
    "ConversionRoute",
    "ConvertedModel",
    "Refusal",
    "convert",
    "convert_into",
    "convert_to_directory",
    "onnx_is_stale",
    "open_paddle_directory",
    "route",
]
