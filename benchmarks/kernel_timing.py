"""How the kernel benchmarks time: turn by turn with an alternative, beside what bounds the work."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Work = Callable[[], object]

CACHE_LINE = 64


@dataclass(frozen=True, slots=True)
class Case:
    """Two ways to the same result, and the least that any way must do.

    Attributes:
        name: What is done.
        ours: Our way, once.
        reference: The best alternative's, once; None where there is none to compare with.
        bound: What no way can do without, once; None where operations are the bound.
        bound_name: The bound in words.
        equal: Whether both ways gave the same, checked when the case was made; None if unchecked.
    """

    name: str
    ours: Work
    reference: Work | None
    bound: Work | None
    bound_name: str
    equal: bool | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians in milliseconds of processor time; ratios are medians of the turns' ratios.

    Attributes:
        name: The case.
        ours_ms: Ours.
        reference_ms: The alternative.
        ratio: Above 1, ours is faster.
        bound_ms: The bound, measured in the same turns.
        over_bound: Ours in units of the bound.
        bound_name: The bound in words.
        equal: Whether the results were the same.
    """

    name: str
    ours_ms: float
    reference_ms: float | None
    ratio: float | None
    bound_ms: float | None
    over_bound: float | None
    bound_name: str
    equal: bool | None


def aligned(shape: tuple[int, ...]) -> Array:
    """A float32 array that begins a cache line, as an engine's input does."""
    count = int(np.prod(shape))
    raw = np.zeros(count + CACHE_LINE // 4, np.float32)
    start = -raw.ctypes.data % CACHE_LINE // 4
    return raw[start : start + count].reshape(shape)


def copy_of(count: int, shape: tuple[int, ...]) -> Work:
    """A plain memory copy of ``count`` results of float32 ``shape``, one after another."""
    source, target = aligned(shape), aligned(shape)
    source.fill(1.0)

    def work() -> None:
        for _ in range(count):
            np.copyto(target, source)

    return work


def copy_bytes(count: int) -> Work:
    """A plain memory copy of ``count`` bytes."""
    source, target = np.ones(count, np.uint8), np.zeros(count, np.uint8)
    return lambda: np.copyto(target, source)


def read_of(values: Array) -> Work:
    """One pass over a float32 array: NumPy's greatest value, which its vector code makes."""
    flat = values.reshape(-1)
    return lambda: flat.max()


def milliseconds(work: Work, clock: Callable[[], float]) -> float:
    """Duration of one call."""
    start = clock()
    work()
    return (clock() - start) * 1e3


def measure(case: Case, rounds: int, *, threads: int = 1) -> Timing:
    """Times the ways of a case in turns.

    Args:
        case: What to time.
        rounds: Timed turns; one before them only warms up.
        threads: Of both sides. One thread is timed by its processor time, which a busy machine
            disturbs less; more are timed by the wall clock.

    Returns:
        Medians.
    """
    clock = time.thread_time if threads == 1 else time.perf_counter
    works = [case.ours, case.reference, case.bound]
    turns = [
        [0.0 if work is None else milliseconds(work, clock) for work in works]
        for _ in range(rounds + 1)
    ][1:]
    ours, reference, bound = ([turn[i] for turn in turns] for i in range(3))

    def median(values: list[float], work: Work | None) -> float | None:
        return None if work is None else round(statistics.median(values), 4)

    def ratio(above: list[float], below: list[float], work: Work | None) -> float | None:
        if work is None:
            return None
        pairs = zip(above, below, strict=True)
        return round(statistics.median(a / max(b, 1e-9) for a, b in pairs), 2)

    return Timing(
        case.name,
        round(statistics.median(ours), 4),
        median(reference, case.reference),
        ratio(reference, ours, case.reference),
        median(bound, case.bound),
        ratio(ours, bound, case.bound),
        case.bound_name,
        case.equal,
    )


def markdown(timings: list[Timing]) -> str:
    """The table of the documentation."""

    def cell(value: float | None) -> str:
        return "" if value is None else f"{value:g}"

    rows = [
        "| step | alternative ms | hpinfer ms | ratio | bound | bound ms | of bound | same |",
        "|---|---:|---:|---:|---|---:|---:|---|",
    ]
    rows += [
        f"| {t.name} | {cell(t.reference_ms)} | {t.ours_ms:g} | {cell(t.ratio)} | {t.bound_name} "
        f"| {cell(t.bound_ms)} | {cell(t.over_bound)} "
        f"| {'' if t.equal is None else 'yes' if t.equal else 'no'} |"
        for t in timings
    ]
    return "\n".join(rows)
