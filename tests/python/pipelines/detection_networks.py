"""Networks of the detection and segmentation contracts whose right answer is known."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import yaml

SIDE = 64
LABELS = ["nothing", "cat", "dog", "bird"]

_HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
#: One row for each picture whose top left pixel is not black: the class is the pixel's red value
#: and the box reaches from 1/4 to 3/4 of the picture, in its own pixels.
_BODY = """
    first = Slice(image, zeros, ones, axes)
    red = Reshape(first, column)
    found = Greater(red, zero)
    flat = Reshape(found, all)
    picked = NonZero(flat)
    index = Reshape(picked, all)
    score = Mul(red, zero)
    scores = Add(score, nine)
    {geometry}
    low = Mul(size, quarter)
    high = Mul(size, three_quarters)
    rows = Concat <axis = 1> (red, scores, low, high)
    boxes = Gather <axis = 0> (rows, index)
    counted = Cast <to = 6> (flat)
    counts = Identity(counted)
"""
_GEOMETRY = {
    # No geometry: the network's own pixels.
    ("image",): "none = Mul(score, zero)\n    size = Add(none, side)",
    (
        "image",
        "scale_factor",
    ): "yx = Div(side, scale_factor)\n    size = Gather <axis = 1> (yx, xy)",
    ("im_shape", "image", "scale_factor"): (
        "yx = Div(im_shape, scale_factor)\n    size = Gather <axis = 1> (yx, xy)"
    ),
}
#: Of a network that takes any size, without geometry: the pixels that it was given.
_OWN_PIXELS = """
    sides = Shape <start = 2, end = 4> (image)
    lengths = Cast <to = 1> (sides)
    yx = Reshape(lengths, pair)
    xy_size = Gather <axis = 1> (yx, xy)
    none = Mul(score, zero)
    size = Add(none, xy_size)
"""
_MASKS = """
    whole = Slice(size, first_row, second_row, row_axis)
    rounded = Round(whole)
    integers = Cast <to = 7> (rounded)
    flat_size = Reshape(integers, all)
    sides = Reshape(flat_size, two)
    w = Gather <axis = 0> (sides, first_row)
    h = Gather <axis = 0> (sides, second_row)
    how_many = Shape(index)
    full = Concat <axis = 0> (how_many, h, w)
    height = Squeeze(h, row_axis)
    lines = Range(zero_int, height, one_int)
    parity = Mod(lines, two_int)
    striped = Unsqueeze(parity, outer_axes)
    stripes = Expand(striped, full)
    masks = Cast <to = 6> (stripes)
"""


def detection_model(folder, inputs, *, masks=False, any_size=False, name="tiny", **config):
    """Writes a detector with these inputs and its inference.yml; gives the folder."""
    side = "H, W" if any_size else f"{SIDE}, {SIDE}"
    shapes = {"image": f"float[N, 3, {side}]"}
    signature = ", ".join(f"{shapes.get(i, 'float[N, 2]')} {i}" for i in inputs)
    outputs = "float[M, 6] boxes, int32[N] counts" + (", int32[M, H, W] masks" if masks else "")
    geometry = _OWN_PIXELS if any_size else _GEOMETRY[tuple(inputs)]
    body = _BODY.format(geometry=geometry) + (_MASKS if masks else "")
    model = onnx.parser.parse_model(f"{_HEAD} net ({signature}) => ({outputs}) {{{body}}}")
    _constants(model, masks=masks)
    onnx.save(model, folder / "inference.onnx")
    steps = [
        {"type": "Resize", "target_size": [SIDE, SIDE], "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 1], "is_scale": False,
         "norm_type": "none"},
        {"type": "Permute"},
    ]  # fmt: skip
    yml = {
        "Global": {"model_name": name},
        "draw_threshold": 0.5,
        "arch": "DETR",
        "Preprocess": steps,
        "label_list": LABELS,
        **({"mask": True} if masks else {}),
        **config,
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(yml), encoding="utf-8")
    return folder


def _constants(model, *, masks):
    values = {
        "zeros": [0, 0, 0], "ones": [1, 1, 1], "axes": [1, 2, 3], "column": [-1, 1], "all": [-1],
        "xy": [1, 0], "pair": [1, 2],
    }  # fmt: skip
    if masks:
        values |= {"first_row": [0], "second_row": [1], "two": [2], "row_axis": [0]}
        values["outer_axes"] = [0, 2]
    arrays = {name: np.array(value, np.int64) for name, value in values.items()}
    if masks:
        arrays |= {
            name: np.array(value, np.int64)
            for name, value in {"zero_int": 0, "one_int": 1, "two_int": 2}.items()
        }
    floats = {"zero": 0.0, "nine": 0.9, "quarter": 0.25, "three_quarters": 0.75}
    arrays |= {name: np.array(value, np.float32) for name, value in floats.items()}
    arrays["side"] = np.array([[SIDE, SIDE]], np.float32)
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in arrays.items() if name in used
    )


def segmentation_model(folder, *, output="labels", transforms=None):
    """Writes a network that labels each pixel with its red value; gives the folder."""
    labels = """
        red = Slice(x, from, to, channel)
        half = Mul(red, point_five)
        unit = Add(half, point_five)
        level = Mul(unit, white)
        whole = Round(level)
    """
    if output == "labels":
        body = labels + "flat = Squeeze(whole, channel)\n labels = Cast <to = 6> (flat)"
        out = "int32[N, H, W] labels"
    else:  # two classes: red up to 99, and above
        body = labels + "\n".join(
            [
                "over = Sub(whole, limit)",
                "under = Neg(over)",
                "values = Concat <axis = 1> (under, over)",
            ]
        )
        out = "float[N, 2, H, W] values"
    model = onnx.parser.parse_model(f"{_HEAD} net (float[N, 3, H, W] x) => ({out}) {{{body}}}")
    arrays = {
        "from": np.array([0]), "to": np.array([1]), "channel": np.array([1]),
        "point_five": np.float32(0.5), "white": np.float32(255), "limit": np.float32(99.5),
    }  # fmt: skip
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(value), name)
        for name, value in arrays.items()
        if name in used
    )
    onnx.save(model, folder / "inference.onnx")
    normalize = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3}
    yml = {
        "Global": {"model_name": "tiny"},
        "Deploy": {"transforms": transforms or [normalize]},
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(yml), encoding="utf-8")
    return folder
