"""Waiting for a child process: for a limited time, and only while somebody wants its result."""

from __future__ import annotations

import subprocess
import time

from hpinfer._giving_up import LOOK_S, check_wanted


def communicate(
    child: subprocess.Popen[bytes], text: bytes | None, *, timeout_s: float, what: str
) -> tuple[bytes, bytes]:
    """`Popen.communicate` that can be given up; the child is left as it is then.

    Args:
        child: The process.
        text: Its standard input.
        timeout_s: How long it may take.
        what: What it does, for the error.

    Returns:
        What it wrote to standard output and error, where these are pipes.

    Raises:
        subprocess.TimeoutExpired: It took longer.
        CancelledError: Nobody waits for it any more.
    """
    end = time.monotonic() + timeout_s
    while True:
        left = end - time.monotonic()
        try:
            output, errors = child.communicate(text, timeout=max(0.0, min(left, LOOK_S)))
        except subprocess.TimeoutExpired:
            if left <= LOOK_S:
                raise
            text = None
            check_wanted(what)
            continue
        return output or b"", errors or b""
