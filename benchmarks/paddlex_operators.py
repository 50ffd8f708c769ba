"""PaddleX's text operators beside hpinfer's in their place: processor time for each page.

    python benchmarks/paddlex_operators.py IMAGE… --models MODELS [--rounds 5] [--json FILE]

Runs in an environment with PaddleX, hpinfer and its `ultra_infer`; MODELS is a folder of
tests/parity/paddlex/make_model_dirs.py. Pipeline and networks are the same both times; only the
time inside the operators that `hpinfer.paddlex.accelerate()` replaces is counted, as processor time
of the process (the kernels may use several threads), so that other work matters less.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hpinfer.paddlex.acceleration import Replacement

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "parity" / "paddlex"))

STAGES = {
    "resize": "detection input",
    "NormalizeImage.__call__": "detection input",
    "text_detection ToBatch.__call__": "detection input",
    "DBPostProcess.process": "boxes",
    "get_minarea_rect_crop": "crops",
    "OCRReisizeNormImg.__call__": "recognition input",
    "text_recognition ToBatch.__call__": "recognition input",
    "CTCLabelDecode.__call__": "texts",
}


class Meter:
    """Milliseconds by stage, added up while a page is read."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def timed(self, stage: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, its processor time added to a stage."""

        @functools.wraps(method)
        def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - PaddleX's own
            start = time.process_time()
            try:
                return method(*args, **kwargs)
            finally:
                spent = (time.process_time() - start) * 1000
                self.spent[stage] = self.spent.get(stage, 0.0) + spent

        return run


def stage_of(item: Replacement) -> str:
    """The row of the table that an operator belongs to."""
    return next(stage for end, stage in STAGES.items() if item.label.endswith(end))


def watched(meter: Meter) -> Iterator[Callable[[], None]]:
    """Wraps the operators as they are now; yields what unwraps each."""
    from hpinfer.paddlex.acceleration import replacements

    for item in replacements():
        owner = getattr(importlib.import_module(item.module), item.owner)
        method = owner.__dict__[item.method]
        setattr(owner, item.method, meter.timed(stage_of(item), method))
        yield functools.partial(setattr, owner, item.method, method)


class Pipeline(Protocol):
    """PaddleX's pipeline, as far as it is used here."""

    def predict(self, page: str, /) -> Iterable[object]:
        """Results, lazily."""


def read(pipeline: Pipeline, image: Path) -> dict[str, float]:
    """Milliseconds by stage for one page."""
    meter = Meter()
    undo = list(watched(meter))
    try:
        list(pipeline.predict(str(image)))
    finally:
        for unwrap in undo:
            unwrap()
    return meter.spent


def measure(pipeline: Pipeline, images: list[Path], rounds: int) -> dict[str, dict[str, float]]:
    """Medians over the rounds, summed over the pages, by stage; both ways page by page."""
    import hpinfer.paddlex

    samples: dict[tuple[str, str, str], list[float]] = {}
    for number in range(rounds + 1):
        for image in images:
            plain = read(pipeline, image)
            with hpinfer.paddlex.accelerate():
                fast = read(pipeline, image)
            for way, spent in (("PaddleX", plain), ("hpinfer", fast)):
                for stage, milliseconds in spent.items():
                    if number:  # the first round warms up
                        samples.setdefault((stage, way, image.name), []).append(milliseconds)
    table: dict[str, dict[str, float]] = {}
    for (stage, way, _), values in samples.items():
        row = table.setdefault(stage, {})
        row[way] = row.get(way, 0.0) + statistics.median(values)
    return table


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    from oracle import create_with_plugin

    pipeline = create_with_plugin(options.models, "v4", "openvino")
    table = measure(pipeline, options.images, options.rounds)
    print("| operators | PaddleX ms | hpinfer ms | ratio |\n|---|---|---|---|")
    for stage, row in table.items():
        ratio = row["PaddleX"] / max(row["hpinfer"], 1e-9)
        print(f"| {stage} | {row['PaddleX']:.1f} | {row['hpinfer']:.1f} | {ratio:.1f} |")
    if options.json:
        options.json.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
