"""Many threads on one object: the bytes of a serial run, the GIL free, and twice the work."""

from __future__ import annotations

import random
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

from answers import Comparison
from rows import ENGINES, Budget, Row, Setting, child
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
    from collections.abc import Callable

PROMISE = "Concurrency"
THREADS = 16


def rows(setting: Setting) -> list[Row]:
    """Everything about threads."""
    found = []
    for engine in ENGINES:
        found += same_bytes(setting, engine)
    found += gil_is_free(setting)
    found += two_threads(setting)
    return found


def same_bytes(setting: Setting, engine: str) -> list[Row]:
    """Sixteen threads on one session, one model, one pipeline, inputs at random."""
    pages = small_pages(setting.images)
    subjects: list[tuple[str, Callable[[Any], Any], list[Any], int]] = [
        (
            f"one session, {RECOGNISER}",
            network_runner(setting.network(RECOGNISER), engine, num_streams=2),
            line_tensors(200),
            10_000,
        ),
        (f"one model, {RECOGNISER}", line_reader(engine), text_lines(pages, 300), 10_000),
        ("one OCR pipeline", reader(engine), pages, 3000),
        (
            "one OCR pipeline as PaddleX batches",
            reader(engine, batching="official"),
            pages,
            1000,
        ),
    ]
    return [
        _hammer(setting, f"{what} ({engine})", call, inputs, calls)
        for what, call, inputs, calls in subjects
    ]


def _hammer(
    setting: Setting, what: str, call: Callable[[Any], Any], inputs: list[Any], calls: int
) -> Row:
    comparison = Comparison(what.replace(" ", "_").replace(",", ""), inputs, setting.kept)
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


def gil_is_free(setting: Setting) -> list[Row]:
    """A Python thread counts while another is inside one native call."""
    from native_calls import long_calls

    found = []
    for what, call in long_calls(setting):
        call()  # what is made once
        alone = _count_during(lambda: time.sleep(0.3))
        seconds, counted = min((_timed_count(call) for _ in range(3)), key=lambda pair: pair[0])
        found.append((what, seconds, counted, alone / 0.3))
    slowest = min(found, key=lambda item: item[2])
    return [
        Row(
            "the GIL during native calls",
            "a Python thread counts while another thread is inside one call; 0 would mean that the "
            "call keeps the GIL",
            {
                "kinds of calls": len(found),
                "with a count of 0": sum(counted == 0 for _, _, counted, _ in found),
                "smallest count": f"{slowest[2]} in {slowest[1] * 1000:.0f} ms ({slowest[0]})",
                "calls": ", ".join(what for what, _, _, _ in found),
            },
        )
    ]


def _timed_count(call: Callable[[], object]) -> tuple[float, int]:
    seconds = [0.0]

    def timed() -> None:
        start = time.perf_counter()
        call()
        seconds[0] = time.perf_counter() - start

    counted = _count_during(timed)
    return seconds[0], counted


def _count_during(call: Callable[[], object]) -> int:
    counts = [0]
    going, over = threading.Event(), threading.Event()

    def count() -> None:
        going.set()
        while not over.is_set():
            counts[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    going.wait()
    before = counts[0]
    call()
    counted = counts[0] - before
    over.set()
    counter.join()
    return counted


def two_threads(setting: Setting) -> list[Row]:
    """Work done by two threads on two cores against one thread on one core, in turns."""
    found = []
    for engine in ENGINES:
        for kind in ("session", "pipeline"):
            rounds = []
            for number in range(1 if setting.quick else 5):
                order = (1, 2) if number % 2 == 0 else (2, 1)
                rates = {threads: _rate(setting, engine, kind, threads) for threads in order}
                rounds.append(rates[2] / rates[1])
            found.append(
                Row(
                    f"two threads, one {kind} ({engine})",
                    "calls a second of 2 threads on 2 cores / 1 thread on 1 core, each in a "
                    "process of its own, in turns",
                    {
                        "ratio (median)": round(statistics.median(rounds), 2),
                        "ratios": ", ".join(f"{ratio:.2f}" for ratio in sorted(rounds)),
                    },
                )
            )
    return found


def _rate(setting: Setting, engine: str, kind: str, threads: int) -> float:
    answer = child(
        "throughput.py",
        engine,
        kind,
        threads,
        setting.network(RECOGNISER),
        *setting.images,
        HPINFER_BATCHES_AT_ONCE="1",
    )
    return float(answer["calls_per_second"])
