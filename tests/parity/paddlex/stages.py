"""Dump what happens inside PaddleX's OCR pipeline, for tests of single kernels.

For every image named: `db/<image>.npz` with the detector's input, its probability map and the
boxes that PaddleX's DB post-processing makes of that map, with several settings. For a sample
of the boxes: `crops/<image>.<index>.npz` with the quadrangle, the crop, the recogniser's input
for that crop alone, its output and the decoded text.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from oracle import DETECTION, FAMILIES, create_oracle

POSTPROCESS_VARIANTS: dict[str, dict[str, Any]] = {
    "quad_fast": {},
    "quad_slow": {"score_mode": "slow"},
    "quad_dilated": {"use_dilation": True},
    "poly_fast": {"box_type": "poly"},
}


def write_arrays(path: Path, **arrays: Any) -> None:
    """Write an .npz beside `path` and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        np.savez_compressed(stream, **arrays)
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)


def read_image(pipeline: Any, path: Path) -> np.ndarray:
    """Decode as the pipeline does: uint8 [H, W, 3], BGR."""
    image: np.ndarray = pipeline.img_reader([str(path)])[0]
    return image


def run_detector(pipeline: Any, image: np.ndarray) -> dict[str, Any]:
    """Detector input float32 [3, h, w], its map float32 [h, w], and the recorded source shape."""
    detector = pipeline.text_det_model
    steps = detector.pre_tfs
    resized, shapes = steps["Resize"](
        imgs=[image],
        limit_side_len=DETECTION["limit_side_len"],
        limit_type=DETECTION["limit_type"],
        max_side_limit=DETECTION["max_side_limit"],
    )
    planes = steps["ToCHW"](imgs=steps["Normalize"](imgs=resized))
    output = detector.runner(x=steps["ToBatch"](imgs=planes))
    return {"input": planes[0], "prob": output[0][0, 0], "src_shape": shapes[0]}


def postprocess(prob: np.ndarray, src_shape: np.ndarray) -> dict[str, np.ndarray]:
    """Boxes and scores of every variant; polygons flattened, with their lengths beside them."""
    from paddlex.inference.models.text_detection.processors import DBPostProcess

    thresholds = {name: DETECTION[name] for name in ("thresh", "box_thresh", "unclip_ratio")}
    found: dict[str, np.ndarray] = {}
    for name, options in POSTPROCESS_VARIANTS.items():
        process = DBPostProcess(**thresholds, max_candidates=1000, **options)
        boxes, scores = process([prob[None, None]], [src_shape])
        found[f"{name}_scores"] = np.asarray(scores[0], np.float64)
        if options.get("box_type") == "poly":
            found[f"{name}_lengths"] = np.array([len(box) for box in boxes[0]], np.int64)
            points = [np.asarray(box, np.int64).reshape(-1, 2) for box in boxes[0]]
            found[f"{name}_points"] = np.concatenate([np.zeros((0, 2), np.int64), *points])
        else:
            found[f"{name}_boxes"] = np.asarray(boxes[0], np.int16).reshape(-1, 4, 2)
    found["boxes"], found["scores"] = found["quad_fast_boxes"], found["quad_fast_scores"]
    return found


def recognise_alone(pipeline: Any, crop: np.ndarray) -> dict[str, Any]:
    """Recogniser input float32 [3, 48, W], output float32 [T, C] and text of one crop alone."""
    recogniser = pipeline.text_rec_model
    tensor = recogniser.pre_tfs["ReisizeNorm"](imgs=[crop])
    output = recogniser.runner(x=recogniser.pre_tfs["ToBatch"](imgs=tensor))
    texts, scores = recogniser.post_op(output)
    return {
        "rec_input": tensor[0],
        "rec_output": output[0][0],
        "text": np.array(texts[0]),
        "score": np.float64(scores[0]),
    }


def dump_page(pipeline: Any, path: Path, out: Path, crops: int) -> int:
    """Dump one image and up to `crops` of its boxes, evenly spread; return how many crops."""
    image = read_image(pipeline, path)
    stages = run_detector(pipeline, image)
    boxes = postprocess(stages["prob"], stages["src_shape"])
    parameters = {name: np.array(value) for name, value in DETECTION.items()}
    write_arrays(out / "db" / f"{path.name}.npz", **stages, **boxes, **parameters)
    quads = pipeline._sort_boxes(boxes["boxes"])
    chosen = np.unique(np.linspace(0, len(quads) - 1, min(crops, len(quads))).astype(int))
    for index in chosen if len(quads) else []:
        crop = np.ascontiguousarray(pipeline._crop_by_polys(image, [quads[index]])[0])
        write_arrays(
            out / "crops" / f"{path.name}.{index:03d}.npz",
            page=np.array(path.name),
            quad=np.asarray(quads[index], np.int16),
            crop=crop,
            **recognise_alone(pipeline, crop),
        )
    return len(chosen) if len(quads) else 0


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder that gets db/ and crops/")
    parser.add_argument("images", type=Path, nargs="+", help="image files")
    parser.add_argument("--models", type=Path, required=True, help="folder of make_model_dirs.py")
    parser.add_argument("--family", choices=sorted(FAMILIES), default="v4")
    parser.add_argument("--crops", type=int, default=4, help="crops an image")
    parser.add_argument("--threads", type=int, default=0, help="0 keeps the engine's default")
    arguments = parser.parse_args()
    pipeline = create_oracle(arguments.models, arguments.family, threads=arguments.threads)
    for path in arguments.images:
        print(path.name, dump_page(pipeline, path, arguments.out, arguments.crops))
    return 0


if __name__ == "__main__":
    sys.exit(main())
