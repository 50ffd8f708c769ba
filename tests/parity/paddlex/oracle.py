"""PaddleX's own OCR pipeline on given ONNX files, with nothing fetched and nothing guessed."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = {
    "v4": ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"),
    "v6": ("PP-OCRv6_small_det", "PP-OCRv6_small_rec"),
}
IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
DETECTION = {
    "limit_side_len": 960,
    "limit_type": "max",
    "max_side_limit": 4000,
    "thresh": 0.3,
    "box_thresh": 0.6,
    "unclip_ratio": 1.5,
}
RECOGNITION = {"batch_size": 6, "score_thresh": 0.0}
ENGINE = "onnxruntime"


def create_oracle(models: Path, family: str, *, threads: int) -> Any:
    """Create the PaddleX pipeline on its own ONNX Runtime engine.

    Args:
        models: folder that `make_model_dirs.py` filled.
        family: "v4" or "v6".
        threads: intra-op threads of ONNX Runtime; 0 keeps the engine's default.

    Returns:
        PaddleX's pipeline object; its stages are attributes (`text_det_model`, …).
    """
    return create_ocr(models, family, engine=ENGINE, engine_config=engine_config(threads))


def create_with_plugin(models: Path, family: str, backend: str) -> Any:
    """Create the PaddleX pipeline on the module ``ultra_infer``, in manual mode: no PaddlePaddle.

    Args:
        models: folder that `make_model_dirs.py` filled.
        family: "v4" or "v6".
        backend: "onnxruntime" or "openvino".
    """
    manual = {"auto_config": False, "backend": backend}
    return create_ocr(models, family, use_hpip=True, hpi_config=manual)


def create_ocr(models: Path, family: str, **how: Any) -> Any:
    """Create the PaddleX pipeline without document preprocessing and line orientation.

    Args:
        models: folder that `make_model_dirs.py` filled.
        family: "v4" or "v6".
        **how: what says which engine runs the networks; passed to PaddleX.
    """
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    os.environ["HF_HUB_OFFLINE"] = "1"
    from paddlex import create_pipeline

    detector, recogniser = FAMILIES[family]
    config = {
        "pipeline_name": "OCR",
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": False,
        "SubModules": {
            "TextDetection": {
                "module_name": "text_detection",
                "model_name": detector,
                "model_dir": str(models / detector),
                **DETECTION,
            },
            "TextRecognition": {
                "module_name": "text_recognition",
                "model_name": recogniser,
                "model_dir": str(models / recogniser),
                **RECOGNITION,
            },
        },
    }
    return create_pipeline(config=config, device="cpu", **how)


def engine_config(threads: int) -> dict[str, int]:
    """Options handed to PaddleX's ONNX Runtime engine."""
    return {"intra_op_num_threads": threads} if threads else {}


def list_images(folder: Path) -> list[Path]:
    """Image files directly in `folder`, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def describe(models: Path, family: str, *, threads: int) -> dict[str, Any]:
    """What a reader must know to repeat the run: versions, settings, hashes of the networks."""
    packages = ("paddlex", "onnxruntime", "opencv-contrib-python", "numpy", "pyclipper", "shapely")
    return {
        "family": family,
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in packages},
        },
        "settings": {
            "engine": ENGINE,
            "engine_config": engine_config(threads),
            "cores": len(os.sched_getaffinity(0)),
            "text_detection": DETECTION,
            "text_recognition": RECOGNITION,
            "use_doc_preprocessor": False,
            "use_textline_orientation": False,
        },
        "networks": {
            name: hashlib.sha256((models / name / "inference.onnx").read_bytes()).hexdigest()
            for name in FAMILIES[family]
        },
    }
