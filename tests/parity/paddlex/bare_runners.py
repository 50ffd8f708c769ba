"""PaddleX's runner of its plugin beside its runner of ONNX Runtime, on inputs of every kind.

Time series, videos, points in space, words and pictures of other module classes differ for the
plugin only in the number, rank and element type of what goes in and comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Kind = tuple[str, str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Signature:
    """A network that hands its inputs on.

    Attributes:
        name: which module class has such inputs.
        inputs: name, element type and shape of each.
        extra: nodes, outputs and constants beside these.
    """

    name: str
    inputs: tuple[Kind, ...]
    extra: Callable[[], tuple[list[Any], list[Any], list[Any]]] | None = None


def none_found() -> tuple[list[Any], list[Any], list[Any]]:
    """Outputs without rows, without dimensions, and of truth values."""
    limit = numpy_helper.from_array(np.array(1e9, np.float32), "limit")
    nodes = [
        helper.make_node("Greater", ["points", "limit"], ["far"]),
        helper.make_node("NonZero", ["far"], ["places"]),
        helper.make_node("Transpose", ["places"], ["none"]),
        helper.make_node("Cast", ["none"], ["boxes"], to=TensorProto.FLOAT),
        helper.make_node("Size", ["points"], ["count"]),
        helper.make_node("Not", ["far"], ["mask"]),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["m", 2]),
        helper.make_tensor_value_info("count", TensorProto.INT64, []),
        helper.make_tensor_value_info("mask", TensorProto.BOOL, ["p", 5]),
    ]
    return nodes, outputs, [limit]


SIGNATURES = (
    Signature("time series", (("past", "float32", (1, 96, 7)), ("mark", "float32", (1, 96, 4)))),
    Signature("time series in double precision", (("past", "float64", (2, 96, 1)),)),
    Signature("video", (("x", "float32", (1, 8, 3, 32, 32)),)),
    Signature(
        "points and pictures",
        (
            ("points", "float32", (500, 5)),
            ("img", "float32", (1, 6, 3, 16, 16)),
            ("lidar2img", "float32", (1, 6, 4, 4)),
        ),
        none_found,
    ),
    Signature(
        "words and picture",
        (
            ("img", "float32", (1, 3, 16, 16)),
            ("input_ids", "int64", (1, 5)),
            ("attention_mask", "bool", (1, 5, 5)),
            ("position_ids", "int64", (1, 5)),
        ),
    ),
    Signature("phones", (("phone", "int64", (17,)),)),
    Signature("bytes", (("x", "uint8", (2, 8, 8, 3)), ("y", "int8", (3,)), ("z", "int32", (2, 2)))),
    Signature("half precision", (("x", "float16", (2, 3)),)),
    Signature("no rows", (("x", "float32", (0, 4)),)),
)


def runners(root: Path) -> dict[str, Callable[[], str | None]]:
    """A comparison for each signature."""

    def task(signature: Signature, folder: Path) -> Callable[[], str | None]:
        return lambda: compare(signature, folder)

    return {
        f"runner {each.name}": task(each, root / f"runner{number}")
        for number, each in enumerate(SIGNATURES)
    }


def compare(signature: Signature, folder: Path) -> str | None:
    """What differs between PaddleX's two runners."""
    from modules import BACKENDS
    from paddlex.inference.models.runners import ONNXRuntimeRunner
    from paddlex.inference.models.runners.hpi import HPIConfig, HPIRunner

    folder.mkdir()
    write(signature, folder)
    rng = np.random.default_rng(1)
    given = [
        (rng.random(shape) * 9).astype(dtype)
        for _, dtype, shape in sorted(signature.inputs)  # PaddleX's order
    ]
    expected = ONNXRuntimeRunner(folder, "inference", {"device_type": "cpu"})(given)
    for backend in BACKENDS:
        config = {"model_name": "x", "device_type": "cpu", "auto_config": False, "backend": backend}
        found = HPIRunner(folder, "inference", HPIConfig.model_validate(config))(given)
        if type(found) is not list or len(found) != len(expected):
            return f"{backend}: {type(found).__name__} of {len(found)}"
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            kinds = [(array.dtype, array.shape) for array in map(np.asarray, (one, other))]
            if kinds[0] != kinds[1] or not np.array_equal(one, other):
                return f"{backend}: output {index}: {kinds[0]}, {kinds[1]} on hpinfer"
            if not other.flags.writeable or not other.flags.c_contiguous:
                return f"{backend}: output {index} cannot be written"
    return None


def write(signature: Signature, folder: Path) -> None:
    """The network, its outputs in reverse order of its inputs."""
    inputs, outputs, nodes = [], [], []
    for name, dtype, shape in signature.inputs:
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        free = [f"{name}{axis}" for axis in range(len(shape))]
        inputs.append(helper.make_tensor_value_info(name, kind, free))
        outputs.insert(0, helper.make_tensor_value_info(f"{name}_out", kind, free))
        nodes.append(helper.make_node("Identity", [name], [f"{name}_out"]))
    constants: list[Any] = []
    if signature.extra is not None:
        more, others, constants = signature.extra()
        nodes, outputs = [*nodes, *more], [*outputs, *others]
    graph = helper.make_graph(nodes, "net", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", 13)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "inference.onnx")
