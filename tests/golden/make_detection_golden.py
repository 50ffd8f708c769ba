"""Writes ``paddlex_detection.json``: what PaddleX's own operators make of rows, masks and maps.

Run it with the Python of an environment that has PaddleX 3.7.2 with its OCR extra and ONNX Runtime:
``python tests/golden/make_detection_golden.py MODEL_DIR``, where MODEL_DIR holds ``inference.onnx``
of picodet_lcnet_x1_0_fgd_layout_cdla. Nothing of hpinfer is imported.

PaddleX has no decoder for networks that stop before their NMS, so the page's rows come from the
NumPy reference of tests/python/parity, which the file keeps; what PaddleX makes of them is golden.
"""

from __future__ import annotations

import copy
import importlib.metadata
import json
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))
from parity import reference_detection as reference  # noqa: E402

LABELS = ["text", "image", "formula", "table", "seal"]
CDLA = [
    "text", "title", "figure", "figure_caption", "table", "table_caption", "header", "footer",
    "reference", "equation",
]  # fmt: skip
#: Parameters as a call would give them; JSON's keys are text, so numbers by class are pairs.
CASES = [
    {"columns": 6, "threshold": 0.4},
    {"columns": 6, "threshold": {"0": 0.2, "3": 0.7}},
    {"columns": 6, "threshold": 0.1, "layout_nms": True},
    {"columns": 6, "threshold": 0.1, "layout_merge_bboxes_mode": "large"},
    {"columns": 6, "threshold": 0.1, "layout_merge_bboxes_mode": "small"},
    {"columns": 6, "threshold": 0.1, "layout_merge_bboxes_mode": {"0": "large", "3": "small"}},
    {"columns": 6, "threshold": 0.3, "layout_unclip_ratio": 1.2},
    {"columns": 6, "threshold": 0.3, "layout_unclip_ratio": [1.1, 0.8]},
    {"columns": 6, "threshold": 0.3, "layout_unclip_ratio": {"0": [1.5, 1.0], "4": [0.5, 2.0]}},
    {"columns": 7, "threshold": 0.2, "layout_nms": True, "layout_merge_bboxes_mode": "large"},
    {"columns": 8, "threshold": 0.2, "layout_nms": True, "layout_unclip_ratio": 1.05},
    {"columns": 10, "threshold": 0.5},
    {"columns": 6, "threshold": 0.999},
]


def main() -> None:
    """Writes the file beside this script."""
    from paddlex.inference.models.object_detection import processors

    post = processors.DetPostProcess(labels=LABELS)
    rng = np.random.default_rng(20)
    golden = {
        "paddlex": importlib.metadata.version("paddlex"),
        "labels": LABELS,
        "cases": [detection_case(post, rng, case) for case in CASES],
        "instances": [instance_case(rng) for _ in range(3)],
        "maps": [map_case(rng, *sizes) for sizes in ((7, 9, 20, 31), (12, 8, 5, 3))],
        "resizes": [resize_case(rng, *sizes) for sizes in ((40, 61), (90, 33))],
        "page": page_case(processors, Path(sys.argv[1]) / "inference.onnx"),
    }
    target = Path(__file__).with_name("paddlex_detection.json")
    temporary = target.with_suffix(".tmp")
    temporary.write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="utf-8")
    temporary.replace(target)


def by_number(value):
    """Text keys of JSON as numbers, lists as tuples."""
    if isinstance(value, dict):
        return {int(key): by_number(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def plain(boxes):
    """Boxes in JSON's types."""
    return [{**box, "coordinate": [float(value) for value in box["coordinate"]]} for box in boxes]


def detection_case(post, rng, case):
    """Random rows and what DetPostProcess makes of them."""
    size = (640, 480)
    rows = reference.random_rows(rng, 24, columns=case["columns"], size=size)
    options = {key: by_number(value) for key, value in case.items() if key != "columns"}
    boxes = post.apply(
        rows.copy(), size, options.pop("threshold"), options.get("layout_nms"),
        options.get("layout_unclip_ratio"), options.get("layout_merge_bboxes_mode"),
    )  # fmt: skip
    return {"options": case, "size": size, "rows": rows.tolist(), "boxes": plain(boxes)}


def instance_case(rng):
    """Random rows with masks; rows inside the picture, where PaddleX pairs masks correctly."""
    from paddlex.inference.models.instance_segmentation.processors import InstanceSegPostProcess

    height, width = 12, 16
    rows = reference.random_rows(rng, 4, size=(width, height))
    rows[:, 0] = np.abs(rows[:, 0])
    rows[:, 2:4] = rng.uniform(0, 6, (4, 2))
    rows[:, 4:] = rows[:, 2:4] + rng.uniform(1, 9, (4, 2))
    masks = rng.integers(0, 2, (4, height, width)).astype(np.int32)
    result = InstanceSegPostProcess(labels=LABELS).apply(
        masks, (width, height), boxes=rows.copy(), threshold=0.3
    )
    return {
        "size": (width, height),
        "rows": rows.tolist(),
        "masks": masks.tolist(),
        "boxes": plain(result["boxes"]),
        "cut": [mask.tolist() for mask in result["masks"]],
    }


def map_case(rng, height, width, out_height, out_width):
    """A label map brought to a picture's size by SegPostProcess."""
    from paddlex.inference.models.semantic_segmentation.processors import SegPostProcess

    labels = rng.integers(0, 9, (1, height, width)).astype(np.int32)
    picture = np.zeros((out_height, out_width, 3), np.uint8)
    (restored,) = SegPostProcess()([labels], [picture])
    return {"labels": labels.tolist(), "restored": restored.tolist()}


def resize_case(rng, height, width):
    """The size that segmentation's resize gives a picture for a target."""
    from paddlex.inference.models.semantic_segmentation.processors import Resize

    step = Resize(target_size=(128, 96), keep_ratio=True, size_divisor=32, interp="LINEAR")
    picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    (resized,) = step([picture])
    return {"size": (width, height), "target": (128, 96), "resized": resized.shape[1::-1]}


def page_case(processors, network):
    """The example page through the layout network with PaddleX's pre- and post-processing."""
    import onnxruntime

    page = cv2.imread(str(ROOT / "examples" / "pages" / "report.png"))
    datas = processors.ReadImage(format="RGB")([page])
    datas = processors.Resize(target_size=[608, 800], interp="BICUBIC")(datas)
    datas = processors.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))(datas)
    datas = processors.ToCHWImage()(datas)
    image, factors = processors.ToBatch(("img", "scale_factors"))(datas)
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    outputs = [output[0] for output in session.run(None, {"image": image})]
    rows = reference.decode_gfl(
        outputs[:4], outputs[4:], (608, 800), tuple(factors[0][::-1]), (8, 16, 32, 64),
        score=0.3, nms=0.5, top_k=1000, keep=100,
    ).astype(np.float32)  # fmt: skip
    post = processors.DetPostProcess(labels=CDLA)
    boxes = {}
    for name, options in {
        "plain": (0.5, None, None, None),
        "layout": (0.5, True, None, "large"),
        "unclip": ({0: 0.9, 4: 0.6}, None, 1.05, None),
    }.items():
        boxes[name] = plain(post.apply(copy.deepcopy(rows), page.shape[1::-1], *options))
    return boxes


if __name__ == "__main__":
    main()
