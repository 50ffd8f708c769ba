"""Network files read without a framework: Paddle programs in both formats, and ONNX."""

from __future__ import annotations

from hpinfer.networks.onnx import read_onnx_external_files, read_onnx_metadata
from hpinfer.networks.operators import operator_types
from hpinfer.networks.paddle import parse_program, read_program
from hpinfer.networks.program import NetworkFormat, Pool, Program, ProgramFormat, TensorFact

__all__ = [
    "NetworkFormat",
    "Pool",
    "Program",
    "ProgramFormat",
    "TensorFact",
    "operator_types",
    "parse_program",
    "read_onnx_external_files",
    "read_onnx_metadata",
    "read_program",
]
