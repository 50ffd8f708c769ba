"""What a text line costs by its width and by how many lines share an inference.

    python benchmarks/recognition_runs.py openvino:fp32 openvino:bf16 onnxruntime:fp32

Every stream runs its own inferences at once, as text recognition does; the least of the rounds
counts. A cell is wall milliseconds for 100 columns, with the processor's in parentheses, which
other work on the machine disturbs less. The run sizes of csrc/models/text_recognizer.h come from
here.
"""

from __future__ import annotations

import argparse
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from hpinfer import _native
from hpinfer.config.inheritance import Given, resolve_model
from hpinfer.models import load_model, locate_model

if TYPE_CHECKING:
    from hpinfer.session import Session

_WIDTHS = (96, 160, 224, 320, 480, 640, 960, 1600)
_LINES = (1, 2, 3, 4, 6, 8, 12)
_MOST_COLUMNS = 6000
_COLUMNS_A_ROUND = 3000


def main() -> None:
    """Measures and prints a table for each engine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("engines", nargs="+", metavar="ENGINE:PRECISION")
    parser.add_argument("--model", default="PP-OCRv4_mobile_rec")
    parser.add_argument("--streams", type=int, default=int(_native.thread_info()["threads"]))
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    for label in arguments.engines:
        session = load(arguments.model, label, arguments.streams)
        shapes = [(w, n) for w in _WIDTHS for n in _LINES if w * n <= _MOST_COLUMNS]
        best = {shape: run(session, *shape, arguments.streams) for shape in shapes}
        for _ in range(arguments.rounds):
            for shape in shapes:
                again = run(session, *shape, arguments.streams)
                best[shape] = (min(best[shape][0], again[0]), min(best[shape][1], again[1]))
        print(f"\n{arguments.model}, {label}, {arguments.streams} streams\n\n{table(best)}")


def load(model: str, label: str, streams: int) -> Session:
    """The model's session; `label` is ENGINE:PRECISION."""
    engine, precision = label.split(":")
    settings = resolve_model(Given(engine=engine, precision=precision))  # type: ignore[arg-type]
    located = locate_model(model, model_dir=None, settings=settings)
    return load_model(located, settings, num_streams=streams).session


def run(session: Session, width: int, lines: int, streams: int) -> tuple[float, float]:
    """Wall and processor seconds for one column."""
    repeats = max(1, _COLUMNS_A_ROUND // (width * lines))
    picture = np.random.default_rng(0).random((lines, 3, 48, width), dtype=np.float32)

    def work() -> None:
        for _ in range(repeats):
            session.run([picture])

    threads = [threading.Thread(target=work) for _ in range(streams)]
    wall, processor = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    columns = repeats * width * lines * streams
    return (time.perf_counter() - wall) / columns, (time.process_time() - processor) / columns


def table(best: dict[tuple[int, int], tuple[float, float]]) -> str:
    """Markdown: a row a width, a column a number of lines."""
    rows = [
        f"| width | {' | '.join(f'{n} lines' for n in _LINES)} |",
        f"|---:|{'---:|' * len(_LINES)}",
    ]
    for width in _WIDTHS:
        cells = [
            f"{best[width, n][0] * 1e5:.2f} ({best[width, n][1] * 1e5:.2f})"
            if (width, n) in best
            else ""
            for n in _LINES
        ]
        rows.append(f"| {width} | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
