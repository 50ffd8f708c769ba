"""Many threads on one object get the bytes of a serial run, and no native call keeps the GIL."""

from __future__ import annotations

import sys
import threading

import pytest
from answers import Comparison
from concurrency import THREADS, count_during
from example_pages import ENGINES, IMAGES
from native_calls import kernel_calls, session_calls
from rows import network
from subjects import (
    RECOGNISER,
    line_reader,
    line_tensors,
    network_runner,
    reader,
    small_pages,
    text_lines,
)

PAGES = small_pages(sorted(IMAGES.glob("*.png")), side=300)


def hammer(call, inputs, folder, *, calls):
    """Every thread takes every input in an order of its own."""
    comparison = Comparison("test", inputs, folder)
    comparison.serial(call)
    failures: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for number in range(calls // THREADS):
                index = (thread * 7 + number * (2 * thread + 1)) % len(inputs)
                comparison.check(index, call(inputs[index]), thread=thread)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    kept = [path.name for path in folder.glob("*.pickle")]
    assert kept == []
    assert comparison.compared == calls


@pytest.mark.parametrize("engine", ENGINES)
def test_one_session(engine, tmp_path):
    run = network_runner(network(RECOGNISER), engine, num_streams=2)
    hammer(run, line_tensors(24, widest=160), tmp_path, calls=8 * THREADS)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_model(engine, tmp_path):
    hammer(line_reader(engine), text_lines(PAGES, 40), tmp_path, calls=10 * THREADS)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_pipeline(engine, tmp_path):
    hammer(reader(engine), PAGES, tmp_path, calls=2 * THREADS)


def test_kernels_leave_the_gil():
    kept = [what for what, call in kernel_calls() if count_during(call) == 0]
    assert kept == []


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_leave_the_gil(engine):
    kept = [what for what, call in session_calls(engine) if count_during(call) == 0]
    assert kept == []


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this Python has no GIL to keep"
)
def test_the_count_finds_a_call_that_keeps_the_gil():
    assert count_during(lambda: sum(range(200_000)), attempts=3) == 0
