"""What the machine and the installed PaddlePaddle can do."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from hpinfer.errors import UnsupportedError
from hpinfer.paddle_inference.run_mode import Machine
from hpinfer.paddle_inference.status import status

_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def detect_machine(device: Literal["cpu", "gpu"], *, new_ir: bool) -> Machine:
    """The facts that the choice of the run mode needs."""
    return Machine(
        device=device, cuda="GPU" in status().devices, bf16=_cpu_has_bf16(), new_ir=new_ir
    )


def parse_device(device: str) -> tuple[Literal["cpu", "gpu"], int]:
    """Kind and number of a device such as ``"cpu"`` or ``"gpu:1"``.

    Raises:
        UnsupportedError: Paddle Inference is not offered on that device.
    """
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return "cpu", 0
    if kind == "gpu":
        return "gpu", int(number or 0)
    raise UnsupportedError(f"engine 'paddle' runs on 'cpu' and 'gpu:N'; got device {device!r}")


@functools.cache
def _cpu_has_bf16() -> bool:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not _BF16_FLAGS.isdisjoint(flags.split())
