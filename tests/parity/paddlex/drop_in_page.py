"""Configurations of PaddleX or PaddleOCR in one process: texts and boxes of images, as JSON.

    python drop_in_page.py OUT IMAGE… --models MODELS --ways plain manual-onnxruntime

Run by `drop_in.py` with the interpreter of an environment that has PaddleX; needs nothing of ours
but what the configurations themselves use. `+accelerate` after a way switches
`hpinfer.paddlex.accelerate()` on for it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from oracle import FAMILIES, create_ocr, create_oracle, create_with_plugin

MANUAL = {"auto_config": False, "backend": "openvino"}
FAST = "+accelerate"


def paddleocr_arguments(models: Path, family: str) -> dict[str, Any]:
    """Arguments of PaddleOCR for the same two networks and the same limits."""
    detector, recogniser = FAMILIES[family]
    return {
        "text_detection_model_name": detector,
        "text_detection_model_dir": str(models / detector),
        "text_recognition_model_name": recogniser,
        "text_recognition_model_dir": str(models / recogniser),
        "use_doc_orientation_classify": False,
        "use_doc_unwarping": False,
        "use_textline_orientation": False,
        "text_det_limit_side_len": 960,
        "text_det_limit_type": "max",
        "device": "cpu",
    }


def create(way: str, models: Path, family: str) -> Any:
    """The pipeline of a configuration.

    Args:
        way: `plain` (PaddleX's own ONNX Runtime engine), `plain-paddle` (its default, Paddle
            Inference), `manual-<backend>`, `auto`, `auto-<backend>`, `paddleocr`
            (`enable_hpi=True`, automatic mode) or `paddleocr-manual`.
        models: folder of model folders.
        family: "v4" or "v6".
    """
    kind, _, backend = way.partition("-")
    if kind == "plain":
        if backend == "paddle":
            return create_ocr(models, family)
        return create_oracle(models, family, threads=0)
    if kind == "manual":
        return create_with_plugin(models, family, backend)
    if kind == "auto":
        chosen = {"hpi_config": {"backend": backend}} if backend else {}
        return create_ocr(models, family, use_hpip=True, **chosen)
    from paddleocr import PaddleOCR

    manual = {"engine_config": {"hpi": MANUAL}} if backend == "manual" else {}
    return PaddleOCR(**paddleocr_arguments(models, family), enable_hpi=True, **manual)


def read_pages(way: str, images: list[Path], models: Path, family: str) -> dict[str, Any]:
    """What a configuration reads: `pages` by image, and the `engines` of hpinfer that ran.

    A picture on which the pipeline fails has an `error` instead.
    """
    import numpy as np

    if way.endswith(FAST):
        import hpinfer.paddlex

        with hpinfer.paddlex.accelerate():
            return read_pages(way.removesuffix(FAST), images, models, family)
    pipeline = create(way, models, family)
    pages = {}
    for image in images:
        try:
            result = next(iter(pipeline.predict(str(image))))
        except Exception as error:  # PaddleX fails on some pictures with any engine
            traceback.print_exc()
            pages[image.name] = {"error": f"{type(error).__name__}: {error}"}
            continue
        pages[image.name] = {
            "rec_texts": list(result["rec_texts"]),
            "rec_scores": [float(score) for score in result["rec_scores"]],
            "rec_polys": [np.asarray(polygon).tolist() for polygon in result["rec_polys"]],
        }
    found = {"pages": pages, "engines": engines_in_use()}
    del pipeline
    gc.collect()
    return found


def engines_in_use() -> list[str]:
    """The engine of every runtime of the drop-in that is alive."""
    module = sys.modules.get("hpinfer.ultra_infer")
    if module is None:
        return []
    gc.collect()
    alive = (item for item in gc.get_objects() if type(item) is module.Runtime)
    return sorted(item.session.engine for item in alive)


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--ways", nargs="+", required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--family", choices=sorted(FAMILIES), default="v4")
    arguments = parser.parse_args()
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    os.environ["DISABLE_MODEL_SOURCE_CHECK"] = "True"
    found: dict[str, Any] = {}
    for way in arguments.ways:
        try:
            found[way] = read_pages(way, arguments.images, arguments.models, arguments.family)
        except Exception as error:  # the other ways shall be tried all the same
            traceback.print_exc()
            found[way] = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    arguments.out.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
