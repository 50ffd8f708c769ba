"""A classifier whose answer is the colour of the picture."""

from __future__ import annotations

import numpy as np
from constructed import write_model
from onnx import TensorProto, helper, numpy_helper

COLOURS = ["red", "green", "blue", "black"]
_BGR = {"red": (0, 0, 230), "green": (0, 230, 0), "blue": (230, 0, 0), "black": (8, 8, 8)}


def colour_model(directory, *, name="colours", labels=COLOURS, topk=4, crop=8):
    """Writes the model: scores of red, green, blue and of none of them, 0 to 1."""
    one = numpy_helper.from_array(np.array(1, np.float32), "one")
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["rgb"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMax", ["rgb"], ["most"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["one", "most"], ["dark"]),
        helper.make_node("Concat", ["rgb", "dark"], ["scores"], axis=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 4])
    config = {
        "Global": {"model_name": name},
        "PreProcess": {
            "transform_ops": [
                {"ResizeImage": {"resize_short": 8}},
                {"CropImage": {"size": crop}},
                {
                    "NormalizeImage": {
                        "channel_num": 3,
                        "mean": [0, 0, 0],
                        "std": [1, 1, 1],
                        "scale": 0.00392156862745098,
                        "order": "",
                    }
                },
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {"Topk": {"topk": topk, "label_list": labels}},
    }
    return write_model(directory, helper.make_graph(nodes, "colours", [x], [scores], [one]), config)


def coloured(colour, height=30, width=40):
    """A BGR picture of one colour with a white corner, so that turning it shows."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = _BGR[colour]
    picture[:4, :6] = 255
    return picture
