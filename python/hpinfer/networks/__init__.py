"""Network files read without a framework: Paddle programs in both formats, and ONNX."""

from __future__ import annotations

from hpinfer.networks.onnx import read_onnx_external_files, read_onnx_metadata
from hpinfer.networks.operators import operator_types
from hpinfer.networks.paddle import parse_program, read_program
from hpinfer.networks.program import NetworkFormat, Pool, Program, ProgramFormat, TensorFact
from hpinfer.networks.rewriting import VERSION as REWRITING
from hpinfer.networks.rewriting import Rewritten, rewrite_for_openvino

__all__ = [
    "REWRITING",
    "NetworkFormat",
    "Pool",
    "Program",
    "ProgramFormat",
    "Rewritten",
    "TensorFact",
    "operator_types",
    "parse_program",
    "read_onnx_external_files",
    "read_onnx_metadata",
    "read_program",
    "rewrite_for_openvino",
]
