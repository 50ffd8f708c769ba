"""Paddle Inference, reached through its Python API: the reference engine of Paddle models.

`paddle` is imported when the first model is loaded, never before.
"""

from __future__ import annotations

from hpinfer.paddle_inference.options import PaddleOptions, RunMode
from hpinfer.paddle_inference.run_mode import Machine, ProgramFacts, decide_new_ir, decide_run_mode
from hpinfer.paddle_inference.session import LoadedProgram, create_session, load, load_bytes
from hpinfer.paddle_inference.status import status

__all__ = [
    "LoadedProgram",
    "Machine",
    "PaddleOptions",
    "ProgramFacts",
    "RunMode",
    "create_session",
    "decide_new_ir",
    "decide_run_mode",
    "load",
    "load_bytes",
    "status",
]
