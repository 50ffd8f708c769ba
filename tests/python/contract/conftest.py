"""The engines to test, what is expected of each, and the models, built here with onnx.helper."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from pir_models import PirModels

import hpinfer
from hpinfer.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hpinfer.errors import HpinferError

#: The releases tested must read these.
OPSET, IR_VERSION = 13, 8

ELEMENT_TYPES = {
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "float64": TensorProto.DOUBLE,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "int16": TensorProto.INT16,
}


@dataclass(frozen=True)
class Expectations:
    """What differs between engines. Everything else is the same contract for all.

    Attributes:
        package: Import name of the engine's own Python package.
        refused: Options that cannot have an effect, and the error that says so.
        accepted: Options that only some engines have.
        exact_64_bit: Whether 64-bit numbers are computed as such (else float64 loses digits, and
            int64 beyond 32 bits is refused).
        any_rank: Whether an input may leave its number of dimensions open (else it is refused).
        suffix: Of its model files.
        without: Tests of what its format or its installation does not have.
    """

    package: str
    refused: tuple[tuple[dict[str, Any], type[HpinferError]], ...]
    accepted: tuple[dict[str, Any], ...] = field(default=())
    exact_64_bit: bool = True
    any_rank: bool = True
    suffix: str = ".onnx"
    without: frozenset[str] = frozenset()


EXPECTATIONS = {
    "onnxruntime": Expectations(
        package="onnxruntime",
        refused=(
            ({"cache_dir": "somewhere"}, ConfigError),
            ({"weights": b"second file"}, ConfigError),
            ({"providers": ["CPUExecutionProvider", "AzureExecutionProvider"]}, ConfigError),
            ({"providers": [("CPUExecutionProvider", {"use_arena": 0})]}, ConfigError),
            ({"providers": ["CPUExecutionProvider"], "device": "gpu:0"}, ConfigError),
            ({"engine_config": {"": "1"}}, ConfigError),
            ({"precision": "fp16"}, UnsupportedError),
            ({"precision": "bf16"}, UnsupportedError),
            ({"device": "npu"}, UnsupportedError),
        ),
        accepted=(
            {"graph_optimization": "none"},
            {"graph_optimization": "basic"},
            {"graph_optimization": "extended"},
            {"providers": ["CPUExecutionProvider"]},
            {"engine_config": {"session.intra_op.allow_spinning": 1}},
        ),
    ),
    "openvino": Expectations(
        package="openvino",
        refused=(
            ({"providers": ["CPUExecutionProvider"]}, ConfigError),
            ({"graph_optimization": "none"}, ConfigError),
            ({"optimized_model": "graph.onnx"}, ConfigError),
            ({"engine_config": {"NO_SUCH_PROPERTY": 1}}, ConfigError),
        ),
        exact_64_bit=False,
        any_rank=False,
    ),
    "paddle": Expectations(
        package="paddle",
        refused=(
            ({"cache_dir": "somewhere"}, ConfigError),
            ({"graph_optimization": "none"}, ConfigError),
            ({"optimized_model": "graph.onnx"}, ConfigError),
            ({"providers": ["CPUExecutionProvider"]}, ConfigError),
            ({"engine_config": {"run_mod": "paddle"}}, ConfigError),
            ({"engine_config": {"run_mode": "paddle", "mkldnn_cache_capacity": 3}}, ConfigError),
            ({"engine_config": {"cpu_threads": 1}}, ConfigError),  # num_threads is 2
            ({"engine_config": {"run_mode": "trt_fp16"}}, UnsupportedError),
            ({"precision": "fp16"}, UnsupportedError),
            ({"device": "gpu:0"}, UnsupportedError),
            ({"device": "npu"}, UnsupportedError),
        ),
        accepted=(
            {"engine_config": {"run_mode": "paddle"}},
            {"engine_config": {"run_mode": "mkldnn", "mkldnn_cache_capacity": "2"}},
            {"engine_config": {"delete_pass": ["conv2d_bn_fuse_pass"]}},
        ),
        suffix=".json",
        without=frozenset(
            {
                # Every Paddle tensor has a number of dimensions.
                "test_a_shape_of_any_rank",
                # Paddle's own message does not name it.
                "test_unknown_operator_is_named",
                # The engine is a Python package: tests/python/paddle/test_installation.py.
                "test_a_library_that_does_not_exist",
                "test_a_library_that_is_no_library",
                "test_a_library_of_something_else",
                "test_no_engine_installed_lists_what_was_tried",
            }
        ),
    ),
}


def engines_under_test() -> list[str]:
    """Usable and installed engines, and those that HPINFER_REQUIRE_ENGINES names."""
    required = os.environ.get("HPINFER_REQUIRE_ENGINES")
    names = {status.name for status in hpinfer.engines() if status.usable}
    if required is not None:
        names |= {name.strip() for name in required.split(",") if name.strip()}
    else:
        # Engines without a package (om) have tests of their own, with stand-ins.
        compiled = {status.name for status in hpinfer.engines()} & EXPECTATIONS.keys()
        names |= {
            name
            for name in compiled
            if importlib.util.find_spec(EXPECTATIONS[name].package) is not None
        }
    return sorted(names)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs every test that takes `engine` once for each engine, or those its module names."""
    if "engine" in metafunc.fixturenames:
        only = getattr(metafunc.module, "ENGINES", None)
        test = metafunc.function.__name__
        names = [
            name
            for name in engines_under_test()
            if (only is None or name in only) and test not in EXPECTATIONS[name].without
        ]
        metafunc.parametrize("engine", names, scope="session")


@pytest.fixture
def expected(engine: str) -> Expectations:
    return EXPECTATIONS[engine]


@pytest.fixture
def load(engine: str) -> Callable[..., hpinfer.Session]:
    """Opens a session on the engine under test, with two threads unless told otherwise."""

    def open_session(model: Any, **options: Any) -> hpinfer.Session:
        return hpinfer.Session(model, engine=engine, **{"num_threads": 2, **options})

    return open_session


def value(name: str, shape: Sequence[int | str] | None, dtype: str = "float32") -> Any:
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape)


def model_bytes(
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    constants: Sequence[Any] = (),
    *,
    check: bool = True,
) -> bytes:
    graph = helper.make_graph(list(nodes), "graph", list(inputs), list(outputs), list(constants))
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    if check:
        onnx.checker.check_model(model)
    return model.SerializeToString()


def constant(name: str, array: Any) -> Any:
    return numpy_helper.from_array(np.asarray(array), name)


class Models:
    """Small models, each named after what it shows."""

    @staticmethod
    @functools.cache
    def identity(dtype: str) -> bytes:
        """y = x, [rows, 3]."""
        node = helper.make_node("Identity", ["x"], ["y"])
        return model_bytes([node], [value("x", ["n", 3], dtype)], [value("y", ["n", 3], dtype)])

    @staticmethod
    @functools.cache
    def any_rank() -> bytes:
        """y = -x for a tensor whose shape the model does not give, as exporters may leave it."""
        node = helper.make_node("Neg", ["x"], ["y"])
        return model_bytes([node], [value("x", None)], [value("y", None)], check=False)

    @staticmethod
    @functools.cache
    def scalar() -> bytes:
        """y = -x for one number."""
        node = helper.make_node("Neg", ["x"], ["y"])
        return model_bytes([node], [value("x", [])], [value("y", [])])

    @staticmethod
    @functools.cache
    def two_in_three_out() -> bytes:
        """Outputs in an order that is neither alphabetical nor that of the inputs."""
        nodes = [
            helper.make_node("Mul", ["zeta", "alpha"], ["product"]),
            helper.make_node("Sub", ["zeta", "alpha"], ["difference"]),
            helper.make_node("Add", ["zeta", "alpha"], ["sum"]),
        ]
        sides = [value("zeta", ["n", 4]), value("alpha", ["n", 4])]
        results = [value(name, ["n", 4]) for name in ("sum", "product", "difference")]
        return model_bytes(nodes, sides, results)

    @staticmethod
    def convolution_weights() -> tuple[Any, Any]:
        """Kernel [8, 3, 3, 3] and bias [8] of the convolution."""
        return PirModels.convolution_weights()

    @staticmethod
    @functools.cache
    def convolution() -> bytes:
        """[n, 3, height, width] to [n, 8, height, width], all but the channels dynamic."""
        kernel, bias = map(constant, ("kernel", "bias"), Models.convolution_weights())
        nodes = [
            helper.make_node(
                "Conv", ["x", "kernel", "bias"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]
            ),
            helper.make_node("Relu", ["c"], ["y"]),
        ]
        return model_bytes(
            nodes,
            [value("x", ["n", 3, "height", "width"])],
            [value("y", ["n", 8, "height", "width"])],
            [kernel, bias],
        )

    @staticmethod
    @functools.cache
    def nonzero() -> bytes:
        """Indices of the elements that are not 0: as many columns as there are such elements."""
        node = helper.make_node("NonZero", ["x"], ["indices"])
        return model_bytes([node], [value("x", ["n"])], [value("indices", [1, "found"], "int64")])

    @staticmethod
    @functools.cache
    def passed_on() -> bytes:
        """Outputs: relu(x), and the input itself."""
        node = helper.make_node("Relu", ["x"], ["y"])
        return model_bytes([node], [value("x", ["n"])], [value("y", ["n"]), value("x", ["n"])])

    @staticmethod
    @functools.cache
    def constant_output() -> bytes:
        """Outputs: relu(x), and a constant [0, 1, 2]."""
        nodes = [
            helper.make_node("Relu", ["x"], ["y"]),
            helper.make_node("Identity", ["numbers"], ["fixed"]),
        ]
        numbers = constant("numbers", np.arange(3, dtype=np.float32))
        return model_bytes(
            nodes, [value("x", ["n"])], [value("y", ["n"]), value("fixed", [3])], [numbers]
        )

    @staticmethod
    @functools.cache
    def heavy() -> bytes:
        """Forty products of 512x512 matrices: some tenths of a second."""
        weight = constant("weight", np.eye(512, dtype=np.float32)[::-1].copy())
        names = ["x", *(f"x{i}" for i in range(39)), "y"]
        nodes = [
            helper.make_node("MatMul", [a, "weight"], [b]) for a, b in itertools.pairwise(names)
        ]
        return model_bytes(nodes, [value("x", [512, 512])], [value("y", [512, 512])], [weight])

    @staticmethod
    @functools.cache
    def unsupported_dtype() -> bytes:
        """Identity of int16, which hpinfer has no tensors of."""
        node = helper.make_node("Identity", ["shorts"], ["y"])
        return model_bytes([node], [value("shorts", [2], "int16")], [value("y", [2], "int16")])

    @staticmethod
    @functools.cache
    def unknown_operator() -> bytes:
        """A node of an operator that no engine has."""
        node = helper.make_node("NoSuchOperator", ["x"], ["y"])
        return model_bytes([node], [value("x", [2])], [value("y", [2])], check=False)


@pytest.fixture
def models(engine: str) -> Any:
    return PirModels() if EXPECTATIONS[engine].suffix == ".json" else Models()


@pytest.fixture
def convolution_file(tmp_path: Path, models: Any, expected: Expectations) -> Path:
    path = tmp_path / f"convolution{expected.suffix}"
    path.write_bytes(models.convolution())
    return path
