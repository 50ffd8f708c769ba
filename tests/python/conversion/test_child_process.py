"""Whatever a child does, the parent gets an outcome that names it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hpinfer.hpi.conversion.child_process import Outcome, run_script

PRELUDE = "import json, os, signal, sys, time\nrequest = json.load(sys.stdin)\n"


def run(tmp_path: Path, body: str, *, timeout_s: float = 60.0, **request: object) -> Outcome:
    script = tmp_path / "child.py"
    script.write_text(PRELUDE + body)
    return run_script(script, request, timeout_s=timeout_s)


def test_request_and_answer(tmp_path: Path) -> None:
    outcome = run(tmp_path, "json.dump({'sum': request['a'] + 1}, sys.stdout)", a=41)
    assert outcome.answer == {"sum": 42}
    assert not outcome.transient


def test_a_child_is_isolated_and_gets_our_search_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the folder was searched')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend("from-the-parent")
    outcome = run(tmp_path, "json.dump({'path': request['sys_path'][0]}, sys.stdout)")
    assert outcome.answer == {"path": "from-the-parent"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os.abort()", "died of SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "died of SIGSEGV"),
        ("os._exit(255)", "ended with exit code 255"),
        ("raise ValueError('no such operator')", "exit code 1, saying: ValueError: no such op"),
        ("print('not JSON')", "ended with exit code 0"),
        ("json.dump({'done': True}, sys.stdout); sys.stdout.flush(); os.abort()", "SIGABRT"),
        (
            (
                "print('[ERROR] op x is unknown', 'bye', sep='\\n', file=sys.stderr, flush=True);"
                "os.abort()"
            ),
            "died of SIGABRT, saying: [ERROR] op x is unknown",
        ),
    ],
)
def test_how_a_child_failed(tmp_path: Path, body: str, said: str) -> None:
    outcome = run(tmp_path, body)
    assert outcome.answer is None
    assert said in outcome.ending
    assert "\n" not in outcome.ending
    assert not outcome.transient


def test_out_of_memory_is_worth_another_try(tmp_path: Path) -> None:
    assert run(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)").transient


def test_timeout_ends_the_child_and_its_children(tmp_path: Path) -> None:
    body = (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "open(request['note'], 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    note = tmp_path / "pid"
    start = time.monotonic()
    outcome = run(tmp_path, body, timeout_s=3, note=str(note))
    assert outcome.ending == "was stopped after 3 s"
    assert outcome.transient
    assert time.monotonic() - start < 30
    assert is_gone(int(note.read_text()))


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    os.kill(pid, 9)
    return False


def test_only_the_end_of_long_messages_is_kept(tmp_path: Path) -> None:
    body = "sys.stderr.write('x' * 3_000_000 + '\\nerror: the last words'); sys.exit(3)"
    outcome = run(tmp_path, body)
    assert len(outcome.messages) < 20_000
    assert outcome.ending == "ended with exit code 3, saying: error: the last words"


def test_a_python_that_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    outcome = run(tmp_path, "")
    assert "cannot be started" in outcome.ending
