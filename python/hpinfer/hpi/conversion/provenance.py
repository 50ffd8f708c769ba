"""What a converted ONNX file says about itself, so that a later change of its source is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.errors import HpinferError
from hpinfer.hpi.content_hash import content_hash
from hpinfer.networks import read_onnx_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.hub import ModelFiles

#: Keys in the ONNX metadata.
SOURCE, CONVERTER, OPSET = "hpinfer.source", "hpinfer.converter", "hpinfer.opset"


def source_hash(program: Path, params: Path) -> str:
    """The identity of a Paddle model: one SHA-256 over program and weights."""
    return content_hash([program, params])


def onnx_is_stale(files: ModelFiles) -> str | None:
    """Whether the model's ``inference.onnx`` was made by hpinfer from other Paddle files.

    An ``inference.onnx`` that hpinfer did not write is the user's own and never stale; nor is one
    that lies alone.

    Args:
        files: The files of a model.

    Returns:
        The reason in words, None if the file is good.
    """
    found = files.program
    if files.onnx is None or found is None or files.pdiparams is None:
        return None
    try:
        recorded = read_onnx_metadata(files.onnx).get(SOURCE)
        if recorded is None or recorded == source_hash(found[1], files.pdiparams):
            return None
    except HpinferError:
        return None  # not readable: whoever loads the file says it better
    return f"{files.onnx} was converted from other files than {found[1].name} beside it now"
