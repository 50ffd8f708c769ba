"""Runs a script of ours in its own process: what it loads may abort, and takes only itself down."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer._child import communicate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

#: What is kept of the child's messages.
_TAIL_BYTES = 16_384
_QUOTED_CHARACTERS = 300
#: What the converter says about the cause, best first, and what Paddle's signal handler adds.
_TELLING = ("not supported yet", "[ERROR]")
_EMPTY = ("Error Message Summary", "FatalError: `Process abort signal`")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended.

    Attributes:
        answer: What it answered; None if it ended without an answer.
        ending: How it ended, in words, with the line of its messages that says most.
        messages: The end of what it wrote to standard output and error.
        transient: True if it met a limit of this machine or of time, not of its task.
    """

    answer: Mapping[str, Any] | None
    ending: str
    messages: str
    transient: bool = False


def run_script(script: Path, request: Mapping[str, Any], *, timeout_s: float) -> Outcome:
    """Run a script with this interpreter, isolated from the user's environment and folder.

    The script gets `request` as JSON on standard input, with this process's module search path
    added as ``sys_path``, and answers with one JSON object on standard output.

    Args:
        script: A file of this package that needs nothing but the standard library to start.
        request: JSON values.
        timeout_s: The child and what it started are ended after this time.

    Raises:
        CancelledError: Nobody waits for it any more; the child is ended.
    """
    text = json.dumps({**request, "sys_path": sys.path})
    with tempfile.TemporaryFile() as answer_file, tempfile.TemporaryFile() as message_file:
        try:
            child = subprocess.Popen(
                [sys.executable, "-I", str(script)],
                stdin=subprocess.PIPE,
                stdout=answer_file,
                stderr=message_file,
                start_new_session=True,
            )
        except OSError as error:
            reason = f"cannot be started ({error.strerror or error})"
            return Outcome(None, reason, "", transient=True)
        finished = _feed_and_wait(child, text.encode(), timeout_s)
        messages = _tail(message_file)
        if not finished:
            return Outcome(None, f"was stopped after {timeout_s:g} s", messages, transient=True)
        answer = _answer(answer_file)
        if answer is None or child.returncode != 0:
            killed = child.returncode == -signal.SIGKILL  # what a full memory ends in
            return Outcome(None, _ending(child.returncode, messages), messages, transient=killed)
        return Outcome(answer, "finished", messages)


def _feed_and_wait(child: subprocess.Popen[bytes], text: bytes, timeout_s: float) -> bool:
    try:
        communicate(child, text, timeout_s=timeout_s, what="a conversion")
    except subprocess.TimeoutExpired:
        return False
    finally:
        if child.poll() is None:
            _kill(child)
    return True


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tail(stream: BinaryIO) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL_BYTES))
    return stream.read().decode(errors="replace")


def _answer(stream: BinaryIO) -> Mapping[str, Any] | None:
    stream.seek(0)
    try:
        answer = json.loads(stream.read())
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _ending(code: int, messages: str) -> str:
    if code < 0:
        try:
            how = f"died of {signal.Signals(-code).name}"
        except ValueError:
            how = f"died of signal {-code}"
    else:
        how = f"ended with exit code {code}"
    said = telling_line(messages)
    return f"{how}, saying: {said}" if said else how


def telling_line(messages: str) -> str:
    """The line of a program's messages that says most about a failure; empty without messages."""
    lines = [" ".join(line.split()) for line in messages.splitlines() if line.strip()]
    for words in _TELLING:
        found = next((line for line in lines if words in line), None)
        if found is not None:
            return found[:_QUOTED_CHARACTERS]
    errors = [
        line
        for line in lines
        if "error" in line.lower() and not any(words in line for words in _EMPTY)
    ]
    chosen = errors[-1] if errors else (lines[-1] if lines else "")
    return chosen[:_QUOTED_CHARACTERS]
