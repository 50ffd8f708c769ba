"""Determinism: the same input gives the same bytes, whatever else is different."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from rows import ENGINES, Row, Setting, child, network
from subjects import RECOGNISER

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMISE = "Determinism"
#: Of what glibc fills memory with: freed memory with this byte, fresh memory with its complement.
#: Freed memory of NaN, fresh memory of floats of 3e38, and two more patterns.
HEAP_FILLS = ("255", "128", "1", "90")


def rows(setting: Setting) -> Iterator[Row]:
    """Everything about equal bytes."""
    for engine in ENGINES:
        yield from _batches(setting, engine)
        yield from _processes(setting, engine)


def _pages(setting: Setting, engine: str, **variables: str) -> dict[str, Any]:
    images = setting.images[:6] if setting.quick else setting.images
    answer: dict[str, Any] = child("determinism_worker.py", "pages", engine, *images, **variables)
    return answer


def _processes(setting: Setting, engine: str) -> Iterator[Row]:
    """Whole pages in processes of different circumstances."""
    from hpinfer import _native

    wanted = _pages(setting, engine)
    circumstances: dict[str, list[dict[str, str]]] = {
        "another process": [{}],
        "one thread": [{"HPINFER_NUM_THREADS": "1"}],
        "four threads": [{"HPINFER_NUM_THREADS": "4"}],
        "one batch at a time": [{"HPINFER_BATCHES_AT_ONCE": "1"}],
        "kernels of every instruction set": [
            {"HPINFER_FORCE_ISA": isa} for isa in _native.cpu_info()["isas"]
        ],
        "fresh and freed memory filled": [{"MALLOC_PERTURB_": fill} for fill in HEAP_FILLS],
    }
    for what, settings in circumstances.items():
        answers = [_pages(setting, engine, **variables) for variables in settings]
        yield Row(
            f"pages: {what} ({engine})",
            "; ".join(_words(variables) for variables in settings) or "the same settings",
            _compared(wanted, answers),
        )


def _words(variables: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in variables.items()) or "the same settings"


def _compared(wanted: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, float | str]:
    pages = [
        pair for answer in answers for pair in zip(wanted["pages"], answer["pages"], strict=True)
    ]
    gaps = [
        abs(ours - theirs)
        for one, other in pages
        if one["texts"] == other["texts"]
        for ours, theirs in zip(one["scores"], other["scores"], strict=True)
    ]
    return {
        "pages compared": len(pages),
        "other bytes": sum(one["print"] != other["print"] for one, other in pages),
        "other texts": sum(one["texts"] != other["texts"] for one, other in pages),
        "other polygons": sum(one["polygons"] != other["polygons"] for one, other in pages),
        "largest score gap": max(gaps, default=0.0),
    }


def _batches(setting: Setting, engine: str) -> Iterator[Row]:
    """Bare inferences: what a line's numbers owe to the lines beside it."""
    for precision in ("fp32", "bf16") if engine == "openvino" else ("fp32",):
        answer = child("determinism_worker.py", "batches", engine, network(RECOGNISER), precision)
        yield Row(
            f"a line alone and among others, {RECOGNISER} ({engine}, {precision})",
            "the line's output in runs of 1, 2, 3, 4 and 8 lines; other lines beside it; another "
            "place in the run; the same run again",
            answer["figures"],
        )
    ratios = [
        child("determinism_worker.py", "one_by_one", engine, network(RECOGNISER))["ratios"]
        for _ in range(1 if setting.quick else 3)
    ]
    yield Row(
        f"price of one line a run ({engine})",
        "seconds of four runs of one line / one run of four lines, by width, in turns",
        {
            width: round(statistics.median(ratio[width] for ratio in ratios), 2)
            for width in ratios[0]
        },
    )
