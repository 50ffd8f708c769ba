"""One configuration of PaddleX or PaddleOCR in one process: texts and boxes of images, as JSON.

Run by `drop_in.py` with the interpreter of an environment that has PaddleX; needs nothing of ours
but what the configuration itself uses.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from oracle import FAMILIES, create_ocr, create_oracle, create_with_plugin

MANUAL = {"auto_config": False, "backend": "openvino"}


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


def create(how: str, models: Path, family: str) -> Any:
    """The pipeline of a configuration.

    Args:
        how: `plain` (PaddleX's own ONNX Runtime engine), `manual-<backend>`, `auto`,
            `auto-<backend>`, `paddleocr` (`enable_hpi=True`, automatic mode) or `paddleocr-manual`.
        models: folder of model folders.
        family: "v4" or "v6".
    """
    kind, _, backend = how.partition("-")
    if kind == "plain":
        return create_oracle(models, family, threads=0)
    if kind == "manual":
        return create_with_plugin(models, family, backend)
    if kind == "auto":
        chosen = {"hpi_config": {"backend": backend}} if backend else {}
        return create_ocr(models, family, use_hpip=True, **chosen)
    from paddleocr import PaddleOCR

    manual = {"engine_config": {"hpi": MANUAL}} if backend == "manual" else {}
    return PaddleOCR(**paddleocr_arguments(models, family), enable_hpi=True, **manual)


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how")
    parser.add_argument("out", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--family", choices=sorted(FAMILIES), default="v4")
    parser.add_argument("--accelerate", action="store_true")
    arguments = parser.parse_args()
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    os.environ["DISABLE_MODEL_SOURCE_CHECK"] = "True"
    if arguments.accelerate:
        import hpinfer.paddlex

        hpinfer.paddlex.accelerate()
    pipeline = create(arguments.how, arguments.models, arguments.family)
    pages = {}
    for image in arguments.images:
        result = next(iter(pipeline.predict(str(image))))
        pages[image.name] = {
            "rec_texts": list(result["rec_texts"]),
            "rec_scores": [float(score) for score in result["rec_scores"]],
            "rec_polys": [np.asarray(polygon).tolist() for polygon in result["rec_polys"]],
        }
    arguments.out.write_text(json.dumps(pages, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
