"""Model folders of PaddleX's module classes, with small networks of their inputs and outputs.

Needs the package onnx. What the networks compute is known by construction and depends on the
picture wherever the class allows it; the networks are those of tests/python/pipelines.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "pipelines"))
from colour_network import colour_model
from constructed import constant_network, table_config, unwarping_network, write_model
from detection_networks import segmentation_model
from formula_networks import latex_config, sides_network, unimernet_config
from onnx import TensorProto, helper, numpy_helper

DETR = ("im_shape", "image", "scale_factor")
TABLE = ["<thead>", "<tr>", "<td></td>", "</tr>", "</thead>", "<tbody>", "</tbody>"]
CLASSIFY = [
    {"ResizeImage": {"size": [64, 64]}},
    {"NormalizeImage": {"mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1 / 255, "order": ""}},
    {"ToCHWImage": None},
]
ANGLES = ["0", "90", "180", "270"]
#: Labels of classifiers.
CLASSIFIERS = {"ResNet50": ["red", "green", "blue", "black"], "PP-LCNet_x1_0_doc_ori": ANGLES}
BINARY = {
    "PP-LCNet_x1_0_textline_ori": ["0_degree", "180_degree"],
    "PP-LCNet_x1_0_table_cls": ["wired_table", "wireless_table"],
}
DETECTORS = {
    "YOLOX-N": ("image", "scale_factor"),
    "PicoDet-S": ("image", "scale_factor"),
    "RT-DETR-L": DETR,
    "PP-YOLOE-S_human": ("image", "scale_factor"),
}
LABELS = ["person", "cat", "dog"]
SIDE = 64


def write_models(root: Path) -> dict[str, Path]:
    """Writes a folder for every class; by model name."""
    made: dict[str, Path] = {}
    for name, labels in CLASSIFIERS.items():
        made[name] = colour_model(root / name, name=name, labels=labels, crop=8)
    for name, labels in BINARY.items():
        made[name] = dark_or_light(root / name, labels)
    for name, inputs in DETECTORS.items():
        made[name] = detector(root / name, LABELS, inputs=inputs)
    made["Mask-RT-DETR-L"] = detector(root / "Mask-RT-DETR-L", LABELS, masks=True)
    made["PP-LiteSeg-T"] = renamed(segmentation_model(new(root, "PP-LiteSeg-T")), "PP-LiteSeg-T")
    made["STFPM"] = anomalies(root / "STFPM")
    made["PP-ShiTuV2_rec"] = features(root / "PP-ShiTuV2_rec")
    made["MobileFaceNet"] = features(root / "MobileFaceNet")
    made["PP-LCNet_x1_0_ML"] = many_labels(root / "PP-LCNet_x1_0_ML")
    made["PP-TinyPose_128x96"] = keypoints(root / "PP-TinyPose_128x96")
    made["UVDoc"] = unwarping(root / "UVDoc")
    made["LaTeX_OCR_rec"] = write_model(root / "LaTeX_OCR_rec", sides_network(), latex_config())
    for name in ("UniMERNet", "PP-FormulaNet-S", "PP-FormulaNet_plus-L"):
        made[name] = formulas(root / name)
    for name in ("SLANet_plus", "SLANeXt_wired", "SLANeXt_wireless"):
        made[name] = table(root / name)
    for name in ("PP-DocLayout-L", "PP-DocLayout_plus-L", "RT-DETR-H_layout_17cls"):
        made[name] = detector(root / name, ["table", "text", "formula", "seal", "doc_title"])
    made["PP-DocBlockLayout"] = detector(root / "PP-DocBlockLayout", ["Region"])
    made["PP-DocLayoutV2"] = detector(root / "PP-DocLayoutV2", ["table", "text"], columns=8)
    for kind in ("wired", "wireless"):
        name = f"RT-DETR-L_{kind}_table_cell_det"
        made[name] = detector(root / name, ["cell"])
    return made


def new(root: Path, name: str) -> Path:
    """An empty folder."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def renamed(folder: Path, name: str) -> Path:
    """The folder, its inference.yml under another name."""
    path = folder / "inference.yml"
    text = path.read_text(encoding="utf-8").replace("model_name: tiny", f"model_name: {name}")
    path.write_text(text, encoding="utf-8")
    return folder


def picture_network(nodes: list[Any], output: Any, constants: list[Any], name: str = "x") -> Any:
    """A graph from a picture [N, 3, H, W] to one output."""
    x = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"])
    return helper.make_graph(nodes, "net", [x], [output], constants)


def features(folder: Path) -> Path:
    """Mean colour, as a feature of length 3."""
    out = helper.make_tensor_value_info("feature", TensorProto.FLOAT, ["n", 3])
    nodes = [helper.make_node("ReduceMean", ["x"], ["feature"], axes=[2, 3], keepdims=0)]
    config = {
        "Global": {"model_name": folder.name},
        "PreProcess": {"transform_ops": CLASSIFY},
        "PostProcess": {"NormalizeFeatures": None},
    }
    return write_model(folder, picture_network(nodes, out, []), config)


def dark_or_light(folder: Path, labels: list[str]) -> Path:
    """Scores of two classes: how light the picture is, and how dark."""
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    row = numpy_helper.from_array(np.array([-1, 1], np.int64), "row")
    out = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2])
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["light"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["light", "row"], ["level"]),
        helper.make_node("Sub", ["one", "level"], ["rest"]),
        helper.make_node("Concat", ["level", "rest"], ["scores"], axis=1),
    ]
    config = {
        "Global": {"model_name": folder.name},
        "PreProcess": {"transform_ops": CLASSIFY},
        "PostProcess": {"Topk": {"topk": 1, "label_list": labels}},
    }
    return write_model(folder, picture_network(nodes, out, [one, row]), config)


def many_labels(folder: Path) -> Path:
    """Mean colour as three labels' scores."""
    out = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])
    nodes = [helper.make_node("ReduceMean", ["x"], ["scores"], axes=[2, 3], keepdims=0)]
    labels = ["red", "green", "blue"]
    config = {
        "Global": {"model_name": folder.name},
        "PreProcess": {"transform_ops": CLASSIFY},
        "PostProcess": {"MultiLabelThreshOutput": {"threshold": 0.4, "label_list": labels}},
    }
    return write_model(folder, picture_network(nodes, out, []), config)


def anomalies(folder: Path) -> Path:
    """Darkness of each pixel; PaddleX writes its mask into the output itself."""
    half = numpy_helper.from_array(np.array(0.2, np.float32), "half")
    out = helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", 1, "h", "w"])
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["light"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["half", "light"], ["map"]),
    ]
    steps = [{"type": "Resize", "target_size": [64, 64]}, {"type": "Normalize"}]
    config = {"Global": {"model_name": folder.name}, "Deploy": {"transforms": steps}}
    return write_model(folder, picture_network(nodes, out, [half]), config)


def keypoints(folder: Path) -> Path:
    """Seventeen heat maps of the picture's brightness, and where each is highest."""
    copies = numpy_helper.from_array(np.array([1, 17, 1, 1], np.int64), "copies")
    flat = numpy_helper.from_array(np.array([0, 17, -1], np.int64), "flat")
    nodes = [
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("ReduceMean", ["small"], ["light"], axes=[1], keepdims=1),
        helper.make_node("Tile", ["light", "copies"], ["heat"]),
        helper.make_node("Reshape", ["heat", "flat"], ["rows"]),
        helper.make_node("ArgMax", ["rows"], ["best"], axis=2, keepdims=0),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 128, 96])
    outputs = [
        helper.make_tensor_value_info("heat", TensorProto.FLOAT, ["n", 17, 32, 24]),
        helper.make_tensor_value_info("best", TensorProto.INT64, ["n", 17]),
    ]
    config = {
        "Global": {"model_name": folder.name},
        "arch": "HRNet",
        "Preprocess": [
            {"type": "TopDownEvalAffine", "trainsize": [96, 128]},
            {"type": "NormalizeImage", "is_scale": True},
            {"type": "Permute"},
        ],
        "label_list": ["keypoint"],
    }
    graph = helper.make_graph(nodes, "net", [image], outputs, [copies, flat])
    return write_model(folder, graph, config)


def unwarping(folder: Path) -> Path:
    """A little darker; PaddleX multiplies the output in place."""
    factor = numpy_helper.from_array(np.array([0.9], np.float32), "factor")
    graph = unwarping_network([helper.make_node("Mul", ["image", "factor"], ["flat"])], [factor])
    return write_model(folder, graph, {"Global": {"model_name": folder.name}})


def formulas(folder: Path) -> Path:
    """The same formula whatever the picture."""
    tokens = np.array([[0, 4, 5, 6, 7, 8, 2]], np.int64)
    config = unimernet_config(folder.name, (48, 96))
    if folder.name == "UniMERNet":
        steps = config["PreProcess"]["transform_ops"]
        config["PreProcess"]["transform_ops"] = [
            {"UniMERNetImageFormat": None} if "LatexImageFormat" in step else step for step in steps
        ]
    return write_model(folder, constant_network([tokens], channels=1), config)


def table(folder: Path) -> Path:
    """Two rows of two cells."""
    merged = ["<td></td>" if word == "<td>" else word for word in TABLE]
    words = ["sos", *merged, "<td", ">", "</td>", "eos"]
    cells = ["<td></td>", "<td></td>"]
    sequence = ["<tbody>", "<tr>", *cells, "</tr>", "<tr>", *cells, "</tr>", "</tbody>", "eos"]
    scores = np.full((1, len(sequence), len(words)), 0.01, np.float32)
    for place, word in enumerate(sequence):
        scores[0, place, words.index(word)] = 0.9
    boxes = np.zeros((1, len(sequence), 8), np.float32)
    corners = iter([(0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5)])
    for place, word in enumerate(sequence):
        if word == "<td></td>":
            x, y = next(corners)
            boxes[0, place] = [x, y, x + 0.5, y, x + 0.5, y + 0.5, x, y + 0.5]
    dictionary = [*TABLE, "<td", ">", "</td>"]
    config = table_config(folder.name, dictionary, merge=True)
    return write_model(folder, constant_network([boxes, scores]), config)


def detector(
    folder: Path,
    labels: list[str],
    *,
    inputs: tuple[str, ...] = DETR,
    columns: int = 6,
    masks: bool = False,
) -> Path:
    """One box for each label, one below the other, in fractions of the page; perhaps its mask."""
    shapes = {
        "im_shape": ["n", 2],
        "image": ["n", 3, SIDE, SIDE],
        "scale_factor": ["n", 2],
    }
    given = [helper.make_tensor_value_info(i, TensorProto.FLOAT, shapes[i]) for i in inputs]
    network_size = "im_shape" if "im_shape" in inputs else "side"
    nodes = [
        helper.make_node("Div", [network_size, "scale_factor"], ["size"]),
        helper.make_node("Gather", ["size", "first"], ["height"], axis=1),
        helper.make_node("Gather", ["size", "second"], ["width"], axis=1),
        helper.make_node("Mul", ["xs", "width"], ["across"]),
        helper.make_node("Mul", ["ys", "height"], ["down"]),
        helper.make_node("Sum", ["across", "down", "rest"], ["scale"]),
        helper.make_node("Mul", ["rows", "scale"], ["placed"]),
        # The picture takes part, at no weight: engines drop inputs that do not.
        helper.make_node("ReduceMean", ["image"], ["level"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["level", "column"], ["flat"]),
        helper.make_node("Mul", ["flat", "zero"], ["nothing"]),
        helper.make_node("Add", ["placed", "nothing"], ["boxes"]),
        helper.make_node("Identity", ["count"], ["number"]),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["m", columns]),
        helper.make_tensor_value_info("number", TensorProto.INT32, ["n"]),
    ]
    constants = detector_constants(len(labels), columns)
    if masks:
        nodes += [
            helper.make_node("Round", ["size"], ["whole"]),
            helper.make_node("Cast", ["whole"], ["integers"], to=TensorProto.INT64),
            helper.make_node("Reshape", ["integers", "vector"], ["page"]),
            helper.make_node("Concat", ["many", "page"], ["extent"], axis=0),
            helper.make_node("Expand", ["one", "extent"], ["masks"]),
        ]
        outputs.append(helper.make_tensor_value_info("masks", TensorProto.INT32, ["m", "h", "w"]))
        constants |= {
            "vector": np.array([2], np.int64),
            "many": np.array([len(labels)], np.int64),
            "one": np.array([[[1]]], np.int32),
        }
    used = {name for node in nodes for name in node.input}
    initializers = [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used]
    graph = helper.make_graph(nodes, "net", given, outputs, initializers)
    return write_model(folder, graph, detector_config(folder.name, labels, masks=masks))


def detector_constants(boxes: int, columns: int) -> dict[str, np.ndarray]:
    """Boxes in fractions of the page, and what places them on it."""
    rows = np.zeros((boxes, columns), np.float32)
    for index in range(boxes):
        rows[index, :6] = [index, 0.9, 0.02, index / boxes, 0.98, (index + 1) / boxes]
        rows[index, 6:] = index
    xs, ys = np.zeros((2, 1, columns), np.float32)
    xs[0, [2, 4]] = ys[0, [3, 5]] = 1
    return {
        "rows": rows,
        "xs": xs,
        "ys": ys,
        "rest": 1 - xs - ys,
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "count": np.array([boxes], np.int32),
        "column": np.array([-1, 1], np.int64),
        "zero": np.array(0, np.float32),
        "side": np.array([[SIDE, SIDE]], np.float32),
    }


def detector_config(name: str, labels: list[str], *, masks: bool) -> dict[str, Any]:
    """`inference.yml` of a detector."""
    return {
        "Global": {"model_name": name},
        "arch": "DETR",
        "draw_threshold": 0.5,
        "Preprocess": [
            {"type": "Resize", "target_size": [SIDE, SIDE], "keep_ratio": False, "interp": 2},
            {"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 1], "norm_type": "none"},
            {"type": "Permute"},
        ],
        "label_list": labels,
        **({"mask": True} if masks else {}),
    }
