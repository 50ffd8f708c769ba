"""CPU: idle when nothing is asked, threads from the real budget, sessions that do not fight."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rows import ENGINES, Row, Setting, child, network
from subjects import DETECTOR, RECOGNISER

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMISE = "CPU"


def rows(setting: Setting) -> Iterator[Row]:
    """Everything about the processor."""
    for part in (_idle, _threads, _many_sessions):
        yield from part(setting)


def _idle(setting: Setting) -> Iterator[Row]:
    subjects = [f"hpinfer {engine}" for engine in ENGINES] + ["plain onnxruntime"]
    for subject in [*subjects, "plain openvino"]:
        answer = child("processor_worker.py", "idle", subject, network(DETECTOR), 5)
        yield Row(
            f"idle after a call: {subject}",
            "processor time over 5 s of sleep, right after 20 inferences",
            {"% of one processor": round(100 * float(answer["share"]), 2)},
        )


def _threads(setting: Setting) -> Iterator[Row]:
    for engine in ENGINES:
        for processors in (1, 2):
            answer = child(
                "processor_worker.py",
                "threads",
                f"hpinfer {engine}",
                network(DETECTOR),
                processors,
            )
            yield Row(
                f"threads on {processors} processors of the affinity mask: hpinfer {engine}",
                "the budget, what the session was given, and the most threads of the process that "
                "ran at the same moment during inference, sampled",
                dict(answer),
            )
    for quota in ("50000 100000", "100000 100000", "150000 100000"):
        answer = child("processor_worker.py", "cgroup", quota)
        yield Row(
            f"threads under a cgroup quota of {quota}",
            "a mount namespace with that cpu.max in place of the machine's; needs root",
            dict(answer),
        )


def _many_sessions(setting: Setting) -> Iterator[Row]:
    for engine in ENGINES:
        ratios = []
        for _ in range(1 if setting.quick else 5):
            answer = child(
                "processor_worker.py",
                "sessions",
                f"hpinfer {engine}",
                network(RECOGNISER),
            )
            ratios.append(float(answer["ratio"]))
        yield Row(
            f"4 sessions in 4 threads: hpinfer {engine}",
            "seconds for the same inferences one session after the other / all at once, every "
            "session with the default threads; 1 or more is not slower",
            {
                "ratio (median)": round(statistics.median(ratios), 2),
                "ratios": ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios)),
            },
        )
