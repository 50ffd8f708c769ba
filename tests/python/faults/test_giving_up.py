"""What waits in another thread stops when nobody wants its result any more."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
import time

import pytest

from hpinfer._child import communicate
from hpinfer._giving_up import given_up_on_failure, is_given_up
from hpinfer._locks import held
from hpinfer.errors import CancelledError
from hpinfer.hpi.conversion.child_process import run_script
from hpinfer.hub.sources import SourceError
from hpinfer.hub.wheels import download_wheel

WAIT_S = 30


def failure_after_giving_up(work, began):
    """What `work`, begun by a caller that is interrupted then, raises in its thread."""
    failures, threads = [], []

    def run():
        try:
            work()
        except BaseException as error:
            failures.append(error)

    def begin_and_be_interrupted():
        with given_up_on_failure():
            context = contextvars.copy_context()
            threads.append(threading.Thread(target=context.run, args=(run,)))
            threads[0].start()
            end = time.monotonic() + WAIT_S
            while not began():
                assert time.monotonic() < end
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin_and_be_interrupted()
    threads[0].join(WAIT_S)
    assert not threads[0].is_alive()
    assert not is_given_up()  # it holds for what was begun there alone
    return failures[0]


def script(folder, text):
    """A shell script that stands for an interpreter."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_download(tmp_path, monkeypatch):
    began = tmp_path / "began"
    monkeypatch.setattr(sys, "executable", script(tmp_path, f"touch {began}; exec sleep 600"))
    failure = failure_after_giving_up(
        lambda: download_wheel("toy==1", tmp_path, timeout_s=600), began.exists
    )
    assert isinstance(failure, CancelledError)
    with pytest.raises(SourceError, match=r"within 0\.3 s"):
        download_wheel("toy==1", tmp_path, timeout_s=0.3)


def test_a_conversion(tmp_path):
    began, child = tmp_path / "began", tmp_path / "child.py"
    child.write_text(f"import time; open({str(began)!r}, 'w'); time.sleep(600)\n")
    failure = failure_after_giving_up(lambda: run_script(child, {}, timeout_s=600), began.exists)
    assert isinstance(failure, CancelledError)
    assert "a conversion was stopped" in str(failure)


def test_a_lock(tmp_path):
    path, waiting = tmp_path / "locks" / "some.lock", threading.Event()

    def wait():
        waiting.set()
        with held(path, timeout_s=600):
            raise AssertionError("it is not free")

    with held(path, timeout_s=1) as free:
        assert free
        with held(path, timeout_s=0) as second:
            assert not second
        failure = failure_after_giving_up(wait, waiting.is_set)
    assert isinstance(failure, CancelledError)
    with held(path, timeout_s=1) as free:
        assert free


def test_a_child_keeps_its_words():
    child = subprocess.Popen(
        ["sh", "-c", "cat; echo more >&2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert communicate(child, b"x" * 10**6, timeout_s=WAIT_S, what="it") == (
        b"x" * 10**6,
        b"more\n",
    )
