"""Memory: a ceiling for varied shapes, nothing lost by creating and destroying, trim() works."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from rows import ENGINES, Row, Setting, child, network
from subjects import DETECTOR, RECOGNISER, small_pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROMISE = "Memory"

#: Subject of `memory_worker.py` to the folder of its environment below the work folder.
SESSIONS = {
    "hpinfer onnxruntime": "",
    "plain onnxruntime": "",
    "hpinfer openvino": "",
    "plain openvino": "",
}
PIPELINES = {
    "hpinfer_ort": "",
    "rapidocr_ort": "rapidocr-ort",
    "hpinfer_openvino": "",
    "rapidocr_openvino_f32": "rapidocr-openvino",
}


def rows(setting: Setting) -> Iterator[Row]:
    """Everything about memory."""
    for part in (_shapes, _cycles, _images, _trimmed):
        yield from part(setting)


def _shapes(setting: Setting) -> Iterator[Row]:
    tasks = (
        ("widths", RECOGNISER, "random widths 8 to 1600, one to four lines"),
        ("sizes", DETECTOR, "random heights and widths 32 to 736 in steps of 32"),
    )
    for task, name, words in tasks:
        for subject in SESSIONS:
            answer = _worker(setting, subject, task, network(name), 2000)
            yield _curve_row(f"{name}: {subject}", words, answer)


def _cycles(setting: Setting) -> Iterator[Row]:
    for engine, cycles in (("onnxruntime", 1000), ("openvino", 1000)):
        answer = _worker(setting, f"hpinfer {engine}", "cycles", network(RECOGNISER), cycles)
        words = "create a session, run it once, destroy it"
        yield _curve_row(f"create and destroy: hpinfer {engine}", words, answer)


def _images(setting: Setting) -> Iterator[Row]:
    folder = setting.kept.parent / "crops"
    crops = _crops(setting, folder)
    words = f"files at random out of {crops} crops of the pictures, sides 32 to 400 pixels"
    for subject, environment in PIPELINES.items():
        python = setting.work / environment / "bin" / "python" if environment else None
        answer = _worker(setting, subject, "images", folder, 10_000, python=python)
        yield _curve_row(f"OCR of small pictures: {subject}", words, answer)


def _crops(setting: Setting, folder: Path, *, count: int = 500) -> int:
    """Writes small pictures of random sizes; the same ones for everybody."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    choose = random.Random(17)
    pages = small_pages(setting.images, side=1200)
    for number in range(count):
        page = choose.choice(pages)
        height = min(choose.randrange(32, 401), page.shape[0])
        width = min(choose.randrange(32, 401), page.shape[1])
        top = choose.randrange(page.shape[0] - height + 1)
        left = choose.randrange(page.shape[1] - width + 1)
        crop = page[top : top + height, left : left + width, ::-1]
        Image.fromarray(crop.copy()).save(folder / f"{number:03}.png")
    return count


def _trimmed(setting: Setting) -> Iterator[Row]:
    for engine in ENGINES:
        answer = _worker(setting, f"hpinfer {engine}", "trim", network(DETECTOR), 1)
        figures = {name: round(megabytes) for name, megabytes in answer["megabytes"].items()}
        words = "resident MB around a page of 1920x1920 and hpinfer.trim(), then a page of 96x96"
        yield Row(f"trim(): hpinfer {engine}", words, {**figures})


def _worker(
    setting: Setting,
    subject: str,
    task: str,
    data: Path,
    count: int,
    *,
    python: Path | None = None,
) -> Any:  # noqa: ANN401 - JSON
    limit = setting.seconds
    return child(
        "memory_worker.py",
        subject,
        task,
        data,
        setting.count(count),
        limit,
        setting.work / "models",
        python=python,
    )


def _curve_row(what: str, words: str, answer: dict[str, Any]) -> Row:
    curve = [(int(calls), float(megabytes)) for calls, megabytes in answer["curve"]]
    figures: dict[str, float | str] = {
        "calls": curve[-1][0],
        "before MB": round(answer["before"]),
        "middle MB": round(curve[len(curve) // 2][1]),
        "end MB": round(curve[-1][1]),
        "most MB": round(max(megabytes for _, megabytes in curve)),
        "slope of the last half, MB per 1000": round(last_half_slope(curve), 1),
    }
    if "trimmed" in answer:
        figures["after trim() MB"] = round(answer["trimmed"])
    return Row(what, words, figures, curve)


def last_half_slope(curve: list[tuple[int, float]]) -> float:
    """Megabytes for 1000 calls: the least-squares line through the last half of a curve."""
    half = curve[len(curve) // 2 :]
    if len(half) < 2:
        return 0.0
    mean_x = sum(x for x, _ in half) / len(half)
    mean_y = sum(y for _, y in half) / len(half)
    spread = sum((x - mean_x) ** 2 for x, _ in half)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in half)
    return 1000 * rise / spread if spread else 0.0
