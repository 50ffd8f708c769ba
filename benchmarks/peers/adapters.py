"""One function a peer: load it with aligned settings, return a call from image path to texts.

Every peer gets the same two PP-OCRv4 mobile networks, the same thread count, no direction
classifier, and the detector settings of the official pipeline: longest side 960, ImageNet mean
and deviation, thresholds 0.3 / 0.6, unclip 1.5, no dilation, no score threshold. RapidOCR's own
defaults differ in each of these; what it offers no option for is said where it is done.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from registry import HERE

if TYPE_CHECKING:
    from pathlib import Path

Reader = Callable[[str], list[str]]

DETECTOR = "PP-OCRv4_mobile_det"
RECOGNISER = "PP-OCRv4_mobile_rec"
SIDE = 960
MEAN = [0.485, 0.456, 0.406]
DEVIATION = [0.229, 0.224, 0.225]
NO_SIDE_LIMIT = 1_000_000


def network(models: Path, name: str) -> str:
    """The ONNX file of one network in a folder made by `make_model_dirs.py`."""
    return str(models / name / "inference.onnx")


def rapidocr_ort(models: Path, threads: int) -> Reader:
    """RapidOCR 1.4 on ONNX Runtime.

    In `max` mode it replaces `limit_side_len` by 960, 1500 or 2000, chosen by the picture's
    size; the limit is set on the object instead.
    """
    from rapidocr_onnxruntime import RapidOCR
    from rapidocr_onnxruntime.ch_ppocr_det.utils import DetPreProcess

    engine = RapidOCR(
        intra_op_num_threads=threads,
        use_cls=False,
        text_score=0.0,
        min_height=0,
        width_height_ratio=-1,
        max_side_len=NO_SIDE_LIMIT,
        min_side_len=1,
        det_model_path=network(models, DETECTOR),
        det_limit_type="max",
        det_limit_side_len=SIDE,
        det_mean=MEAN,
        det_std=DEVIATION,
        det_thresh=0.3,
        det_box_thresh=0.6,
        det_unclip_ratio=1.5,
        det_use_dilation=False,
        rec_model_path=network(models, RECOGNISER),
    )
    engine.text_det.get_preprocess = lambda _: DetPreProcess(SIDE, "max", MEAN, DEVIATION)

    def read(path: str) -> list[str]:
        result, _ = engine(path)
        return [line[1] for line in result or []]

    return read


def rapidocr_openvino(models: Path, threads: int, *, precision: str | None) -> Reader:
    """RapidOCR 3 on OpenVINO; `precision` None keeps the engine's default (bf16 where it can).

    It has no option for the precision: the property is added to what it hands to OpenVINO.
    """
    from rapidocr import EngineType, RapidOCR
    from rapidocr.inference_engine.openvino import main as openvino_session

    if precision is not None:
        given = openvino_session.CPUConfig.get_config

        def with_precision(self: openvino_session.CPUConfig) -> dict[str, Any]:
            return {**given(self), "INFERENCE_PRECISION_HINT": precision}

        openvino_session.CPUConfig.get_config = with_precision
    engine = RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.use_vertical_padding": False,
            "Global.max_side_len": NO_SIDE_LIMIT,
            "Global.min_side_len": 1,
            "Global.log_level": "warning",
            "EngineConfig.openvino.inference_num_threads": threads,
            "Det.engine_type": EngineType.OPENVINO,
            "Det.model_path": network(models, DETECTOR),
            "Det.limit_type": "max",
            "Det.limit_side_len": SIDE,
            "Det.mean": MEAN,
            "Det.std": DEVIATION,
            "Det.thresh": 0.3,
            "Det.box_thresh": 0.6,
            "Det.unclip_ratio": 1.5,
            "Det.use_dilation": False,
            "Rec.engine_type": EngineType.OPENVINO,
            "Rec.model_path": network(models, RECOGNISER),
        }
    )
    return lambda path: list(engine(path).txts or [])


def paddlex_ort(models: Path, threads: int) -> Reader:
    """PaddleX's own pipeline on its `onnxruntime` engine, exactly as the parity run uses it."""
    sys.path.insert(0, str(HERE.parents[1] / "tests" / "parity" / "paddlex"))
    from oracle import create_oracle

    pipeline = create_oracle(models, "v4", threads=threads)
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def paddlex_paddle(models: Path, threads: int) -> Reader:
    """PaddleX's own pipeline on its default engine: Paddle Inference with oneDNN."""
    sys.path.insert(0, str(HERE.parents[1] / "tests" / "parity" / "paddlex"))
    from oracle import create_ocr

    limit = {"cpu_threads": threads}
    folder = models.with_name(f"{models.name}-paddle")
    pipeline = create_ocr(folder, "v4", engine="paddle_static", engine_config=limit)
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def paddlex_with_hpinfer(models: Path, backend: str, *, accelerated: bool) -> Reader:
    """PaddleX's pipeline on hpinfer's `ultra_infer`, and with its text operators replaced."""
    sys.path.insert(0, str(HERE.parents[1] / "tests" / "parity" / "paddlex"))
    from oracle import create_with_plugin

    if accelerated:
        import hpinfer.paddlex

        hpinfer.paddlex.accelerate()
    pipeline = create_with_plugin(models, "v4", backend)
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def hpinfer(engine: str, *, precision: str = "fp32") -> Reader:
    """Our own pipeline as a user gets it; threads follow from the process's CPU affinity."""
    import hpinfer

    pipeline = hpinfer.create_pipeline("OCR", device="cpu", engine=engine, precision=precision)
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def load(name: str, models: Path, threads: int) -> Reader:
    """Load the peer called `name`.

    Raises:
        KeyError: no such peer.
    """
    loaders: dict[str, Callable[[], Reader]] = {
        "hpinfer_ort": lambda: hpinfer("onnxruntime"),
        "hpinfer_openvino": lambda: hpinfer("openvino"),
        "hpinfer_openvino_bf16": lambda: hpinfer("openvino", precision="bf16"),
        "rapidocr_ort": lambda: rapidocr_ort(models, threads),
        "rapidocr_openvino_f32": lambda: rapidocr_openvino(models, threads, precision="f32"),
        "rapidocr_openvino_default": lambda: rapidocr_openvino(models, threads, precision=None),
        "paddlex_ort": lambda: paddlex_ort(models, threads),
        "paddlex_paddle": lambda: paddlex_paddle(models, threads),
    }
    for short, engine in (("ort", "onnxruntime"), ("openvino", "openvino")):
        for suffix in ("", "_accelerated"):
            loaders[f"paddlex_hpinfer_{short}{suffix}"] = functools.partial(
                paddlex_with_hpinfer, models, engine, accelerated=bool(suffix)
            )
    return loaders[name]()
