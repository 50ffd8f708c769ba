"""What is tested: pipelines, models and sessions of hpinfer, and inputs for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from answers import page_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

DETECTOR = "PP-OCRv4_mobile_det"
RECOGNISER = "PP-OCRv4_mobile_rec"
#: Longest side of the pages that many calls are made with; whole pages take ten times as long.
SMALL_SIDE = 480


def small_pages(paths: Sequence[Path], *, side: int = SMALL_SIDE) -> list[npt.NDArray[np.uint8]]:
    """The pictures as BGR arrays of at most that side; pictures that are damaged are left out."""
    from PIL import Image as Pillow

    pages = []
    for path in paths:
        try:
            with Pillow.open(path) as picture:
                picture.thumbnail((side, side))
                rgb = np.asarray(picture.convert("RGB"))
        except OSError:
            continue
        pages.append(np.ascontiguousarray(rgb[:, :, ::-1]))
    return pages


def text_lines(pages: Sequence[npt.NDArray[np.uint8]], count: int) -> list[npt.NDArray[np.uint8]]:
    """Strips of the pages, of random places and sizes, as a line recogniser is given."""
    random = np.random.default_rng(11)
    lines = []
    for number in range(count):
        page = pages[number % len(pages)]
        height = int(random.integers(8, 49))
        width = int(random.integers(8, 12 * height))
        height, width = min(height, page.shape[0]), min(width, page.shape[1])
        top = int(random.integers(0, page.shape[0] - height + 1))
        left = int(random.integers(0, page.shape[1] - width + 1))
        lines.append(np.ascontiguousarray(page[top : top + height, left : left + width]))
    return lines


def line_tensors(count: int, *, widest: int = 640) -> list[npt.NDArray[np.float32]]:
    """Inputs of the recogniser, of random widths and one to four lines."""
    random = np.random.default_rng(13)
    return [
        random.standard_normal(
            (int(random.integers(1, 5)), 3, 48, int(random.integers(8, widest + 1))), np.float32
        )
        for _ in range(count)
    ]


def reader(engine: str, *, batching: str | None = None) -> Callable[[Any], Any]:
    """The OCR pipeline: a call from a picture to all that it says."""
    import hpinfer

    recognition = {"TextRecognition": {"batching": batching}} if batching else {}
    config = {"pipeline_name": "OCR", "SubModules": recognition}
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    return lambda image: page_answer(next(iter(pipeline.predict(image))))


def line_reader(engine: str) -> Callable[[Any], Any]:
    """The recognition model: a call from a picture of a line to its text and score."""
    import hpinfer

    model = hpinfer.create_model(RECOGNISER, engine=engine)

    def read(image: object) -> list[object]:
        result = next(iter(model.predict(image)))
        return [result.rec_text, float(result.rec_score).hex()]

    return read


def network_runner(network: Path, engine: str, **options: Any) -> Callable[[Any], Any]:
    """A bare session: a call from a tensor to the outputs."""
    import hpinfer

    session = hpinfer.Session(network, engine=engine, **options)
    return lambda tensor: session.run([tensor])
