"""One function a peer: load it with aligned settings, return a call from image path to texts.

Every peer gets the same two networks (PP-OCRv4 mobile or PP-OCRv6 small), the same threads,
classifier, and the detector settings of the official pipeline: longest side 960, ImageNet mean
and deviation, thresholds 0.3 / 0.6, unclip 1.5, no dilation, no score threshold. RapidOCR's own
defaults differ in each of these; what it offers no option for is said where it is done.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry import HERE

if TYPE_CHECKING:
    from pathlib import Path

Reader = Callable[[str], list[str]]
#: All paths in one call, for who reads several pages at a time.
StreamReader = Callable[[list[str]], list[list[str]]]


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of one generation, in a folder made by `make_model_dirs.py`."""

    folder: Path
    generation: str

    @property
    def detector(self) -> str:
        """Name of the detection model."""
        return {"v4": "PP-OCRv4_mobile_det", "v6": "PP-OCRv6_small_det"}[self.generation]

    @property
    def recogniser(self) -> str:
        """Name of the recognition model."""
        return {"v4": "PP-OCRv4_mobile_rec", "v6": "PP-OCRv6_small_rec"}[self.generation]

    def onnx(self, name: str) -> str:
        """The ONNX file of one network."""
        return str(self.folder / name / "inference.onnx")


SIDE = 960
MEAN = [0.485, 0.456, 0.406]
DEVIATION = [0.229, 0.224, 0.225]
NO_SIDE_LIMIT = 1_000_000


def rapidocr_ort(networks: Networks, threads: int) -> Reader:
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
        det_model_path=networks.onnx(networks.detector),
        det_limit_type="max",
        det_limit_side_len=SIDE,
        det_mean=MEAN,
        det_std=DEVIATION,
        det_thresh=0.3,
        det_box_thresh=0.6,
        det_unclip_ratio=1.5,
        det_use_dilation=False,
        rec_model_path=networks.onnx(networks.recogniser),
    )
    engine.text_det.get_preprocess = lambda _: DetPreProcess(SIDE, "max", MEAN, DEVIATION)

    def read(path: str) -> list[str]:
        result, _ = engine(path)
        return [line[1] for line in result or []]

    return read


def rapidocr_openvino(networks: Networks, threads: int, *, precision: str | None) -> Reader:
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
            "Det.model_path": networks.onnx(networks.detector),
            "Det.limit_type": "max",
            "Det.limit_side_len": SIDE,
            "Det.mean": MEAN,
            "Det.std": DEVIATION,
            "Det.thresh": 0.3,
            "Det.box_thresh": 0.6,
            "Det.unclip_ratio": 1.5,
            "Det.use_dilation": False,
            "Rec.engine_type": EngineType.OPENVINO,
            "Rec.model_path": networks.onnx(networks.recogniser),
        }
    )
    return lambda path: list(engine(path).txts or [])


def paddlex_ort(networks: Networks, threads: int) -> Reader:
    """PaddleX's own pipeline on its `onnxruntime` engine, exactly as the parity run uses it."""
    sys.path.insert(0, str(HERE.parents[1] / "tests" / "parity" / "paddlex"))
    from oracle import create_oracle

    pipeline = create_oracle(networks.folder, networks.generation, threads=threads)
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def paddlex_paddle(networks: Networks, threads: int) -> Reader:
    """PaddleX's own pipeline on its default engine: Paddle Inference with oneDNN."""
    sys.path.insert(0, str(HERE.parents[1] / "tests" / "parity" / "paddlex"))
    from oracle import create_ocr

    limit = {"cpu_threads": threads}
    folder = networks.folder.with_name(f"{networks.folder.name}-paddle")
    pipeline = create_ocr(
        folder, networks.generation, engine="paddle_static", engine_config=limit
    )
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def paddlex_with_hpinfer(networks: Networks, backend: str, *, accelerated: bool) -> Reader:
    """PaddleX's pipeline on hpinfer's `ultra_infer`, and with its text operators replaced."""
    sys.path.insert(0, str(HERE.parents[1] / "tests" / "parity" / "paddlex"))
    from oracle import create_with_plugin

    if accelerated:
        import hpinfer.paddlex

        hpinfer.paddlex.accelerate()
    pipeline = create_with_plugin(networks.folder, networks.generation, backend)
    return lambda path: list(next(iter(pipeline.predict(path)))["rec_texts"])


def hpinfer(
    networks: Networks, engine: str, *, precision: str = "fp32"
) -> tuple[Reader, StreamReader]:
    """Our own pipeline as a user gets it; threads follow from the process's CPU affinity."""
    import hpinfer

    config = {
        "pipeline_name": "OCR",
        "SubModules": {
            "TextDetection": {"model_name": networks.detector},
            "TextRecognition": {"model_name": networks.recogniser},
        },
    }
    pipeline = hpinfer.create_pipeline(config, device="cpu", engine=engine, precision=precision)

    def read(path: str) -> list[str]:
        return list(next(iter(pipeline.predict(path)))["rec_texts"])

    def read_all(paths: list[str]) -> list[list[str]]:
        return [list(result["rec_texts"]) for result in pipeline.predict(paths)]

    return read, read_all


def load(name: str, networks: Networks, threads: int) -> tuple[Reader, StreamReader]:
    """Load the peer called `name`; who has no call for many pages reads them one by one.

    Raises:
        KeyError: no such peer.
    """
    if name in OURS:
        engine, precision = OURS[name]
        return hpinfer(networks, engine, precision=precision)
    read = _load_other(name, networks, threads)
    return read, lambda paths: [read(path) for path in paths]


#: Our own rows: engine and precision.
OURS = {
    "hpinfer_ort": ("onnxruntime", "fp32"),
    "hpinfer_openvino": ("openvino", "fp32"),
    "hpinfer_openvino_bf16": ("openvino", "bf16"),
}


def _load_other(name: str, networks: Networks, threads: int) -> Reader:
    loaders: dict[str, Callable[[], Reader]] = {
        "rapidocr_ort": lambda: rapidocr_ort(networks, threads),
        "rapidocr_openvino_f32": lambda: rapidocr_openvino(networks, threads, precision="f32"),
        "rapidocr_openvino_default": lambda: rapidocr_openvino(networks, threads, precision=None),
        "paddlex_ort": lambda: paddlex_ort(networks, threads),
        "paddlex_paddle": lambda: paddlex_paddle(networks, threads),
    }
    for short, engine in (("ort", "onnxruntime"), ("openvino", "openvino")):
        for suffix in ("", "_accelerated"):
            loaders[f"paddlex_hpinfer_{short}{suffix}"] = functools.partial(
                paddlex_with_hpinfer, networks, engine, accelerated=bool(suffix)
            )
    return loaders[name]()
