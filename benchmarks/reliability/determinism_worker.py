"""One process under given circumstances; run by `determinism.py`.

``determinism_worker.py pages ENGINE IMAGE…``, ``… batches ENGINE NETWORK PRECISION`` or
``… one_by_one ENGINE NETWORK``.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from answers import fingerprint, page_answer
from subjects import network_runner, small_pages

if TYPE_CHECKING:
    import numpy.typing as npt


def main() -> int:
    """Prints one line of JSON."""
    task, *arguments = sys.argv[1:]
    print(json.dumps(TASKS[task](*arguments)))
    return 0


def pages(engine: str, *images: str) -> dict[str, Any]:
    """All that the pipeline says of each picture, read as a stream."""
    import hpinfer

    pipeline = hpinfer.create_pipeline("OCR", engine=engine)
    given = small_pages([Path(image) for image in images], side=1200)
    return {
        "pages": [
            {
                "print": fingerprint(page_answer(result)),
                "texts": list(result["rec_texts"]),
                "scores": [float(score) for score in result["rec_scores"]],
                "polygons": fingerprint([np.asarray(polygon) for polygon in result["dt_polys"]]),
            }
            for result in pipeline.predict(given)
        ]
    }


def batches(engine: str, network: str, precision: str) -> dict[str, Any]:
    """How far the output of one line is moved by the lines beside it, by width."""
    run = network_runner(Path(network), engine, precision=precision)
    random = np.random.default_rng(31)
    widths = (32, 96, 160, 320, 640, 1000)
    by_count = dict.fromkeys((2, 3, 4, 8), 0.0)
    moved: set[int] = set()
    several, mates, place, again = 0.0, 0.0, 0.0, 0.0
    for width in widths:
        lines = random.standard_normal((8, 3, 48, width), np.float32)
        alone = run(lines[:1])[0]
        again = max(again, _gap(alone, run(lines[:1])[0]))
        pair = run(lines[:2])[0][:1]
        for count in by_count:
            together = run(lines[:count])[0]
            gap = _gap(alone, together[:1])
            by_count[count] = max(by_count[count], gap)
            several = max(several, _gap(pair, together[:1]))
            if gap:
                moved.add(width)
            swapped = run(np.concatenate([lines[:1], lines[::-1][: count - 1]]))[0]
            mates = max(mates, _gap(together[:1], swapped[:1]))
            last = run(np.concatenate([lines[1:count], lines[:1]]))[0]
            place = max(place, _gap(together[:1], last[-1:]))
    figures: dict[str, float | str] = {
        "widths": ", ".join(map(str, widths)),
        **{f"gap of 1 and {count} lines": gap for count, gap in by_count.items()},
        "at widths": ", ".join(map(str, sorted(moved))) or "none",
        "gap of 2 and more lines": several,
        "gap by other mates": mates,
        "gap by place": place,
        "gap by repetition": again,
    }
    return {"figures": figures}


def _gap(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Largest difference; 0 only for equal bytes."""
    if one.tobytes() == other.tobytes():
        return 0.0
    return float(max(np.abs(one.astype(np.float64) - other).max(), np.finfo(np.float64).tiny))


def one_by_one(engine: str, network: str) -> dict[str, Any]:
    """Seconds of four lines one by one over four lines in one run."""
    run = network_runner(Path(network), engine, num_threads=1)
    ratios = {}
    for width in (64, 96, 160, 320, 640):
        lines = np.random.default_rng(37).standard_normal((4, 3, 48, width), np.float32)
        singles = [np.ascontiguousarray(lines[i : i + 1]) for i in range(4)]
        run(lines), run(singles[0])
        found = []
        for _ in range(15):
            start = time.perf_counter()
            for single in singles:
                run(single)
            middle = time.perf_counter()
            run(lines)
            found.append((middle - start) / (time.perf_counter() - middle))
        ratios[f"width {width}"] = statistics.median(found)
    return {"ratios": ratios}


TASKS = {"pages": pages, "batches": batches, "one_by_one": one_by_one}


if __name__ == "__main__":
    sys.exit(main())
