"""What hpinfer holds in this process, live, and how to make it give memory back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EngineStats:
    """The sessions of one engine.

    Attributes:
        sessions: That are alive.
        running: Inferences in progress.
        done: Inferences that succeeded since the process began, of dead sessions too.
        failed: Inferences that raised an error.
        requests: The engine's per-run objects, where hpinfer pools them (OpenVINO, TensorRT).
        idle_requests: Of these, kept for the next run.
        leases: Of these, kept by results that are still being read.
    """

    sessions: int
    running: int
    done: int
    failed: int
    requests: int
    idle_requests: int
    leases: int


@dataclass(frozen=True, slots=True)
class BufferStats:
    """Buffers that networks' inputs are prepared in.

    Attributes:
        pools: Of models that are alive, one each.
        idle: Buffers kept for the next call.
        idle_bytes: Bytes of these.
        taken: Buffers in use.
        taken_bytes: Bytes of these.
    """

    pools: int
    idle: int
    idle_bytes: int
    taken: int
    taken_bytes: int


@dataclass(frozen=True, slots=True)
class ThreadStats:
    """The thread budget and hpinfer's own workers; engines have threads besides.

    Attributes:
        budget: Processors that the process may keep busy.
        pool: Threads of the pool, its callers' place included; 0 before its first use.
        busy: Threads at work in it now: callers and workers.
    """

    budget: int
    pool: int
    busy: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The process at one moment. Parts are read one after the other while others go on working.

    Attributes:
        engines: By name, those that have had a session.
        buffers: Of all models.
        threads: Of hpinfer.
        resident_bytes: Memory of the whole process that is resident; None where unknown.
        peak_bytes: The most that was resident so far; None where unknown.
    """

    engines: dict[str, EngineStats]
    buffers: BufferStats
    threads: ThreadStats
    resident_bytes: int | None
    peak_bytes: int | None

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        return asdict(self)


def stats() -> Stats:
    """Live counters of this process. Takes microseconds; any thread may call it at any time."""
    from hpinfer import _native

    raw = _native.process_stats()
    return Stats(
        engines={name: EngineStats(**counts) for name, counts in raw["engines"].items()},
        buffers=BufferStats(**raw["buffers"]),
        threads=ThreadStats(**raw["threads"]),
        resident_bytes=raw.get("resident_bytes"),
        peak_bytes=raw.get("peak_bytes"),
    )


def trim() -> None:
    """Gives memory back to the system: idle buffers, engines' idle requests, arenas and caches.

    Reaches every session of the process, those inside models and pipelines too; `Session.trim` is
    for one alone. Safe while other threads predict: what they use stays. The next calls allocate
    anew, so it is for quiet times, not for every request.

    ONNX Runtime gives its arena back at the end of a run only: each of its sessions is run once, on
    zeros of the smallest shapes that it has seen (`Stats` does not count that). A model with
    whole-number inputs gives back with its next run instead.

    Raises:
        EngineError: An engine failed at it; the others have given back all the same.
    """
    from hpinfer import _native

    _native.trim_process()
