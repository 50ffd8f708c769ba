"""Networks for families without public weights: the real contract, and the cost of a real model.

What they answer is fixed by construction; what they cost comes from convolutions whose result the
answer hangs on, so that no engine can leave them out. The figure beside each builder is the work of
the model that it stands for, at the size of its input.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_OPSET = 16
_MASK_SIDE = 160
_SCALES = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


class Graph:
    """An ONNX graph that is built from its input on."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._values: list[Any] = []
        self._generator = np.random.default_rng(0)

    def constant(self, array: npt.NDArray[Any]) -> str:
        """The name of a constant."""
        name = f"c{len(self._values)}"
        self._values.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, *inputs: str, to_name: str | None = None, **attributes: Any) -> str:
        """Adds a node; the name of its output."""
        name = to_name or f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def integers(self, *values: int) -> str:
        """A constant int64 vector."""
        return self.constant(np.array(values, np.int64))

    def convolve(self, source: str, channels: tuple[int, int], *, stride: int = 1) -> str:
        """A 3x3 convolution with ReLU."""
        before, after = channels
        weights = self._generator.normal(0, 1 / (3 * before**0.5), (after, before, 3, 3))
        done = self.add(
            "Conv", source, self.constant(weights.astype(np.float32)),
            strides=[stride, stride], pads=[1, 1, 1, 1],
        )  # fmt: skip
        return self.add("Relu", done)

    def backbone(self, source: str, *, channels: int, layers: int, planes: int = 3) -> str:
        """Halves the sides three times, then `layers` convolutions: [N, channels, H/8, W/8]."""
        sizes = [planes, channels // 4, channels // 2, channels]
        for before, after in itertools.pairwise(sizes):
            source = self.convolve(source, (before, after), stride=2)
        for _ in range(layers):
            source = self.convolve(source, (channels, channels))
        return source

    def nothing(self, features: str) -> str:
        """float32 [1] that is 0, but only after `features` were computed."""
        total = self.add("ReduceMax", features, keepdims=0)
        small = self.add("Clip", total, self.constant(np.float32(0)), self.constant(np.float32(0)))
        return self.add("Reshape", small, self.integers(1))

    def write(
        self, folder: Path, inputs: dict[str, list[Any]], outputs: dict[str, tuple[int, list[Any]]]
    ) -> None:
        """Saves the network into `folder`; sides are numbers or names."""
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(n, t, s) for n, (t, s) in outputs.items()],
            self._values,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8
        )
        onnx.checker.check_model(model)
        onnx.save(model, folder / "inference.onnx")


def _write_config(folder: Path, config: dict[str, Any]) -> Path:
    (folder / "inference.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def classifier(folder: Path, *, name: str = "ResNet50") -> Path:
    """1000 classes of 224x224, about 4 GFLOP (ResNet50: 8, PP-LCNet_x2_5: 2)."""
    graph = Graph()
    features = graph.backbone("x", channels=192, layers=8)
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", features))
    weights = np.random.default_rng(1).normal(0, 1, (192, 1000)).astype(np.float32)
    graph.add("Softmax", graph.add("MatMul", pooled, graph.constant(weights)), to_name="scores")
    graph.write(folder, {"x": ["n", 3, "h", "w"]}, {"scores": (TensorProto.FLOAT, ["n", 1000])})
    steps = [
        {"ResizeImage": {"resize_short": 256}},
        {"CropImage": {"size": 224}},
        {"NormalizeImage": {**_SCALES, "channel_num": 3, "scale": 1 / 255, "order": ""}},
        {"ToCHWImage": None},
    ]
    labels = [f"class {number}" for number in range(1000)]
    return _write_config(
        folder,
        {
            "Global": {"model_name": name},
            "PreProcess": {"transform_ops": steps},
            "PostProcess": {"Topk": {"topk": 5, "label_list": labels}},
        },
    )


def segmenter(folder: Path, *, name: str = "SegFormer-B0") -> Path:
    """19 classes at the picture's size, about 10 GFLOP for 1024x512 (SegFormer-B0: 8)."""
    graph = Graph()
    features = graph.backbone("x", channels=128, layers=4)
    classes = graph.convolve(features, (128, 19))
    shape = graph.add("Shape", "x")
    sides = graph.add("Slice", shape, graph.integers(2), graph.integers(4))
    target = graph.add("Concat", graph.integers(1, 19), sides, axis=0)
    large = graph.add("Resize", classes, "", "", target, mode="linear")
    best = graph.add("ArgMax", large, axis=1, keepdims=0)
    graph.add("Cast", best, to_name="labels", to=TensorProto.INT32)
    graph.write(folder, {"x": ["n", 3, "h", "w"]}, {"labels": (TensorProto.INT32, ["n", "h", "w"])})
    normalize = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3}
    return _write_config(
        folder,
        {"Global": {"model_name": name}, "Deploy": {"transforms": [normalize]}},
    )


#: Class, score, and bounds in shares of the picture.
Object = tuple[int, float, float, float, float, float]


def grid_of_objects(classes: int) -> list[Object]:
    """12 objects side by side."""
    return [
        (
            number % classes,
            0.95 - 0.03 * number,
            *(0.24 * (number % 4) + 0.02, 0.3 * (number // 4) + 0.05),
            *(0.24 * (number % 4) + 0.22, 0.3 * (number // 4) + 0.3),
        )
        for number in range(12)
    ]


def detector(
    folder: Path,
    labels: Sequence[str],
    *,
    name: str = "RT-DETR-L",
    masks: bool = False,
    objects: Sequence[Object] = (),
) -> Path:
    """`objects` at 640x640, about 38 GFLOP (RT-DETR-R18: 60, Mask-RT-DETR-L: more than 100)."""
    rows = np.array(objects or grid_of_objects(len(labels)), np.float32)
    graph = Graph()
    nothing = graph.nothing(graph.backbone("image", channels=256, layers=4))
    yx = graph.add("Div", "im_shape", "scale_factor")
    xy = graph.add("Gather", yx, graph.integers(1, 0), axis=1)
    whole = graph.add("Concat", xy, xy, axis=1)
    boxes = graph.add("Mul", graph.add("Add", graph.constant(rows[:, 2:]), nothing), whole)
    graph.add("Concat", graph.constant(rows[:, :2]), boxes, to_name="boxes", axis=1)
    count = graph.add("Add", nothing, graph.constant(np.float32([len(rows)])))
    graph.add("Cast", count, to_name="counts", to=TensorProto.INT32)
    outputs = {
        "boxes": (TensorProto.FLOAT, ["m", 6]),
        "counts": (TensorProto.INT32, ["n"]),
    }
    if masks:
        _masks(graph, yx, nothing, len(rows))
        outputs["masks"] = (TensorProto.INT32, ["m", "h", "w"])
    inputs = {"im_shape": ["n", 2], "image": ["n", 3, 640, 640], "scale_factor": ["n", 2]}
    graph.write(folder, inputs, outputs)
    steps = [
        {"type": "Resize", "target_size": [640, 640], "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", "mean": [0] * 3, "std": [1] * 3, "norm_type": "none"},
        {"type": "Permute"},
    ]
    config = {
        "Global": {"model_name": name},
        "draw_threshold": 0.5,
        "arch": "DETR",
        "Preprocess": steps,
        "label_list": list(labels),
        **({"mask": True} if masks else {}),
    }
    return _write_config(folder, config)


def _masks(graph: Graph, yx: str, nothing: str, count: int) -> None:
    """Adds the output "masks": ellipses, brought to the picture's size as in real exports."""
    y, x = np.mgrid[-1 : 1 : _MASK_SIDE * 1j, -1 : 1 : _MASK_SIDE * 1j]
    ellipse = (1 - x**2 - y**2).astype(np.float32)
    small = np.repeat(ellipse[None, None], count, axis=1)
    first = graph.add("Slice", yx, graph.integers(0), graph.integers(1), graph.integers(0))
    whole = graph.add("Cast", graph.add("Round", first), to=TensorProto.INT64)
    sides = graph.add("Reshape", whole, graph.integers(2))
    target = graph.add("Concat", graph.integers(1, count), sides, axis=0)
    source = graph.add("Add", graph.constant(small), nothing)
    large = graph.add("Resize", source, "", "", target, mode="linear")
    flat = graph.add("Squeeze", large, graph.integers(0))
    inside = graph.add("Greater", flat, graph.constant(np.float32(0)))
    graph.add("Cast", inside, to_name="masks", to=TensorProto.INT32)


def formula_model(folder: Path, *, name: str = "LaTeX_OCR_rec") -> Path:
    """60 tokens of a picture of 672x192, about 10 GFLOP (LaTeX_OCR_rec: 20 and more)."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    graph = Graph()
    nothing = graph.nothing(graph.backbone("x", channels=256, layers=4, planes=1))
    tokens = np.random.default_rng(2).integers(3, 40, (1, 60)).astype(np.float32)
    answer = graph.add("Add", graph.constant(tokens), nothing)
    graph.add("Cast", answer, to_name="tokens", to=TensorProto.INT64)
    graph.write(folder, {"x": ["n", 1, "h", "w"]}, {"tokens": (TensorProto.INT64, [1, "length"])})
    words = ["[PAD]", "[BOS]", "[EOS]", *(f"\\alpha_{{{number}}}" for number in range(60))]
    built = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[PAD]"))
    built.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    steps = [
        {"DecodeImage": {"channel_first": False, "img_mode": "RGB"}},
        {"MinMaxResize": {"min_dimensions": [32, 32], "max_dimensions": [672, 192]}},
        {"LatexTestTransform": None},
        {"NormalizeImage": {"mean": [0.7931] * 3, "std": [0.1738] * 3, "order": "hwc"}},
        {"LatexImageFormat": None},
    ]
    return _write_config(
        folder,
        {
            "Global": {"model_name": name},
            "PreProcess": {"transform_ops": steps},
            "PostProcess": {
                "name": "LaTeXOCRDecode",
                "character_dict": json.loads(built.to_str()),
            },
        },
    )


def unwarper(folder: Path) -> Path:
    """A flat page, about 20 GFLOP at 712x488 inside (UVDoc: 30 and more)."""
    graph = Graph()
    inner = graph.add("Resize", "image", "", "", graph.integers(1, 3, 712, 488), mode="linear")
    nothing = graph.nothing(graph.backbone(inner, channels=256, layers=3))
    graph.add("Add", "image", nothing, to_name="flat")
    page = ["n", 3, "h", "w"]
    graph.write(folder, {"image": page}, {"flat": (TensorProto.FLOAT, page)})
    return _write_config(folder, {"Global": {"model_name": "UVDoc"}})
