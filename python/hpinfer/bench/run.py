"""Runs a plan: a process for each case, taking turns round by round."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from hpinfer import errors
from hpinfer._settings import environment_with
from hpinfer.bench.machine import describe_machine
from hpinfer.bench.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpinfer.bench.case import BenchCase, BenchPlan

#: Version of the form of the document.
SCHEMA = 1


def run_plan(plan: BenchPlan, *, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Measures every case of a plan.

    All cases are loaded first; then each round gives every case its turn, so that what else the
    machine does meets all of them.

    Args:
        plan: What to measure.
        progress: Is told what is being done.

    Returns:
        ``schema``, ``when``, ``machine``, ``settings`` and ``cases``: of each its ``label``, what
        it is, its ``summary``, and the ``rounds`` that the summary was made from. In plain types.

    Raises:
        HpinferError: What a case raised, with its label in the message.
    """
    tell = progress or (lambda _: None)
    machine = describe_machine()
    with ExitStack() as stack:
        workers = []
        for case in plan.cases:
            tell(f"loading {case.target}: {case.label} ...")
            worker = _Worker(case, plan)
            stack.callback(worker.close)
            worker.loaded = worker.answer()
            workers.append(worker)
        for number in range(plan.warmup + plan.rounds):
            tell(f"round {number + 1} of {plan.warmup + plan.rounds} ...")
            first = number % len(workers)
            for worker in workers[first:] + workers[:first]:
                kept = worker.warmup if number < plan.warmup else worker.rounds
                kept.append({"calls": worker.ask("calls"), "stream": worker.ask("stream")})
    return {
        "schema": SCHEMA,
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "settings": {
            "inputs": list(plan.inputs),
            "warmup": plan.warmup,
            "rounds": plan.rounds,
            "cached": plan.cached,
        },
        "cases": [worker.document(machine["threads"]) for worker in workers],
    }


class _Worker:
    """A running ``hpinfer.bench.worker``."""

    def __init__(self, case: BenchCase, plan: BenchPlan) -> None:
        self.case = case
        self.loaded: dict[str, Any] = {}
        self.warmup: list[dict[str, Any]] = []
        self.rounds: list[dict[str, Any]] = []
        overrides = {} if case.threads is None else {"HPINFER_NUM_THREADS": str(case.threads)}
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hpinfer.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment_with(**overrides),
            text=True,
            encoding="utf-8",
        )
        inputs = {"inputs": list(plan.inputs), "cached": plan.cached}
        self._write(json.dumps({**case.to_dict(), **inputs}))

    def ask(self, what: str) -> dict[str, Any]:
        """Has the worker measure, and waits for what came of it."""
        self._write(what)
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next answer.

        Raises:
            HpinferError: What the worker raised, or it ended without a word.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._log.seek(0)
            words = " ".join(self._log.read().split())[-300:]
            raise errors.EngineError(f"{self.case.label}: ended with status {status}: {words}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise _raised(answer["error"], f"{self.case.label}: {answer['message']}")
        return answer

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._process.poll() is None:
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def document(self, budget: int) -> dict[str, Any]:
        """All that is known of the case, in plain types."""
        threads = self.case.threads or budget
        return {
            "label": self.case.label,
            "case": self.case.to_dict(),
            "summary": summarise(self.rounds, self.loaded, threads=threads),
            "loaded": self.loaded,
            "warmup": self.warmup,
            "rounds": self.rounds,
        }

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # its last answer says why
            return


def _raised(name: str, message: str) -> Exception:
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, errors.HpinferError):
        return kind(message)
    return errors.EngineError(f"{message} ({name})")
