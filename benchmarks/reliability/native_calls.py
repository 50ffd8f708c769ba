"""One long call of each kind into the native module, to see whether the GIL is free meanwhile."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from rows import ENGINES, Setting, network
from subjects import DETECTOR, RECOGNISER, small_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Call = tuple[str, Callable[[], object]]

_PAGE = (4000, 3000)


def long_calls(setting: Setting) -> Iterator[Call]:
    """Name and call of each; every one takes milliseconds to seconds."""
    yield from kernel_calls()
    for engine in ENGINES:
        yield from session_calls(engine)
        yield from model_calls(setting, engine)


def kernel_calls() -> Iterator[Call]:
    """Pre- and post-processing on large inputs; no engine is needed."""
    from hpinfer import _native

    random = np.random.default_rng(3)
    picture = random.integers(0, 256, (*_PAGE, 3), np.uint8)
    chances = random.random((1500, 1500), np.float32)
    steps = random.random((4000, 6625), np.float32)
    ring = _ring(20_000)
    plan = _native.TransformPlan(
        [
            {"type": "DetResize", "limit_side_len": 2000, "limit_type": "max"},
            {"type": "ToChw"},
        ]
    )
    yield "TransformPlan", lambda: [plan(picture) for _ in range(8)]
    corners = np.array([[5, 9], [2900, 60], [2950, 3900], [20, 3950]], np.float32)
    yield "resize", lambda: _native.resize(picture, 3600, 4800, "cubic")
    yield "crop_quad", lambda: _native.crop_quad(picture, corners)
    yield "rotate_image", lambda: _native.rotate_image(picture, 90)
    yield "find_contours", lambda: _native.find_contours(chances, 0.5)
    yield "decode_db", lambda: _native.decode_db(chances, 1500, 1500, _native.DbOptions())
    yield "decode_ctc", lambda: _native.decode_ctc(steps)
    yield "min_area_rect", lambda: _native.min_area_rect(ring)
    yield "simplify_polygon", lambda: _native.simplify_polygon(ring, 0.5)
    yield "offset_polygon", lambda: _native.offset_polygon(ring[::10].copy(), 5.0)
    yield "fill_polygon", lambda: _native.fill_polygon(8000, 8000, ring * 7)


def _ring(points: int) -> npt.NDArray[np.int32]:
    """A closed outline of many teeth."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radius = 400 + 60 * np.sin(37 * angle)
    ring = 500 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.ascontiguousarray(ring.astype(np.int32))


def _predict(model: Any, pictures: list[Any]) -> None:  # noqa: ANN401 - a model of any family
    for _ in model.predict(pictures, batch_size=len(pictures)):
        pass


def session_calls(engine: str) -> Iterator[Call]:
    """A bare session: made, run, trimmed, destroyed."""
    import hpinfer

    path = network(RECOGNISER)
    session = hpinfer.Session(path, engine=engine)
    wide = np.zeros((4, 3, 48, 1600), np.float32)
    yield f"Session ({engine})", lambda: hpinfer.Session(path, engine=engine)
    yield f"Session.run ({engine})", lambda: session.run([wide])
    yield f"Session.trim ({engine})", session.trim
    yield f"hpinfer.trim ({engine})", hpinfer.trim


def model_calls(setting: Setting, engine: str) -> Iterator[Call]:
    """Models that have public weights, by their native objects where Python adds anything."""
    import hpinfer

    page = max(small_pages(setting.images, side=1600), key=lambda image: image.size)
    names = [DETECTOR, RECOGNISER, "PP-LCNet_x1_0_doc_ori", "picodet_lcnet_x1_0_fgd_layout_cdla"]
    if engine == "onnxruntime":  # OpenVINO does not take its loop
        names.append("SLANet_plus")
    for name in names:
        model: Any = hpinfer.create_model(name, engine=engine)
        yield f"{name} ({engine})", functools.partial(_predict, model, [page] * 8)
    pipeline = hpinfer.create_pipeline("OCR", engine=engine)
    yield f"OCR pipeline ({engine})", lambda: list(pipeline.predict(page))
