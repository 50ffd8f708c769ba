"""Programs of PaddleX and PaddleOCR with `accelerate` on, which a command line cannot call."""

from __future__ import annotations

import importlib.metadata
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer.errors import InputNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence


def run_accelerated(command: Sequence[str]) -> int:
    """Runs a console script or a Python file in this process, with the operators replaced.

    Args:
        command: Name of a console script of this environment (``paddlex``, ``paddleocr``), or path
            of a Python file; then its arguments.

    Returns:
        Its exit status.

    Raises:
        InputNotFoundError: There is no such script or file.
        EngineUnavailableError: PaddleX is not installed.
        UnsupportedError: Results were never compared with this release of PaddleX.
    """
    from hpinfer.paddlex.acceleration import accelerate

    program, *arguments = command
    script = _console_script(program)
    if script is None and not Path(program).is_file():
        raise InputNotFoundError(
            f"expected a console script of this environment or a Python file; got {program!r}"
        )
    with accelerate():
        before = sys.argv
        sys.argv = [program, *arguments]
        try:
            if script is None:
                runpy.run_path(program, run_name="__main__")
                return 0
            return _status(script.load()())
        except SystemExit as end:
            return _status(end.code)
        finally:
            sys.argv = before


def _console_script(name: str) -> importlib.metadata.EntryPoint | None:
    found = importlib.metadata.entry_points(group="console_scripts", name=name)
    return next(iter(found), None)


def _status(value: object) -> int:
    """The exit status that Python makes of what a program ended with."""
    if value is None or isinstance(value, int):
        return int(value or 0)
    sys.stderr.write(f"{value}\n")
    return 1
