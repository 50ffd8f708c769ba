"""Writes small Paddle programs without Paddle: .pdmodel as protobuf bytes, PIR as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hpinfer.hub import ModelFiles
from hpinfer.networks.protobuf import encode_bytes, encode_integer

if TYPE_CHECKING:
    from pathlib import Path

_LOD_TENSOR, _FEED, _FETCH = 7, 9, 10
_FLOAT32 = 5
_INT, _STRING, _INTS, _BOOLEAN = 0, 2, 3, 6


def variable(
    name: str, shape: list[int] | None, *, dtype: int = _FLOAT32, stored: bool = False
) -> bytes:
    """VarDesc of a tensor, or without a shape of the feed and fetch lists."""
    if shape is None:
        kind = encode_integer(1, _FEED if name == "feed" else _FETCH)
    else:
        dims = b"".join(encode_integer(2, dim) for dim in shape)
        tensor = encode_bytes(1, encode_integer(1, dtype) + dims)
        kind = encode_integer(1, _LOD_TENSOR) + encode_bytes(3, tensor)
    in_file = stored or shape is None
    return b"".join(
        [encode_bytes(1, name.encode()), encode_bytes(2, kind), encode_integer(3, in_file)]
    )


def attribute(name: str, value: object) -> bytes:
    head = encode_bytes(1, name.encode())
    if isinstance(value, bool):
        return head + encode_integer(2, _BOOLEAN) + encode_integer(10, value)
    if isinstance(value, int):
        return head + encode_integer(2, _INT) + encode_integer(3, value)
    if isinstance(value, str):
        return head + encode_integer(2, _STRING) + encode_bytes(5, value.encode())
    assert isinstance(value, list)
    return head + encode_integer(2, _INTS) + b"".join(encode_integer(6, item) for item in value)


def operator(kind: str, source: str, target: str, **attributes: object) -> bytes:
    def parameter(name: str, argument: str) -> bytes:
        return encode_bytes(1, name.encode()) + encode_bytes(2, argument.encode())

    return b"".join(
        [
            encode_bytes(1, parameter("X", source)),
            encode_bytes(2, parameter("Out", target)),
            encode_bytes(3, kind.encode()),
            *(encode_bytes(4, attribute(name, value)) for name, value in attributes.items()),
        ]
    )


def pdmodel(shapes: dict[str, list[int]], operators: list[bytes]) -> bytes:
    """ProgramDesc that feeds the first variable and fetches the last."""
    first, last = next(iter(shapes)), list(shapes)[-1]
    variables = [variable("feed", None), variable("fetch", None)]
    variables += [variable(name, shape) for name, shape in shapes.items()]
    feed = operator("feed", "feed", first, col=0)
    fetch = operator("fetch", last, "fetch", col=0)
    return program(variables, [feed, *operators, fetch])


def program(variables: list[bytes], operators: list[bytes]) -> bytes:
    """ProgramDesc of one block."""
    block = encode_integer(1, 0) + encode_integer(2, -1)
    block += b"".join(encode_bytes(3, item) for item in variables)
    block += b"".join(encode_bytes(4, item) for item in operators)
    return encode_bytes(1, block) + encode_bytes(4, encode_integer(1, 0))


def pool_pdmodel(size: list[int], output: list[int], *, kind: str = "avg") -> bytes:
    """Adaptive pooling of a picture of one channel."""
    pool = operator(
        "pool2d",
        "x",
        "y",
        pooling_type=kind,
        ksize=output,
        adaptive=True,
        global_pooling=False,
        strides=[1, 1],
        paddings=[0, 0],
        ceil_mode=False,
        exclusive=True,
        data_format="NCHW",
        padding_algorithm="EXPLICIT",
    )
    return pdmodel({"x": [1, 1, *size], "y": [1, 1, *output]}, [pool])


def pir_tensor(identity: int, shape: list[int], kind: str = "0.t_f32") -> dict[str, Any]:
    return {"%": identity, "TT": {"#": "0.t_dtensor", "D": [{"#": kind}, shape, "NCHW", [], 0]}}


def pir_attribute(name: str, kind: str, value: object) -> dict[str, Any]:
    return {"N": name, "AT": {"#": kind, "D": value}}


def pir(operators: list[dict[str, Any]], *, version: int = 3, shape: list[int]) -> dict[str, Any]:
    """A program whose input is value 1 with the given shape, and its output the last operator's."""
    data = {
        "#": "1.data",
        "A": [pir_attribute("name", "0.a_str", "x")],
        "I": [],
        "O": [pir_tensor(1, shape)],
    }
    fetch = {
        "#": "1.fetch",
        "A": [pir_attribute("name", "0.a_str", "y"), pir_attribute("col", "0.a_i32", 0)],
        "I": [{"%": (operators[-1]["O"] or data["O"])[0]["%"]}],
        "O": [pir_tensor(1000, shape)],
    }
    block = {"#": "block_0", "args": [], "ops": [data, *operators, fetch]}
    return {
        "base_code": {"magic": "pir", "trainable": True, "version": version},
        "program": {"regions": [{"#": "region_0", "blocks": [block]}]},
    }


def pir_pool(source: int, target: int, output: list[int]) -> dict[str, Any]:
    return {
        "#": "1.pool2d",
        "A": [
            pir_attribute("adaptive", "0.a_bool", True),
            pir_attribute("data_format", "0.a_str", "NCHW"),
        ],
        "I": [{"%": source}],
        "O": [pir_tensor(target, output)],
    }


def pool_program(program_format: str, size: list[int], output: list[int]) -> bytes:
    """Adaptive pooling of a picture of one channel, in either format."""
    if program_format == "pdmodel":
        return pool_pdmodel(size, output)
    pool = pir_pool(1, 2, [1, 1, *output])
    return json.dumps(pir([pool], shape=[1, 1, *size])).encode()


def write_model(
    directory: Path, program: bytes | dict[str, Any], *, params: bytes = b"", name: str = "Toy"
) -> ModelFiles:
    """A model directory with the program, its weights and an inference.yml."""
    directory.mkdir(parents=True, exist_ok=True)
    is_pdmodel = isinstance(program, bytes)
    path = directory / ("inference.pdmodel" if is_pdmodel else "inference.json")
    path.write_bytes(program if isinstance(program, bytes) else json.dumps(program).encode())
    (directory / "inference.pdiparams").write_bytes(params)
    (directory / "inference.yml").write_text(f"Global: {{model_name: {name}}}\n")
    return ModelFiles(
        name=name,
        directory=directory,
        inference_yml=directory / "inference.yml",
        onnx=None,
        pdmodel=path if is_pdmodel else None,
        program_json=None if is_pdmodel else path,
        pdiparams=directory / "inference.pdiparams",
        config={"Global": {"model_name": name}},
    )
