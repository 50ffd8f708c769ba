"""Models that are known to convert wrongly or not at all, recognised by their Paddle program.

Each rule was seen with paddle2onnx 1.3.1 and 2.1.0 against Paddle itself. Two of the failures are
silent, so they are looked for here and not left to the numerical check, which needs Paddle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpinfer.networks import Pool, Program

_PADDLE = "run it with Paddle Inference (engine='paddle', paddlepaddle 3.2.2)"
_OPENVINO = "run the .pdmodel with OpenVINO (engine='openvino'), or Paddle Inference"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model is not converted here.

    Attributes:
        reason: What stands in the way.
        remedy: What to do instead.
    """

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.remedy}"


@dataclass(frozen=True, slots=True)
class _Rule:
    operators: frozenset[str]
    what: str
    openvino_reads_it: bool = False


_NEVER = (
    _Rule(
        frozenset(
            {"generate_proposals", "generate_proposals_v2", "distribute_fpn_proposals"}
            | {"collect_fpn_proposals", "bipartite_match"}
        ),
        "a two-stage detector",
    ),
    _Rule(frozenset({"prior_box", "density_prior_box"}), "an SSD detector", openvino_reads_it=True),
    _Rule(frozenset({"matrix_nms"}), "a detector with matrix NMS"),
    _Rule(
        frozenset(
            {"write_to_array", "read_from_array", "lod_array_length", "tensor_array_to_tensor"}
            | {"create_array", "array_write_", "array_read", "array_length", "array_to_tensor"}
        ),
        "a decoder with tensor arrays",
    ),
)


#: Operators that OpenVINO 2026.4 refuses in a ``.pdmodel``: it has no reader for them, or (tensor
#: arrays) reads them in one use only, which no decoder has.
_OPENVINO_LACKS = frozenset(
    {"index_put", "density_prior_box", "bipartite_match"}
    | {"write_to_array", "read_from_array", "lod_array_length", "tensor_array_to_tensor"}
)


def openvino_reads(program: Program) -> bool:
    """Whether OpenVINO may be able to read a program's own files."""
    return program.format == "pdmodel" and not program.operators & _OPENVINO_LACKS


def known_fault(program: Program) -> Refusal | None:
    """What is known to go wrong when this program is converted; None if nothing is."""
    for rule in _NEVER:
        present = sorted(program.operators & rule.operators)
        if present:
            openvino = rule.openvino_reads_it and openvino_reads(program)
            reason = f"{rule.what} ({present[0]}) is beyond what the converter can write as ONNX"
            return Refusal(reason, _OPENVINO if openvino else _PADDLE)
    for pool in program.adaptive_pools:
        fault = _pool_fault(pool)
        if fault is not None:
            return Refusal(fault, _OPENVINO if openvino_reads(program) else _PADDLE)
    return None


def _pool_fault(pool: Pool) -> str | None:
    """The converter writes a fixed window: right only if the output divides a fixed input."""
    if pool.output == (1, 1):
        return None  # global pooling, of any size
    target = "x".join(map(str, pool.output))
    for size, output in zip(pool.size, pool.output, strict=True):
        if size is None or output is None:
            return (
                f"adaptive pooling to {target} of a picture of any size cannot be expressed "
                "in ONNX (a model exported with a fixed height and width may convert)"
            )
        if size % output:
            source = "x".join(map(str, pool.size))
            return f"adaptive pooling from {source} to {target} would be converted silently wrong"
    return None
