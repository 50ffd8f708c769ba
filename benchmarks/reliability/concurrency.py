"""Many threads on one object: the bytes of a serial run, the GIL free, and twice the work."""

from __future__ import annotations

import random
import re
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from answers import Comparison
from native_calls import long_calls
from rows import ENGINES, Budget, Row, Setting, child, network
from subjects import (
    RECOGNISER,
    line_reader,
    line_tensors,
    network_runner,
    reader,
    small_pages,
    text_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROMISE = "Concurrency"
THREADS = 16


def rows(setting: Setting) -> Iterator[Row]:
    """Everything about threads."""
    for engine in ENGINES:
        yield from same_bytes(setting, engine)
    yield gil_is_free(setting)
    yield from two_threads(setting)


def same_bytes(setting: Setting, engine: str) -> Iterator[Row]:
    """Sixteen threads on one session, one model, one pipeline, inputs at random."""
    pages = small_pages(setting.images)
    few = setting.quick
    run = network_runner(network(RECOGNISER), engine, num_streams=2)
    tensors = line_tensors(8 if few else 200)
    yield _hammer(setting, f"one session, {RECOGNISER} ({engine})", run, tensors, 10_000)
    lines = text_lines(pages, 8 if few else 300)
    read = line_reader(engine)
    yield _hammer(setting, f"one model, {RECOGNISER} ({engine})", read, lines, 10_000)
    yield _hammer(setting, f"one OCR pipeline ({engine})", reader(engine), pages, 3000)
    official = reader(engine, batching="official")
    what = f"one OCR pipeline that batches as PaddleX does ({engine})"
    yield _hammer(setting, what, official, pages, 1000)


def _hammer(
    setting: Setting, what: str, call: Callable[[Any], Any], inputs: list[Any], calls: int
) -> Row:
    comparison = Comparison("-".join(re.findall(r"\w+", what)), inputs, setting.kept)
    comparison.serial(call)
    budget = Budget(setting.count(calls), setting.seconds)
    numbers = iter(budget)
    taking = threading.Lock()
    failures: list[str] = []

    def work(thread: int) -> None:
        choose = random.Random(thread)
        while True:
            with taking:
                number = next(numbers, None)
            if number is None:
                return
            index = choose.randrange(len(inputs))
            try:
                comparison.check(index, call(inputs[index]), thread=thread, call=number)
            except Exception as error:  # any failure of the product is the finding
                failures.append(f"{type(error).__name__}: {error}")
                return

    start = time.monotonic()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Row(
        what,
        f"{THREADS} threads, {len(inputs)} inputs at random, every answer compared bit for bit "
        "with that of a serial run",
        {
            "calls": comparison.compared,
            "other bytes": comparison.differing,
            "errors": "; ".join(failures) or "none",
            "seconds": round(time.monotonic() - start, 1),
        },
    )


def gil_is_free(setting: Setting) -> Row:
    """A Python thread counts while another is inside one native call."""
    counts = {what: count_during(call) for what, call in long_calls(setting)}
    kept = [what for what, counted in counts.items() if counted == 0]
    return Row(
        "the GIL during native calls",
        "a Python thread counts while another is inside one call; the interpreter never takes "
        "the GIL away by itself here, so that only a call that gives it up lets the count grow",
        {
            "kinds of calls": len(counts),
            "that keep the GIL": ", ".join(kept) or "none",
            "smallest count": min(counts.values()),
            "calls": ", ".join(counts),
        },
    )


def count_during(call: Callable[[], object], *, attempts: int = 20) -> int:
    """How far another Python thread counts during `call`; 0 only if that keeps the GIL.

    Args:
        call: Takes milliseconds at least.
        attempts: Calls, at most, until the other thread has had its turn.
    """
    counts = [0]
    over = threading.Event()

    def count() -> None:
        while not over.is_set():
            counts[0] += 1
            time.sleep(0.0001)  # gives the GIL up, which nobody else makes it do

    call()  # what is made once
    interval = sys.getswitchinterval()
    counter = threading.Thread(target=count, daemon=True)
    sys.setswitchinterval(1000)
    try:
        counter.start()
        time.sleep(0.01)
        for _ in range(attempts):
            before = counts[0]
            call()
            counted = counts[0] - before
            if counted:
                break
    finally:
        sys.setswitchinterval(interval)
        over.set()
        counter.join()
    return counted


def two_threads(setting: Setting) -> Iterator[Row]:
    """Work done by two threads on two cores against one thread on one core, in turns."""
    for engine in ENGINES:
        for kind in ("session", "pipeline"):
            rounds = []
            for number in range(1 if setting.quick else 5):
                order = (1, 2) if number % 2 == 0 else (2, 1)
                rates = {threads: _rate(setting, engine, kind, threads) for threads in order}
                rounds.append(rates[2] / rates[1])
            yield Row(
                f"two threads, one {kind} ({engine})",
                "calls a second of 2 threads on 2 cores / 1 thread on 1 core, each in a "
                "process of its own, in turns",
                {
                    "ratio (median)": round(statistics.median(rounds), 2),
                    "ratios": ", ".join(f"{ratio:.2f}" for ratio in sorted(rounds)),
                },
            )


def _rate(setting: Setting, engine: str, kind: str, threads: int) -> float:
    answer = child(
        "throughput.py",
        engine,
        kind,
        threads,
        network(RECOGNISER),
        *setting.images,
        HPINFER_BATCHES_AT_ONCE="1",
    )
    return float(answer["calls_per_second"])
