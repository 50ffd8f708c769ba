"""Model directories with networks whose right answer is known by construction."""

from __future__ import annotations

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper


def write_model(directory, graph, config):
    """Makes `directory` a model directory."""
    directory.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, directory / "inference.onnx")
    (directory / "inference.yml").write_text(
        yaml.safe_dump(config, allow_unicode=True), encoding="utf-8"
    )
    return directory


def move_weights_out(directory):
    """Puts the weights of a model directory's network into ``weights.bin`` beside it."""
    path = directory / "inference.onnx"
    network = onnx.load(path)
    for node in list(network.graph.node):  # only initializers can lie elsewhere
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = node.attribute[0].t
            tensor.name = node.output[0]
            network.graph.initializer.append(tensor)
            network.graph.node.remove(node)
    onnx.save(
        network, path, save_as_external_data=True, location="weights.bin", size_threshold=1024
    )
    return directory / "weights.bin"


def constant_network(outputs, *, channels=3):
    """Gives the arrays `outputs` whatever the picture [N, channels, H, W] is."""
    nodes, infos, initializers = [], [], []
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", channels, "h", "w"])
    nodes.append(helper.make_node("Shape", ["x"], ["shape"], name="shape"))
    initializers.append(numpy_helper.from_array(np.array(0, "int64"), "zero"))
    nodes.append(helper.make_node("ReduceSum", ["shape"], ["total"], keepdims=0))
    nodes.append(helper.make_node("Mul", ["total", "zero"], ["nothing"]))
    for index, array in enumerate(outputs):
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        initializers.append(numpy_helper.from_array(array, f"value{index}"))
        nodes.append(helper.make_node("Cast", ["nothing"], [f"cast{index}"], to=kind))
        nodes.append(helper.make_node("Add", [f"value{index}", f"cast{index}"], [f"out{index}"]))
        infos.append(helper.make_tensor_value_info(f"out{index}", kind, array.shape))
    return helper.make_graph(nodes, "constant", [image], infos, initializers)


def table_config(name, dictionary, *, merge=True, side=488):
    """inference.yml of a table model."""
    return {
        "Global": {"model_name": name},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"TableLabelEncode": {"merge_no_span_structure": merge}},
                {"TableBoxEncode": {"out_box_format": "xyxyxyxy"}},
                {"ResizeTableImage": {"max_len": side}},
                {
                    "NormalizeImage": {
                        "mean": [0.485, 0.456, 0.406],
                        "std": [0.229, 0.224, 0.225],
                        "scale": "1./255.",
                        "order": "hwc",
                    }
                },
                {"PaddingTableImage": {"size": [side, side]}},
                {"ToCHWImage": None},
                {"KeepKeys": {"keep_keys": ["image"]}},
            ]
        },
        "PostProcess": {"name": "TableLabelDecode", "character_dict": dictionary},
    }


def unwarping_network(nodes, initializers=()):
    """`nodes` from "image" to "flat", both float32 [1, 3, H, W], as UVDoc's export has them."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])
    flat = helper.make_tensor_value_info("flat", TensorProto.FLOAT, ["n", 3, "oh", "ow"])
    return helper.make_graph(nodes, "unwarping", [image], [flat], list(initializers))
