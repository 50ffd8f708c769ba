"""Runs OCR on a folder under several engine settings and compares what is read, line by line.

    python tests/parity/hpi/compare.py FOLDER --limit 10
    python tests/parity/hpi/compare.py FOLDER --settings plain hpip openvino --show

The first setting is the reference. Lines are paired by the overlap of their boxes. Every setting at
full precision must read the same; what bf16 reads differently is counted and printed, and does not
fail. Exit status: 0 when all full-precision settings that ran agree, 1 when one does not or fails
on an image that the reference reads, 2 when the reference does not run or there are no images.
A setting that cannot be had here (engine not installed) is named with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import hpinfer
from hpinfer.errors import EngineUnavailableError, HpinferError, UnsupportedError

sys.path.append(str(Path(__file__).resolve().parent.parent / "paddlex"))
from polygons import match_boxes

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"use_hpip": False},
    "hpip": {"use_hpip": True},
    "onnxruntime": {"engine": "onnxruntime"},
    "openvino": {"engine": "openvino"},
    "paddle": {"engine": "paddle"},
    "bf16": {"precision": "bf16"},
}
#: May read some lines differently.
REDUCED = frozenset({"bf16"})
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
#: Status of an agreement; of a difference; of no comparison at all.
AGREE, DIFFER, NOTHING = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Page:
    """What was read on one picture; `error` is set when nothing could be."""

    texts: list[str]
    scores: list[float]
    polygons: list[np.ndarray]
    error: str = ""


@dataclass(slots=True)
class Comparison:
    """How one setting compares with the reference.

    Attributes:
        equal: Lines with the same text.
        different: Image, the reference's text and this setting's, of paired lines.
        unpaired: Image and text of lines that the other setting does not have, and whose line it
            is ("reference" or "setting").
        failed: Image and reason, where only one of the two read it.
        score_gap: Largest distance of two scores of equal lines.
        pixels: Largest distance of two corners of paired lines.
    """

    equal: int = 0
    different: list[tuple[str, str, str]] = field(default_factory=list)
    unpaired: list[tuple[str, str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    score_gap: float = 0.0
    pixels: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether every line of every picture is the same."""
        return not (self.different or self.unpaired or self.failed)


def main() -> int:
    """Runs, compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, help="take evenly spread images, so many")
    parser.add_argument("--pipeline", default="OCR", help="name or PaddleX YAML of an OCR pipeline")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--show", action="store_true", help="print every line that differs")
    parser.add_argument("--json", type=Path, help="keep the comparisons there")
    arguments = parser.parse_args()
    images = choose_images(arguments.folder, arguments.limit)
    if not images:
        print(f"{arguments.folder} has no images")
        return NOTHING
    print(f"{len(images)} images")
    pages: dict[str, dict[str, Page]] = {}
    for name in arguments.settings:
        found = run(name, arguments.pipeline, images)
        if found is not None:
            pages[name] = found
    reference = arguments.settings[0]
    if reference not in pages:
        return NOTHING
    compared = {
        name: compare(pages[reference], found) for name, found in pages.items() if name != reference
    }
    for name, comparison in compared.items():
        report(name, reference, comparison, show=arguments.show or name in REDUCED)
    if arguments.json is not None:
        write_json(arguments.json, {name: asdict(item) for name, item in compared.items()})
    wrong = [name for name, item in compared.items() if not item.agrees and name not in REDUCED]
    return DIFFER if wrong else AGREE


def choose_images(folder: Path, limit: int | None) -> list[Path]:
    """Images of a folder by name; with a limit, evenly spread over them."""
    images = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if limit is None or limit >= len(images):
        return images
    return [images[index * len(images) // limit] for index in range(limit)]


def run(name: str, pipeline_name: str, images: list[Path]) -> dict[str, Page] | None:
    """Reads the images under one setting; None if it cannot be had here."""
    try:
        pipeline = hpinfer.create_pipeline(pipeline_name, **SETTINGS[name])
    except (EngineUnavailableError, UnsupportedError) as error:
        print(f"{name:12} not to be had: {error}")
        return None
    start = time.perf_counter()
    found = {path.name: read(pipeline, path) for path in images}
    seconds = time.perf_counter() - start
    lines = sum(len(page.texts) for page in found.values())
    how = "; ".join(f"{model}: {item.chosen.label}" for model, item in pipeline.engines.items())
    print(f"{name:12} {lines} lines in {seconds:.1f} s with {how}", flush=True)
    return found


def read(pipeline: Any, path: Path) -> Page:
    """One picture; failures are part of what is compared."""
    try:
        (result,) = pipeline.predict(path)
    except HpinferError as error:
        return Page([], [], [], f"{type(error).__name__}: {error}")
    polygons = [np.asarray(item, float).reshape(-1, 2) for item in result.rec_polys]
    return Page(list(result.rec_texts), [float(score) for score in result.rec_scores], polygons)


def compare(reference: dict[str, Page], candidate: dict[str, Page]) -> Comparison:
    """Every picture of two settings."""
    found = Comparison()
    for image, page in reference.items():
        other = candidate[image]
        if page.error or other.error:
            if bool(page.error) != bool(other.error):
                found.failed.append(
                    (image, other.error or f"only the reference fails: {page.error}")
                )
            continue
        compare_page(image, page, other, found)
    return found


def compare_page(image: str, page: Page, other: Page, found: Comparison) -> None:
    """One picture, added to what was found."""
    pairs = match_boxes(page.polygons, other.polygons)
    for index, twin, _ in pairs:
        found.pixels = max(found.pixels, distance(page.polygons[index], other.polygons[twin]))
        if page.texts[index] == other.texts[twin]:
            found.equal += 1
            found.score_gap = max(found.score_gap, abs(page.scores[index] - other.scores[twin]))
        else:
            found.different.append((image, page.texts[index], other.texts[twin]))
    mine, theirs = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    for whose, texts, paired in (
        ("reference", page.texts, mine),
        ("setting", other.texts, theirs),
    ):
        alone = (text for index, text in enumerate(texts) if index not in paired)
        found.unpaired += [(image, whose, text) for text in alone]


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Largest distance of two corners, in pixels."""
    if first.shape != second.shape:
        return float("inf")
    return float(np.hypot(*(first - second).T).max())


def report(name: str, reference: str, found: Comparison, *, show: bool) -> None:
    """One line for a setting, and the lines that differ if asked."""
    print(
        f"{name:12} against {reference}: {found.equal} lines equal, {len(found.different)} differ, "
        f"{len(found.unpaired)} in one only, {len(found.failed)} images in one only; "
        f"scores within {found.score_gap:.4f}, corners within {found.pixels:.1f} px"
    )
    for image, reason in found.failed:
        print(f"    {image}: {reason}")
    for image, before, after in found.different if show else ():
        print(f"    {image}: {before!r} became {after!r}")
    for image, whose, text in found.unpaired if show else ():
        print(f"    {image}: only in the {whose}: {text!r}")


def write_json(path: Path, content: object) -> None:
    """Writes a file in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
