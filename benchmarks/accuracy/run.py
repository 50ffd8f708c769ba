r"""How often text recognition is wrong, by padding rule, engine and precision, and what it costs.

    python benchmarks/accuracy/run.py --work WORK --images IMAGES
    python benchmarks/accuracy/run.py --work WORK --images IMAGES --timed \\
        --variants openvino:fp32:compact openvino:bf16:compact

Every variant reads the same pictures of lines: lines rendered by the benchmark in several fonts,
sizes, languages, lengths and degradations; with --images also the lines of a folder of pages, whose
right texts are known where there is a gt/ file beside them (pages.py). Error rates are edits per
character of the right text. The first variant is the one that the others are compared with.

A variant is ENGINE:PRECISION:RULE. A rule is `official`, `compact` (hpinfer's default), or the
numbers FLOOR-MARGIN-UNTIL-STEP of another one. ENGINE:PRECISION:RULE:DIRECTORY reads with the
network of a model directory, e.g. one that quantize.py made.

With --timed the variants read in turn, page by page, and their times are told. Without it, a line
that two rules give the same width is read once for both, because its result follows from its width.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fonts import fetch
from pages import page_lines
from rendering import render_lines
from report import differences, table
from scoring import Score, score

import hpinfer
from hpinfer import _native
from hpinfer.hpi.machine import this_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from rendering import Line

    Picture = npt.NDArray[np.uint8]

_DEFAULT_VARIANTS = (
    "openvino:fp32:official",
    "openvino:fp32:compact",
    "onnxruntime:fp32:official",
    "onnxruntime:fp32:compact",
)
_LINES_OF_A_PAGE = 40  # of rendered ones: official results depend on what stands on a page
_BATCH_SIZE = 6
_PROGRESS = 10  # pages after which the table so far is printed


@dataclass(slots=True)
class Page:
    """Lines that are read in one call.

    Attributes:
        images: Their pictures.
        lines: What they say, None where it is not known.
        kind: ``"rendered"`` or ``"pages"``.
        name: For the list of differences.
    """

    images: list[Picture]
    lines: list[Line | None]
    kind: str
    name: str


@dataclass(slots=True)
class Variant:
    """One way of reading.

    Attributes:
        label: As it was asked for.
        recognizer: With its engine; shared by the variants that have the same.
        rule: Columns of each line; None for the official ones.
        seconds: Wall and processor time.
        columns: Columns of all inputs.
        texts: What was read, page by page.
    """

    label: str
    recognizer: _native.TextRecognizer
    rule: _native.LineColumns | None
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])
    columns: int = 0
    texts: list[list[str]] = field(default_factory=list)

    def read(self, images: Sequence[Picture]) -> list[str]:
        """What the lines of a page say."""
        options = _native.RecognitionOptions(_BATCH_SIZE, True, self.rule)
        return [line.text for line in self.recognizer.recognize(images, options)]


def main() -> None:
    """Measures and prints a table for each model."""
    arguments = _arguments()
    fonts = fetch(_made(arguments.work))
    pages = rendered_pages(render_lines(arguments.lines, fonts))
    if arguments.images is not None:
        pages += real_pages(arguments.images, only_known=arguments.only_known)
    report: dict[str, Any] = {"machine": _machine(), "models": {}}
    for model in arguments.models:
        variants = [load(model, label) for label in arguments.variants]
        for number, page in enumerate(pages, start=1):
            if arguments.timed:
                read_timed(variants, page, turn=number % len(variants))
            else:
                read_once(variants, page)
            if number % _PROGRESS == 0 or number == len(pages):
                rows = [row(variant, variants[0], pages[:number]) for variant in variants]
                print(f"\n{model}, {number} of {len(pages)} pages\n\n{table(rows)}", flush=True)
        report["models"][model] = {
            "rows": rows,
            "differences": [
                line
                for variant in variants[1:]
                for line in differences(variant.label, variant.texts, variants[0].texts, pages)
            ],
        }
        print("\n".join(report["models"][model]["differences"][: arguments.show]))
    if arguments.json is not None:
        partial = arguments.json.with_suffix(".part")
        text = json.dumps(report, indent=1, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--variants", nargs="+", default=_DEFAULT_VARIANTS, metavar="VARIANT")
    parser.add_argument("--work", type=Path, required=True, help="folder for the fetched fonts")
    parser.add_argument("--images", type=Path, help="folder of pages, with gt/ where known")
    parser.add_argument("--only-known", action="store_true", help="only lines with known text")
    parser.add_argument(
        "--models", nargs="+", default=["PP-OCRv4_mobile_rec", "PP-OCRv6_small_rec"]
    )
    parser.add_argument("--lines", type=int, default=1600, help="rendered lines")
    parser.add_argument("--timed", action="store_true", help="read every line with every variant")
    parser.add_argument("--show", type=int, default=40, help="differing lines to print")
    parser.add_argument("--json", type=Path, help="keep figures and all differing lines there")
    return parser.parse_args()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def rendered_pages(lines: Sequence[Line]) -> list[Page]:
    """Rendered lines in pages."""
    return [
        Page([line.image for line in part], list(part), "rendered", "rendered")
        for begin in range(0, len(lines), _LINES_OF_A_PAGE)
        for part in (lines[begin : begin + _LINES_OF_A_PAGE],)
    ]


def real_pages(folder: Path, *, only_known: bool) -> list[Page]:
    """The lines of a folder's pictures, as the OCR pipeline finds them."""
    pipeline = hpinfer.create_pipeline("OCR")
    pages = [
        Page(list(page.images), list(page.references), "pages", page.name)
        for page in page_lines(folder, pipeline)
        if page.images
    ]
    return [page for page in pages if any(page.lines) or not only_known]


def load(model: str, label: str) -> Variant:
    """A variant by its label."""
    engine, precision, name, *directory = label.split(":", 3)
    rule = None
    if name == "compact":
        rule = _native.LineColumns()
    elif name != "official":
        floor, margin, until, step = (int(part) for part in name.split("-"))
        rule = _native.LineColumns(floor, margin, until, step)
    recognizer = _recognizer(model, engine, precision, directory[0] if directory else None)
    return Variant(label, recognizer, rule)


@cache
def _recognizer(
    model: str, engine: str, precision: str, directory: str | None
) -> _native.TextRecognizer:
    streams = int(_native.thread_info()["threads"])
    loaded: Any = hpinfer.create_model(
        model, directory, engine=engine, precision=precision, num_streams=streams
    )
    native: _native.TextRecognizer = loaded.native
    return native


def read_timed(variants: Sequence[Variant], page: Page, *, turn: int) -> None:
    """Reads a page with every variant, beginning with number `turn`."""
    for variant in (*variants[turn:], *variants[:turn]):
        wall, processor = time.perf_counter(), time.process_time()
        variant.texts.append(variant.read(page.images))
        variant.seconds[0] += time.perf_counter() - wall
        variant.seconds[1] += time.process_time() - processor
        variant.columns += sum(input_columns(page.images, variant.rule))


def read_once(variants: Sequence[Variant], page: Page) -> None:
    """Reads a page with every variant, no line twice with the same width."""
    known: dict[tuple[int, int, int], str] = {}
    for variant in variants:
        columns = input_columns(page.images, variant.rule)
        variant.columns += sum(columns)
        if variant.rule is None:
            variant.texts.append(variant.read(page.images))
            continue
        keys = [(id(variant.recognizer), line, width) for line, width in enumerate(columns)]
        missing = [key for key in keys if key not in known]
        texts = variant.read([page.images[line] for _, line, _ in missing])
        known.update(zip(missing, texts, strict=True))
        variant.texts.append([known[key] for key in keys])


def input_columns(images: Sequence[Picture], rule: _native.LineColumns | None) -> list[int]:
    """Columns of the inputs that lines are read from; for official ones in no order."""
    ratios = [image.shape[1] / image.shape[0] for image in images]
    if rule is not None:
        return [rule.tensor_columns(min(math.ceil(48 * ratio), 3200)) for ratio in ratios]
    widths = [min(int(48 * max(320 / 48, ratio)), 3200) for ratio in sorted(ratios)]
    batches = [widths[i : i + _BATCH_SIZE] for i in range(0, len(widths), _BATCH_SIZE)]
    return [max(batch) for batch in batches for _ in batch]


def row(variant: Variant, first: Variant, pages: Sequence[Page]) -> dict[str, Any]:
    """A variant's figures."""
    scores = {kind: _score(variant, pages, kind) for kind in ("rendered", "pages")}
    same = {kind: _same(variant, first, pages, kind) for kind in ("rendered", "pages")}
    return {
        "variant": variant.label,
        "columns": variant.columns,
        "columns_ratio": variant.columns / first.columns,
        "wall_s": variant.seconds[0],
        "cpu_s": variant.seconds[1],
        "cpu_ratio": variant.seconds[1] / first.seconds[1] if first.seconds[1] else None,
        "same_percent": same,
        "error_rates": {
            kind: {
                "/".join(bucket): {
                    "percent": round(count.rate, 3),
                    "errors": count.errors,
                    "characters": count.characters,
                    "wrong_lines": count.wrong_lines,
                    "lines": count.lines,
                }
                for bucket, count in found.buckets.items()
            }
            for kind, found in scores.items()
        },
    }


def _score(variant: Variant, pages: Sequence[Page], kind: str) -> Score:
    known = [
        (line, text)
        for page, texts in zip(pages, variant.texts, strict=True)
        if page.kind == kind
        for line, text in zip(page.lines, texts, strict=True)
        if line is not None
    ]
    return score([line for line, _ in known], [text for _, text in known])


def _same(variant: Variant, first: Variant, pages: Sequence[Page], kind: str) -> float | None:
    equal = [
        text == other
        for page, texts, others in zip(pages, variant.texts, first.texts, strict=True)
        if page.kind == kind
        for text, other in zip(texts, others, strict=True)
    ]
    return 100.0 * sum(equal) / len(equal) if equal else None


def _machine() -> dict[str, Any]:
    here = this_machine()
    return {"cpu": here.cpu, "threads": here.threads, "date": time.strftime("%Y-%m-%d")}


if __name__ == "__main__":
    main()
