"""Compare curved text with PaddleX: the same detector as polygons, the same recogniser.

No weights of seal detectors are public as ONNX, so PP-OCRv4_mobile_det finds the polygons, from a
copy of its folder whose inference.yml says ``box_type: poly``. Two interpreters, one script:

    ref/bin/python seals.py reference IMAGES seals.json --models models
    python seals.py candidate IMAGES seals.json --models models      # with hpinfer; compares
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from oracle import ENGINE, list_images
from reference import as_lists, write_json

DETECTOR, RECOGNISER = "PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"
#: PaddleX's parameters of seals, and those that fit a detector of straight text.
DETECTIONS = {
    "seal": {"limit_side_len": 736, "limit_type": "min", "thresh": 0.2, "unclip_ratio": 0.5},
    "text": {"limit_side_len": 736, "limit_type": "min", "thresh": 0.3, "unclip_ratio": 1.5},
}


def polygon_detector(models: Path, folder: Path) -> Path:
    """Copies the detector to `folder`; the copy gives polygons."""
    copy = folder / DETECTOR
    shutil.copytree(models / DETECTOR, copy)
    config = yaml.safe_load((copy / "inference.yml").read_text(encoding="utf-8"))
    config["PostProcess"]["box_type"] = "poly"
    (copy / "inference.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return copy


def ocr_config(detector: Path, models: Path, detection: dict[str, Any]) -> dict[str, Any]:
    """The OCR pipeline for curved text, as PaddleX's seal_recognition.yaml has it inside."""
    return {
        "pipeline_name": "OCR",
        "text_type": "seal",
        "use_doc_preprocessor": False,
        "use_textline_orientation": False,
        "SubModules": {
            "TextDetection": {
                "module_name": "seal_text_detection",
                "model_name": DETECTOR,
                "model_dir": str(detector),
                "max_side_limit": 4000,
                "box_thresh": 0.6,
                **detection,
            },
            "TextRecognition": {
                "module_name": "text_recognition",
                "model_name": RECOGNISER,
                "model_dir": str(models / RECOGNISER),
                "batch_size": 1,
                "score_thresh": 0,
            },
        },
    }


def seal_config(ocr: dict[str, Any]) -> dict[str, Any]:
    """Seal recognition with each picture as one seal."""
    return {
        "pipeline_name": "seal_recognition",
        "use_doc_preprocessor": False,
        "use_layout_detection": False,
        "SubPipelines": {"SealOCR": ocr},
    }


def read_all(create: Any, images: Path, models: Path) -> dict[str, Any]:
    """What a seal pipeline says of every image, for both sets of detection parameters."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        detector = polygon_detector(models, Path(scratch))
        for name, detection in DETECTIONS.items():
            pipeline = create(config=seal_config(ocr_config(detector, models, detection)))
            for path in list_images(images):
                found[f"{name}/{path.name}"] = read_seals(pipeline, path)
    return found


def read_seals(pipeline: Any, path: Path) -> dict[str, Any]:
    """One image; a failure becomes a record with `error`."""
    try:
        (result,) = pipeline.predict(str(path))
    except Exception as error:  # the oracle's own failures are part of the record
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    written = result.json["res"]
    (seal,) = result["seal_res_list"]
    lines = sorted(
        zip(as_lists(seal["dt_polys"]), seal["rec_texts"], seal["rec_scores"], strict=True),
        key=lambda line: _top_left(line[0]),
    )
    return {
        "keys": sorted(result.keys()),
        "json_keys": sorted(written),
        "seal_json_keys": sorted(written["seal_res_list"][0]),
        "seal_region_id": seal["seal_region_id"],
        "tops": [_top_left(polygon)[0] for polygon in as_lists(seal["dt_polys"])],
        "dt_polys": [polygon for polygon, _, _ in lines],
        "rec_texts": [text for _, text, _ in lines],
        "rec_scores": [float(score) for _, _, score in lines],
        "rec_boxes": len(seal["rec_boxes"]),
        "text_det_params": dict(seal["text_det_params"]),
    }


def _top_left(polygon: list[list[int]]) -> tuple[int, int]:
    # PaddleX sorts by the least y alone, and not stably: ties come in any order there.
    return min(y for _, y in polygon), min(x for x, _ in polygon)


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """What is not equal, a line each."""
    lines = []
    for name, expected in theirs.items():
        found = ours[name]
        if "error" in expected or "error" in found:
            lines.append(f"{name}: theirs {expected.get('error')}, ours {found.get('error')}")
            continue
        for key in expected:
            if key == "rec_scores":
                pairs = zip(expected[key], found[key], strict=False)
                worst = max((abs(a - b) for a, b in pairs), default=0.0)
                if worst > 1e-3:
                    lines.append(f"{name}: scores differ by {worst:.2g}")
            elif expected[key] != found[key]:
                lines.append(f"{name}: {key}: {_first_unequal(expected[key], found[key])}")
    return lines


def _first_unequal(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        unequal = [(a, b) for a, b in zip(theirs, ours, strict=True) if a != b]
        theirs, ours = unequal[0]
        return f"{len(unequal)} unequal, first {theirs!r} and {ours!r}"
    return f"theirs {theirs!r}, ours {ours!r}"


def create_reference(config: dict[str, Any]) -> Any:
    """PaddleX's pipeline.

    Its registered class asks for packages that only other pipelines use; the one inside does not.
    """
    import os

    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    os.environ["HF_HUB_OFFLINE"] = "1"
    from paddlex.inference.pipelines.seal_recognition.pipeline import _SealRecognitionPipeline

    return _SealRecognitionPipeline(config, device="cpu", engine=ENGINE)


def create_candidate(config: dict[str, Any]) -> Any:
    """Our pipeline, with lines padded as PaddleX does."""
    import hpinfer

    config = copy.deepcopy(config)
    modules = config["SubPipelines"]["SealOCR"]["SubModules"]
    modules["TextRecognition"]["batching"] = "official"
    return hpinfer.create_pipeline(config=config, device="cpu", engine=ENGINE)


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", choices=["reference", "candidate"])
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument("record", type=Path, help="JSON file of the reference")
    parser.add_argument("--models", type=Path, required=True, help="folder of make_model_dirs.py")
    arguments = parser.parse_args()
    if arguments.side == "reference":
        write_json(arguments.record, read_all(create_reference, arguments.images, arguments.models))
        return 0
    theirs = json.loads(arguments.record.read_text(encoding="utf-8"))
    ours = read_all(create_candidate, arguments.images, arguments.models)
    lines = sum(len(page.get("rec_texts", ())) for page in theirs.values())
    found = differences(theirs, ours)
    print(f"{len(theirs)} images, {lines} lines, {len(found)} differences", *found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
