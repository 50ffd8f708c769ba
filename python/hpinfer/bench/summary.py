"""Figures from samples: percentiles, throughput, stages, memory."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PERCENTILES = (50, 90, 99)


def percentile(samples: Sequence[float], rank: float) -> float:
    """The smallest sample that at least `rank` percent of them do not exceed.

    Args:
        samples: At least one.
        rank: 0 to 100.
    """
    ordered = sorted(samples)
    return ordered[max(math.ceil(rank / 100 * len(ordered)), 1) - 1]


def summarise(
    rounds: Sequence[Mapping[str, Any]], loaded: Mapping[str, Any], *, threads: int
) -> dict[str, Any]:
    """The figures of one case; of a case without measured rounds only what loading took.

    Args:
        rounds: What the worker answered, ``calls`` and ``stream`` of each round.
        loaded: What the worker said when it was ready.
        threads: Processors that it could keep busy.
    """
    summary: dict[str, Any] = {
        "load_seconds": loaded["load_seconds"],
        "loaded_mb": round(loaded["peak_mb"], 1),
    }
    if not rounds:
        return summary
    samples = [sample for item in rounds for sample in item["calls"]["samples"]]
    seconds = [sample["seconds"] for sample in samples]
    streams = [item["stream"] for item in rounds]
    single = [sum(s["seconds"] for s in item["calls"]["samples"]) for item in rounds]
    throughput = [stream["images"] / stream["seconds"] for stream in streams]
    return {
        **summary,
        "calls": len(samples),
        "latency_ms": {
            **{f"p{rank}": percentile(seconds, rank) * 1e3 for rank in PERCENTILES},
            "mean": statistics.fmean(seconds) * 1e3,
            "max": max(seconds) * 1e3,
        },
        "images_per_second": statistics.median(throughput),
        "gain_of_one_call": statistics.median(
            calls / stream["seconds"] for calls, stream in zip(single, streams, strict=True)
        ),
        "busy": statistics.median(s["cpu_seconds"] / s["seconds"] / threads for s in streams),
        "stages_ms": stage_means(samples),
        "peak_mb": round(max(stream["peak_mb"] for stream in streams), 1),
        "by_round": {
            "p50_ms": [
                percentile([s["seconds"] for s in item["calls"]["samples"]], 50) * 1e3
                for item in rounds
            ],
            "images_per_second": throughput,
        },
    }


def stage_means(samples: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean milliseconds an image of each stage, in the order in which they happen."""
    images = sum(sample["images"] for sample in samples)
    names = dict.fromkeys(name for sample in samples for name in sample["stages"])
    return {
        name: sum(sample["stages"].get(name, 0.0) for sample in samples) / max(images, 1) * 1e3
        for name in names
    }
