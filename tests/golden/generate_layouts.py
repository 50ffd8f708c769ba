"""Writes layouts.json: the layout that PaddleX's operators find, and its best classes.

``python generate_layouts.py --model MODEL_DIR IMAGE…`` in an environment with PaddleX 3.7.2 and
ONNX Runtime; MODEL_DIR has ``inference.onnx`` of picodet_lcnet_x1_0_fgd_layout_cdla. Pictures that
are not in this repository are named with their hash, and the test takes them from
HPINFER_TEST_IMAGES. Nothing of hpinfer is imported.

PaddleX has no decoder for networks that stop before their NMS: the rows come from the NumPy
reference of tests/python/parity, everything before and after them is PaddleX's.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
from make_detection_golden import CDLA, plain

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))
from parity import reference_detection as reference  # noqa: E402

_RANDOM_CLASSES = ((7, 3), (1000, 5), (5, 9), (40, 1))


def main() -> None:
    """Writes the file beside this script."""
    import onnxruntime
    from paddlex.inference.models.image_classification.processors import Topk
    from paddlex.inference.models.object_detection import processors

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("images", nargs="+", type=Path)
    args = parser.parse_args()
    session = onnxruntime.InferenceSession(
        str(args.model / "inference.onnx"), providers=["CPUExecutionProvider"]
    )
    versions = {name: importlib.metadata.version(name) for name in ("paddlex", "onnxruntime")}
    golden = {
        "versions": versions,
        "classes": [classes_case(Topk, *sizes) for sizes in _RANDOM_CLASSES],
        "pages": [page_case(processors, session, image) for image in sorted(args.images)],
    }
    target = HERE / "layouts.json"
    temporary = target.with_suffix(".tmp")
    temporary.write_text(_one_line_a_page(golden), encoding="utf-8")
    temporary.replace(target)


def classes_case(topk, count, wanted):
    """Random scores, no two of them equal, and the classes that PaddleX takes."""
    rng = np.random.default_rng(count)
    scores = rng.permutation(np.linspace(0, 1, count, dtype=np.float32))[None]
    labels = [f"class {number}" for number in range(max(count - 2, 1))]
    indexes, kept, names = topk(class_ids=labels)([scores], topk=wanted)
    return {
        "scores": scores[0].tolist(),
        "labels": len(labels),
        "topk": wanted,
        "class_ids": indexes[0].tolist(),
        "kept": kept[0].astype(float).tolist(),
        "label_names": names[0],
    }


def page_case(processors, session, image):
    """A picture through the layout network with PaddleX's pre- and post-processing."""
    datas = processors.ReadImage(format="RGB")([str(image)])
    height, width = datas[0]["img"].shape[:2]
    datas = processors.Resize(target_size=[608, 800], interp="BICUBIC")(datas)
    datas = processors.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))(datas)
    datas = processors.ToCHWImage()(datas)
    pixels, factors = processors.ToBatch(("img", "scale_factors"))(datas)
    outputs = [output[0] for output in session.run(None, {"image": pixels})]
    rows = reference.decode_gfl(
        outputs[:4], outputs[4:], (608, 800), tuple(factors[0][::-1]), (8, 16, 32, 64),
        score=0.3, nms=0.5, top_k=1000, keep=100,
    ).astype(np.float32).reshape(-1, 6)  # fmt: skip
    boxes = processors.DetPostProcess(labels=CDLA).apply(
        rows, (width, height), 0.5, None, None, None
    )
    return {
        "image": image.name,
        "sha256": hashlib.sha256(image.read_bytes()).hexdigest(),
        "boxes": [
            [box["cls_id"], round(box["score"], 5), *(round(c, 3) for c in box["coordinate"])]
            for box in plain(boxes)
        ],
    }


def _one_line_a_page(golden):
    parts = []
    for key, value in golden.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(item, separators=(",", ":")) for item in value)
            parts.append(f"{json.dumps(key)}: [\n{lines}\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
