"""Operator types of a network file.

Some engines are known not to run certain operators, so it is enough to know which ones occur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.errors import HpinferError
from hpinfer.networks.onnx import read_onnx_operators
from hpinfer.networks.paddle import read_program

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.networks.program import NetworkFormat


def operator_types(path: Path, network_format: NetworkFormat) -> frozenset[str]:
    """Types of the operators in a network file, those inside loops and branches too.

    A file that cannot be read gives the empty set: loading it will say what is wrong with it.

    Args:
        path: The ``.onnx``, ``.pdmodel``, PIR ``.json`` or ``.om`` file.
        network_format: Which of them it is.
    """
    try:
        if network_format == "onnx":
            return read_onnx_operators(path)
        if network_format == "om":  # compiled: its operators are not told any more
            return frozenset()
        program = read_program(path)
    except HpinferError:
        return frozenset()
    return program.operators if program.format == network_format else frozenset()
