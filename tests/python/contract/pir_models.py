"""The contract's models as PIR programs, which are text: no PaddlePaddle is needed to make them."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Every PaddlePaddle 3.x reads version 1.
VERSION = 1

ELEMENT_TYPES = {
    "float32": "f32",
    "float16": "f16",
    "float64": "f64",
    "int8": "i8",
    "uint8": "ui8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "bool": "bool",
}


class ProgramText:
    """A program in the making. Values are numbers; 0 is an absent optional input."""

    def __init__(self) -> None:
        self._operators: list[dict[str, Any]] = []
        self._types: dict[int, tuple[str, list[int]]] = {}
        self._fetches = 0

    def data(self, name: str, shape: Sequence[int], dtype: str = "float32") -> int:
        attributes = [
            attribute("name", "0.a_str", name),
            attribute("shape", "1.a_intarray", list(shape)),
            attribute("dtype", "1.a_dtype", dtype),
            PLACE,
        ]
        return self.add("1.data", [], shape, dtype, attributes)

    def full(self, shape: Sequence[int], value: float) -> int:
        attributes = [
            attribute("shape", "1.a_intarray", list(shape)),
            attribute("value", "0.a_f64", float(value)),
            attribute("dtype", "1.a_dtype", "float32"),
            PLACE,
        ]
        return self.add("1.full", [], shape, "float32", attributes)

    def convolve(self, x: int, kernel: Any, shape: Sequence[int]) -> int:
        """With a kernel of 3x3 and padding that keeps the sides."""
        attributes = [
            integers("strides", [1, 1]),
            integers("paddings", [1, 1]),
            attribute("padding_algorithm", "0.a_str", "EXPLICIT"),
            integers("dilations", [1, 1]),
            attribute("groups", "0.a_i32", 1),
            attribute("data_format", "0.a_str", "NCHW"),
        ]
        return self.add("1.conv2d", [x, self.constant(kernel)], shape, attributes=attributes)

    def mean(self, x: int, shape: Sequence[int], axes: Sequence[int], *, keep: bool = False) -> int:
        attributes = [
            array_of("value", "0.a_i64", list(axes)),
            attribute("dtype", "1.a_dtype", "int64"),
            PLACE,
        ]
        of = self.add("1.full_int_array", [], [len(axes)], "int64", attributes)
        return self.add(
            "1.mean", [x, of], shape, "float32", [attribute("keepdim", "0.a_bool", keep)]
        )

    def matmul(self, x: int, y: int, shape: Sequence[int]) -> int:
        attributes = [attribute(f"transpose_{side}", "0.a_bool", False) for side in "xy"]
        return self.add("1.matmul", [x, y], shape, "float32", attributes)

    def constant(self, array: Any) -> int:
        values = np.asarray(array, np.float32)
        attributes = [
            integers("shape", values.shape),
            attribute("dtype", "1.a_dtype", "float32"),
            array_of("values", "0.a_f64", [float(item) for item in values.ravel()]),
            PLACE,
        ]
        memory = self.full(values.shape, 0.0)
        return self.add("1.assign_value_", [memory], values.shape, "float32", attributes)

    def add(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        dtype: str = "float32",
        attributes: Sequence[Any] = (),
    ) -> int:
        number = len(self._types) + 1
        self._types[number] = (dtype, list(shape))
        element = {"#": f"0.t_{ELEMENT_TYPES[dtype]}"}
        tensor = {"#": "0.t_dtensor", "D": [element, list(shape), "NCHW", [], 0]}
        self._operators.append(
            {
                "#": kind,
                "A": list(attributes),
                "I": [{"%": item} for item in inputs],
                "O": [{"%": number, "TT": tensor}],
                "OA": [array_of("stop_gradient", "0.a_bool", [True])],
            }
        )
        return number

    def fetch(self, name: str, value: int) -> None:
        dtype, shape = self._types[value]
        attributes = [
            attribute("name", "0.a_str", name),
            attribute("col", "0.a_i32", self._fetches),
        ]
        self.add("1.fetch", [value], shape, dtype, attributes)
        self._fetches += 1

    def content(self) -> bytes:
        block = {"#": "block_0", "args": [], "ops": self._operators}
        program = {"regions": [{"#": "region_0", "blocks": [block]}]}
        head = {"magic": "pir", "trainable": False, "version": VERSION}
        return json.dumps({"base_code": head, "program": program}).encode()


def attribute(name: str, kind: str, value: Any) -> dict[str, Any]:
    return {"N": name, "AT": {"#": kind, "D": value}}


def array_of(name: str, kind: str, values: Sequence[Any]) -> dict[str, Any]:
    return attribute(name, "0.a_array", [{"#": kind, "D": item} for item in values])


def integers(name: str, values: Sequence[int]) -> dict[str, Any]:
    return array_of(name, "0.a_i32", list(values))


PLACE = attribute("place", "1.a_place", [0, 0, ""])


class PirModels:
    """The models of `conftest.Models`; see there."""

    @staticmethod
    @functools.cache
    def identity(dtype: str) -> bytes:
        program = ProgramText()
        x = program.data("x", [-1, 3], dtype)
        program.fetch("y", program.add("1.assign", [x], [-1, 3], dtype))
        return program.content()

    @staticmethod
    @functools.cache
    def scalar() -> bytes:
        program = ProgramText()
        x = program.data("x", [])
        program.fetch("y", negated(program, x, []))
        return program.content()

    @staticmethod
    @functools.cache
    def two_in_three_out() -> bytes:
        program = ProgramText()
        sides = [program.data(name, [-1, 4]) for name in ("zeta", "alpha")]
        product = program.add("1.multiply", sides, [-1, 4])
        difference = program.add("1.subtract", sides, [-1, 4])
        program.fetch("sum", program.add("1.add", sides, [-1, 4]))
        program.fetch("product", product)
        program.fetch("difference", difference)
        return program.content()

    @staticmethod
    def convolution_weights() -> tuple[Any, Any]:
        rng = np.random.default_rng(7)
        return rng.standard_normal((8, 3, 3, 3), np.float32), rng.standard_normal(8, np.float32)

    @classmethod
    @functools.cache
    def convolution(cls) -> bytes:
        kernel, bias = cls.convolution_weights()
        program = ProgramText()
        x = program.data("x", [-1, 3, -1, -1])
        shape = [-1, 8, -1, -1]
        convolved = program.convolve(x, kernel, shape)
        row = program.constant(bias.reshape(1, 8, 1, 1))
        moved = program.add("1.add", [convolved, row], shape)
        program.fetch("y", program.add("1.relu", [moved], shape))
        return program.content()

    @classmethod
    @functools.cache
    def multiplied_rows(cls) -> bytes:
        """The means of a convolution's rows, [-1, 8, 4], times ones: their sums in each column."""
        kernel, _ = cls.convolution_weights()
        program = ProgramText()
        x = program.data("x", [-1, 3, 4, 6])
        convolved = program.convolve(x, kernel, [-1, 8, 4, 6])
        means = program.mean(convolved, [-1, 8, 4], [-1])
        ones = program.constant(np.ones((4, 5)))
        program.fetch("y", program.matmul(means, ones, [-1, 8, 5]))
        program.fetch("convolved", program.convolve(x, kernel, [-1, 8, 4, 6]))
        return program.content()

    @staticmethod
    @functools.cache
    def nonzero() -> bytes:
        program = ProgramText()
        found = program.add("1.nonzero", [program.data("x", [-1])], [-1, 1], "int64")
        order = [integers("perm", [1, 0])]
        program.fetch("indices", program.add("1.transpose", [found], [1, -1], "int64", order))
        return program.content()

    @staticmethod
    @functools.cache
    def passed_on() -> bytes:
        program = ProgramText()
        x = program.data("given", [-1])
        program.fetch("y", program.add("1.relu", [x], [-1]))
        program.fetch("x", x)
        return program.content()

    @staticmethod
    @functools.cache
    def constant_output() -> bytes:
        program = ProgramText()
        x = program.data("x", [-1])
        program.fetch("y", program.add("1.relu", [x], [-1]))
        program.fetch("fixed", program.constant([0, 1, 2]))
        return program.content()

    @staticmethod
    @functools.cache
    def heavy() -> bytes:
        program = ProgramText()
        value = program.data("x", [512, 512])
        side = program.full([1], 512)
        kind = [attribute("dtype", "1.a_dtype", "float32"), PLACE]
        eye = program.add("1.eye", [side, side], [512, 512], attributes=kind)
        weight = program.add("1.flip", [eye], [512, 512], attributes=[integers("axis", [0])])
        plain = [attribute(f"transpose_{side}", "0.a_bool", value=False) for side in "xy"]
        for _ in range(40):
            value = program.add("1.matmul", [value, weight], [512, 512], attributes=plain)
        program.fetch("y", value)
        return program.content()

    @staticmethod
    @functools.cache
    def unsupported_dtype() -> bytes:
        program = ProgramText()
        x = program.data("shorts", [2], "int16")
        program.fetch("y", program.add("1.assign", [x], [2], "int16"))
        return program.content()

    @staticmethod
    @functools.cache
    def unknown_operator() -> bytes:
        program = ProgramText()
        x = program.data("x", [2])
        program.fetch("y", program.add("1.NoSuchOperator", [x], [2]))
        return program.content()


def negated(program: ProgramText, value: int, shape: Sequence[int]) -> int:
    attributes = [
        attribute("bias", "0.a_f32", 0.0),
        attribute("bias_after_scale", "0.a_bool", value=True),
    ]
    factor = program.full([1], -1.0)
    return program.add("1.scale", [value, factor], shape, attributes=attributes)
