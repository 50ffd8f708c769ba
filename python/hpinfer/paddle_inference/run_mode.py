"""Decides the run mode: what was asked for, corrected by what is known to be wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hpinfer.errors import UnsupportedError
from hpinfer.paddle_inference.status import version_tuple

if TYPE_CHECKING:
    from hpinfer.paddle_inference.options import RunMode

#: Models that PaddleX runs without oneDNN (its blocklist, 3.7).
_WITHOUT_ONEDNN = re.compile(
    r"LaTeX_OCR_rec|UVDoc|SLANet|SLANet_plus|PP-FormulaNet.*|UniMERNet|Mask-RT-DETR-[MS]"
    r"|PP-DocLayoutV[23]"
)
#: Models that PaddleX runs without PIR (its blocklist, 3.7).
_WITHOUT_PIR = re.compile(r"LaTeX_OCR_rec|PP-YOLOE_seg-S")


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What the decision needs to know about a program.

    Attributes:
        format: ``"pir"`` (`.json`) or ``"pdmodel"``.
        model_name: As in its inference.yml; empty if unknown.
        aligned_bilinear: Whether it resizes bilinearly with ``align_corners=True``.
        multiplied_rows: Whether it reduces the last axis of a picture and multiplies the result as
            a matrix.
    """

    format: Literal["pir", "pdmodel"]
    model_name: str = ""
    aligned_bilinear: bool = False
    multiplied_rows: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """What the decision needs to know about the machine and the installed PaddlePaddle.

    Attributes:
        device: ``"cpu"`` or ``"gpu"``.
        cuda: Whether PaddlePaddle was built with CUDA.
        bf16: Whether the processor computes bfloat16.
        new_ir: Whether the program runs through PIR (`decide_new_ir`).
    """

    device: Literal["cpu", "gpu"] = "cpu"
    cuda: bool = False
    bf16: bool = False
    new_ir: bool = True


def decide_new_ir(
    version: str, facts: ProgramFacts, requested: bool | None, *, device: str = "cpu"
) -> bool:
    """Whether a program runs through PIR.

    A `.pdmodel` does not have to, and on PaddlePaddle 3.3 it runs with oneDNN only without.

    Args:
        version: Of PaddlePaddle.
        facts: About the program.
        requested: What was asked for, None for the best.
        device: Kind of the device.
    """
    if facts.format == "pir":
        return True
    if requested is not None:
        return requested
    broken = device == "cpu" and _pir_breaks_onednn(version)
    return not broken and _WITHOUT_PIR.fullmatch(facts.model_name) is None


def usual_mode(machine: Machine) -> RunMode:
    """The mode for a model about which nothing bad is known."""
    return "mkldnn" if machine.device == "cpu" else "paddle"


def decide_run_mode(
    version: str,
    facts: ProgramFacts,
    requested: RunMode | None,
    machine: Machine,
) -> tuple[RunMode, tuple[str, ...]]:
    """The mode to run in.

    Args:
        version: Of PaddlePaddle.
        facts: About the program.
        requested: The mode asked for, None for the usual one.
        machine: About the machine.

    Returns:
        The mode, and the reasons why it is not the one asked for; none if it is.

    Raises:
        UnsupportedError: The mode cannot run here, or only without the precision asked for.
    """
    mode = requested or usual_mode(machine)
    _check_possible(version, mode, machine)
    if not mode.startswith("mkldnn"):
        return mode, ()
    reasons = _faults(version, facts, machine)
    if reasons and mode == "mkldnn_bf16":
        raise UnsupportedError(
            f"run_mode 'mkldnn_bf16' cannot be used for this model: {'; '.join(reasons)}"
        )
    return ("paddle" if reasons else mode), reasons


def _check_possible(version: str, mode: RunMode, machine: Machine) -> None:
    build = f"PaddlePaddle {version} ({'CUDA' if machine.cuda else 'CPU-only'} build)"
    if machine.device == "gpu" and not machine.cuda:
        raise UnsupportedError(f"device 'gpu' needs a CUDA build; installed is {build}")
    if mode.startswith("trt_") and machine.device != "gpu":
        raise UnsupportedError(
            f"run_mode {mode!r} needs a CUDA build and device 'gpu'; "
            f"installed is {build}, the device is 'cpu'"
        )
    if mode == "paddle_fp16" and machine.device != "gpu":
        raise UnsupportedError("run_mode 'paddle_fp16' needs device 'gpu': Paddle has no fp16 CPU")
    if mode.startswith("mkldnn") and machine.device != "cpu":
        raise UnsupportedError(f"run_mode {mode!r} is for device 'cpu'")
    if mode == "mkldnn_bf16" and not machine.bf16:
        raise UnsupportedError("run_mode 'mkldnn_bf16' needs a processor with AVX-512 BF16 or AMX")


def _pir_breaks_onednn(version: str) -> bool:
    return version_tuple(version)[:2] == (3, 3)


def _faults(version: str, facts: ProgramFacts, machine: Machine) -> tuple[str, ...]:
    reasons = []
    if machine.new_ir and _pir_breaks_onednn(version):
        reasons.append(
            f"PaddlePaddle {version} fails or computes wrong results with oneDNN on PIR programs: "
            "oneDNN is off, which is 3 to 5 times slower (3.2.2 is not affected)"
        )
    if facts.aligned_bilinear:
        reasons.append(
            "oneDNN in PaddlePaddle computes bilinear resizing with align_corners=True wrong: "
            "oneDNN is off"
        )
    if facts.multiplied_rows:
        reasons.append(
            "oneDNN in PaddlePaddle multiplies the reduced rows of a convolution's result in the "
            "wrong order: oneDNN is off"
        )
    if _WITHOUT_ONEDNN.fullmatch(facts.model_name):
        reasons.append(f"{facts.model_name} is known not to work with oneDNN: oneDNN is off")
    return tuple(reasons)
