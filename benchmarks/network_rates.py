"""How many multiplications a second engines do in the networks of OCR.

    python benchmarks/network_rates.py
    python benchmarks/network_rates.py --models PP-OCRv6_small_rec --engines openvino --rounds 9
    python benchmarks/network_rates.py --engines openvino --precision bf16

The multiplications of a network are counted from its file: convolutions and products with
weights, each multiply-and-add once. The yardstick is the best float32 product of two large
matrices, by NumPy or an engine, in turn with the networks; good convolutions, whose numbers stay in
the caches, are faster than it. What a network does less lies in memory and in operations that are
no products.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper

import hpinfer
from hpinfer.config.inheritance import Given, resolve_model
from hpinfer.models import load_model, locate_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

#: Usual input of each model: a page of 960 x 960, six lines 320 wide.
INPUTS = {
    "PP-OCRv4_mobile_det": (1, 3, 960, 960),
    "PP-OCRv4_mobile_rec": (6, 3, 48, 320),
    "PP-OCRv6_small_det": (1, 3, 960, 960),
    "PP-OCRv6_small_rec": (6, 3, 48, 320),
}
_SIDE = 1536  # of the matrices
#: NumPy's OpenBLAS spins for a while when it is done: whoever comes next would lose a processor.
_PAUSE_S = 0.1


@dataclass
class Network:
    """A model on an engine, and what was measured.

    Attributes:
        model: Its name.
        engine: The engine's.
        run: One inference.
        products: Multiplications of it.
        seconds: Of each round.
    """

    model: str
    engine: str
    run: Callable[[], object]
    products: int
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of an inference; the first round does not count."""
        return statistics.median(self.seconds[1:])

    @property
    def rate(self) -> float:
        """Multiplications a second."""
        return self.products / self.median


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", nargs="+", default=list(INPUTS), choices=list(INPUTS))
    parser.add_argument("--engines", nargs="+", default=["openvino", "onnxruntime"])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="of engines")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    precision = arguments.precision
    networks = [
        load(model, engine, precision) for model in arguments.models for engine in arguments.engines
    ]
    matrices = [matrix_product(engine, precision) for engine in ("numpy", *arguments.engines)]
    for _ in range(arguments.rounds + 1):  # the first compiles and does not count
        for network in (*matrices, *networks):
            time.sleep(_PAUSE_S)
            network.seconds.append(seconds(network.run))
    best = max(item.rate for item in matrices)
    print("| model | engine | G multiplications | ms | G/s | of the best matrix product |")
    print("|---|---|---:|---:|---:|---:|")
    for network in (*matrices, *networks):
        print(
            f"| {network.model} | {network.engine} | {network.products / 1e9:.2f} | "
            f"{network.median * 1e3:.1f} | {network.rate / 1e9:.0f} | {network.rate / best:.0%} |"
        )


def matrix_product(engine: str, precision: str) -> Network:
    """The product of two matrices, one of them known beforehand; by an engine or by NumPy.

    NumPy's is float32 whatever the precision.
    """
    a, b = (np.random.default_rng(i).random((_SIDE, _SIDE), np.float32) for i in range(2))
    if engine == "numpy":
        return Network("matrix product", engine, lambda: a @ b, _SIDE**3)
    x, y = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (_SIDE, _SIDE))
        for name in ("x", "y")
    )
    node = helper.make_node("MatMul", ["x", "b"], ["y"])
    graph = helper.make_graph([node], "product", [x], [y], [numpy_helper.from_array(b, "b")])
    opsets = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = hpinfer.Session(model.SerializeToString(), engine=engine, precision=precision)
    return Network("matrix product", engine, lambda: session.run([a]), _SIDE**3)


def load(model: str, engine: str, precision: str) -> Network:
    """The model with an input of its usual size."""
    given = Given(engine=engine, precision=precision)  # type: ignore[arg-type]
    settings = resolve_model(given)
    located = locate_model(model, model_dir=None, settings=settings)
    if located.files.onnx is None:
        sys.exit(f"{model} is here as {', '.join(located.files.formats)}; its ONNX file is needed")
    session = load_model(located, settings).session
    x = np.random.default_rng(0).random(INPUTS[model], np.float32)
    return Network(model, engine, lambda: session.run([x]), products(located.files.onnx, x))


def products(path: Path, x: npt.NDArray[np.float32]) -> int:
    """Multiplications of an inference: by the shapes that the network's tensors have in it."""
    model = onnx.load(path)
    weights = {item.name: tuple(item.dims) for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            value = numpy_helper.to_array(node.attribute[0].t)
            weights[node.output[0]] = value.shape
    weighted = [
        node
        for node in model.graph.node
        if node.op_type in ("Conv", "ConvTranspose", "MatMul", "Gemm") and node.input[1] in weights
    ]
    # A transposed convolution spreads its input, the others gather for their output.
    seen = [n.input[0] if n.op_type == "ConvTranspose" else n.output[0] for n in weighted]
    known = {output.name for output in model.graph.output}
    for name in dict.fromkeys(seen):
        if name not in known:
            value_info = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            model.graph.output.append(value_info)
    session = hpinfer.Session(model.SerializeToString(), engine="onnxruntime")
    names = [output.name for output in session.outputs]
    sizes = {n: array.size for n, array in zip(names, session.run([x]), strict=True)}
    return sum(
        sizes[name] * per_number(node, weights[node.input[1]])
        for name, node in zip(seen, weighted, strict=True)
    )


def per_number(node: onnx.NodeProto, weights: tuple[int, ...]) -> int:
    """Multiplications for each number of the tensor that is counted."""
    if node.op_type in ("Conv", "ConvTranspose"):
        return math.prod(weights[1:])
    transposed = any(item.name == "transB" and item.i for item in node.attribute)
    return weights[1] if transposed else weights[0]


def seconds(run: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
