"""Our kernels beside OpenCV and NumPy: same input, same result, one interleaved run.

Run ``python benchmarks/kernels.py --markdown`` (needs opencv-python-headless). Every case first
checks that both sides give the same bits, then times them in turns, so that a busy machine slows
both; the medians and their ratio are reported. ``--threads`` sets the threads of both sides.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

PAGE = (1754, 1240)
LINES = 243
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Case:
    """Two ways to the same arrays."""

    name: str
    reference: Callable[[], Iterator[Array]]
    ours: Callable[[], Iterator[Array]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians in milliseconds; ratio > 1 means that ours is faster."""

    name: str
    reference_ms: float
    ours_ms: float
    ratio: float
    equal: bool


def picture(rng: np.random.Generator, height: int, width: int) -> Array:
    """A smooth random picture: like a photograph, not like noise."""
    import cv2

    noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.0), None, 0, 255, cv2.NORM_MINMAX)


def quads(rng: np.random.Generator) -> list[Array]:
    """Slightly turned text boxes of usual sizes."""
    import cv2

    found = []
    for _ in range(LINES):
        length, thickness = rng.uniform(60, 500), rng.uniform(18, 34)
        centre = rng.uniform(260, PAGE[1] - 260), rng.uniform(40, PAGE[0] - 40)
        box = cv2.boxPoints((centre, (length, thickness), rng.normal() * 0.7))
        by_x = box[np.argsort(box[:, 0], kind="stable")]
        left, right = (side[np.argsort(side[:, 1])] for side in (by_x[:2], by_x[2:]))
        found.append(np.array([left[0], right[0], right[1], left[1]], np.float32))
    return found


def chain_det(image: Array) -> Array:
    """Resize, normalise by channels, transpose, stack: the way of the Python pipelines."""
    import cv2

    planes = list(cv2.split(cv2.resize(image, (960, 960))))
    for channel, plane in enumerate(planes):
        values = plane.astype(np.float32)
        values *= 1.0 / 255.0 / STD[channel]
        values += -MEAN[channel] / STD[channel]
        planes[channel] = values
    merged = cv2.merge(planes).transpose(2, 0, 1)
    return np.stack([merged]).astype(np.float32, copy=False)


def chain_rec(line: Array) -> Array:
    """A line to a tensor of height 48, padded with zeros."""
    import cv2

    ratio = line.shape[1] / line.shape[0]
    width = int(48 * max(320 / 48, ratio))
    resized_width = min(width, math.ceil(48 * ratio))
    values = cv2.resize(line, (resized_width, 48)).astype("float32").transpose(2, 0, 1) / 255
    values -= 0.5
    values /= 0.5
    tensor = np.zeros((1, 3, 48, width), np.float32)
    tensor[0, :, :, :resized_width] = values
    return tensor


def chain_crop(image: Array, corners: Array) -> Array:
    """The perspective crop of one box."""
    import cv2

    edge = np.linalg.norm
    width = int(max(edge(corners[0] - corners[1]), edge(corners[2] - corners[3])))
    height = int(max(edge(corners[0] - corners[3]), edge(corners[1] - corners[2])))
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, upright)
    return cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def cases() -> list[Case]:
    """Everything that is timed."""
    import cv2

    from hpinfer import _native as native

    rng = np.random.default_rng(1)
    page = picture(rng, *PAGE)
    boxes = quads(rng)
    lines = [native.crop_quad(page, box) for box in boxes]
    chw = {"type": "ToChw"}
    det = native.TransformPlan(
        [
            {"type": "ResizeExact", "width": 960, "height": 960},
            {"type": "Normalize", "mean": MEAN, "std": STD},
            chw,
        ]
    )
    tensor = np.empty((1, 3, 960, 960), np.float32)  # like an engine's input, kept
    half = {"mean": [0.5] * 3, "std": [0.5] * 3, "formula": "divide_by_255"}
    rec = native.TransformPlan([{"type": "RecResize"}, {"type": "Normalize", **half}, chw])
    return [
        Case(
            "resize 1754x1240 to 960x960",
            lambda: iter([cv2.resize(page, (960, 960))]),
            lambda: iter([native.resize(page, 960, 960)]),
        ),
        Case(
            "resize + normalise + CHW to 960x960",
            lambda: iter([chain_det(page)]),
            lambda: iter([det(page, out=tensor)]),
        ),
        Case(
            f"{LINES} perspective crops",
            lambda: (chain_crop(page, box) for box in boxes),
            lambda: (native.crop_quad(page, box) for box in boxes),
        ),
        Case(
            f"{LINES} lines to recognition tensors",
            lambda: (chain_rec(line) for line in lines),
            lambda: (rec(line) for line in lines),
        ),
        Case(
            "page turned by 90 degrees",
            lambda: iter([cv2.rotate(page, cv2.ROTATE_90_COUNTERCLOCKWISE)]),
            lambda: iter([native.rot90(page, 1)]),
        ),
    ]


def milliseconds(call: Callable[[], Iterator[Array]]) -> float:
    """Wall time of making every array; each is let go before the next is made."""
    start = time.perf_counter()
    for _ in call():
        pass
    return (time.perf_counter() - start) * 1e3


def measure(case: Case, rounds: int) -> Timing:
    """Both sides in turns; the first round only warms up and compares."""
    results = zip(case.reference(), case.ours(), strict=True)
    equal = all(np.array_equal(expected, result) for expected, result in results)
    pairs = [(milliseconds(case.reference), milliseconds(case.ours)) for _ in range(rounds)]
    reference = statistics.median(pair[0] for pair in pairs)
    ours = statistics.median(pair[1] for pair in pairs)
    return Timing(case.name, round(reference, 3), round(ours, 3), round(reference / ours, 2), equal)


def markdown(timings: list[Timing]) -> str:
    """The table of the documentation."""
    rows = [
        "| step | OpenCV/NumPy (ms) | hpinfer (ms) | ratio | same bits |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {t.name} | {t.reference_ms} | {t.ours_ms} | {t.ratio} | {'yes' if t.equal else 'no'} |"
        for t in timings
    ]
    return "\n".join(rows)


def main() -> int:
    """Times every case and prints JSON or a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="timed turns a case (default 15)")
    parser.add_argument("--threads", type=int, default=1, help="threads of both sides (default 1)")
    parser.add_argument("--markdown", action="store_true", help="print a table instead of JSON")
    arguments = parser.parse_args()
    os.environ["HPINFER_NUM_THREADS"] = str(arguments.threads)
    import cv2

    from hpinfer import _native

    cv2.setNumThreads(arguments.threads)
    timings = [measure(case, arguments.rounds) for case in cases()]
    if arguments.markdown:
        print(markdown(timings))
        return 0
    cpu = _native.cpu_info()
    about = {"opencv": cv2.__version__, "cpu": cpu["name"], "isa": cpu["active_isa"]}
    print(
        json.dumps({**about, "threads": arguments.threads, "cases": [asdict(t) for t in timings]})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
