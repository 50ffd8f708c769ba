"""Bad calls and bad models: a typed error of one line that says what was expected and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hpinfer
from hpinfer.errors import (
    ConfigError,
    HpinferError,
    InvalidInputError,
    InvalidTypeError,
    ModelFormatError,
    ModelNotFoundError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = np.ones((2, 4), np.float32)


def message_of(caught: pytest.ExceptionInfo[HpinferError]) -> str:
    message = str(caught.value)
    assert "\n" not in message
    assert message
    return message


@pytest.fixture
def pair(load: Callable[..., Any], models: Any) -> hpinfer.Session:
    return load(models.two_in_three_out())


def test_wrong_input_name(pair: hpinfer.Session) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pair.run({"zeta": ONE, "alfa": ONE})
    message = message_of(caught)
    assert "'alfa'" in message
    assert "'alpha'" in message


def test_missing_input(pair: hpinfer.Session) -> None:
    with pytest.raises(InvalidInputError, match="'alpha'") as caught:
        pair.run({"zeta": ONE})
    message_of(caught)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_wrong_number_of_inputs(pair: hpinfer.Session, count: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pair.run([ONE] * count)
    message = message_of(caught)
    assert "2 inputs" in message
    assert f"got {count}" in message


@pytest.mark.parametrize("shape", [(4,), (1, 2, 4), ()])
def test_wrong_rank(pair: hpinfer.Session, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pair.run([ONE, np.ones(shape, np.float32)])
    message = message_of(caught)
    assert "'alpha'" in message
    assert "[?, 4]" in message
    assert str(list(shape)) in message


def test_wrong_dimension(pair: hpinfer.Session) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pair.run([ONE, np.ones((2, 5), np.float32)])
    message = message_of(caught)
    assert "[?, 4]" in message
    assert "[2, 5]" in message


def test_sizes_that_do_not_fit_each_other(pair: hpinfer.Session) -> None:
    with pytest.raises(HpinferError) as caught:
        pair.run([ONE, np.ones((3, 4), np.float32)])
    message_of(caught)
    assert len(pair.run([ONE, ONE])) == 3


@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "bool"])
def test_wrong_dtype(pair: hpinfer.Session, dtype: str) -> None:
    with pytest.raises(InvalidTypeError) as caught:
        pair.run([ONE, ONE.astype(dtype)])
    message = message_of(caught)
    assert "'alpha'" in message
    assert "float32" in message
    assert dtype in message


@pytest.mark.parametrize("array", [ONE.astype(">f4"), ONE.astype("U1"), ONE.astype("complex64")])
def test_dtype_that_hpinfer_does_not_have(pair: hpinfer.Session, array: Any) -> None:
    with pytest.raises(InvalidTypeError) as caught:
        pair.run([ONE, array])
    message_of(caught)


@pytest.mark.parametrize("thing", [None, 3.5, "text", [[1.0, 2.0, 3.0, 4.0]]])
def test_input_that_is_no_array(pair: hpinfer.Session, thing: object) -> None:
    with pytest.raises(InvalidTypeError, match="numpy array") as caught:
        pair.run([ONE, thing])  # type: ignore[list-item]
    message_of(caught)


def test_bare_array_instead_of_inputs(pair: hpinfer.Session) -> None:
    with pytest.raises(InvalidTypeError, match="list or a dict") as caught:
        pair.run(np.stack([ONE, ONE]))  # type: ignore[arg-type]
    message_of(caught)


@pytest.mark.parametrize(
    ("memory", "error"),
    [
        (np.zeros((2, 4), np.float64), InvalidTypeError),
        (np.zeros((2, 5), np.float32), InvalidInputError),
        (np.zeros((2, 4, 1), np.float32), InvalidInputError),
        (np.zeros((2, 8), np.float32)[:, ::2], InvalidInputError),
        ([[0.0] * 4] * 2, InvalidTypeError),
    ],
)
def test_output_memory_of_the_wrong_kind(
    pair: hpinfer.Session, memory: Any, error: type[HpinferError]
) -> None:
    with pytest.raises(error) as caught:
        pair.run([ONE, ONE], outputs={"product": memory})
    assert "product" in message_of(caught)


def test_read_only_output_memory(pair: hpinfer.Session) -> None:
    memory = np.zeros((2, 4), np.float32)
    memory.flags.writeable = False
    with pytest.raises(InvalidInputError, match="read-only") as caught:
        pair.run([ONE, ONE], outputs={"sum": memory})
    message_of(caught)
    assert not memory.any()


def test_wrong_output_name(pair: hpinfer.Session) -> None:
    with pytest.raises(InvalidInputError, match="'total'") as caught:
        pair.run([ONE, ONE], outputs={"total": ONE.copy()})
    assert "'sum'" in message_of(caught)


@pytest.mark.parametrize("kind", ["random", "truncated", "text", "one byte"])
@pytest.mark.parametrize("source", ["file", "memory"])
def test_corrupted_model(
    load: Callable[..., Any], models: Any, tmp_path: Path, kind: str, source: str
) -> None:
    whole = models.heavy()
    content = {
        "random": np.random.default_rng(3).bytes(4096),
        "truncated": whole[: len(whole) // 2],
        "text": b"<html><body>404 Not Found</body></html>",
        "one byte": b"\x08",
    }[kind]
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFormatError) as caught:
        load(path if source == "file" else content)
    message = message_of(caught)
    if source == "file":
        assert "broken.onnx" in message


def test_empty_model(load: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    with pytest.raises(ModelFormatError, match=r"empty\.onnx") as caught:
        load(path)
    message_of(caught)
    with pytest.raises(ModelFormatError, match="0 bytes"):
        load(b"")


def test_missing_model(load: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"nothing\.onnx") as caught:
        load(tmp_path / "nothing.onnx")
    message_of(caught)
    with pytest.raises(ModelNotFoundError, match="not a file"):
        load(tmp_path)


def test_unsupported_dtype_names_the_tensor(load: Callable[..., Any], models: Any) -> None:
    with pytest.raises(UnsupportedError, match="'shorts'") as caught:
        load(models.unsupported_dtype())
    assert "int16" in message_of(caught)


def test_unknown_operator_is_named(load: Callable[..., Any], models: Any) -> None:
    with pytest.raises((ModelFormatError, UnsupportedError), match="NoSuchOperator") as caught:
        load(models.unknown_operator())
    message_of(caught)


def test_unknown_option(load: Callable[..., Any], models: Any) -> None:
    with pytest.raises(ConfigError, match="did you mean 'num_threads'") as caught:
        load(models.convolution(), num_thread=2)
    message_of(caught)


@pytest.mark.parametrize(
    "options",
    [
        {"num_threads": -1},
        {"num_threads": "many"},
        {"num_threads": 1.5},
        {"num_streams": 0},
        {"precision": "float32"},
        {"graph_optimization": 99},
        {"memory": "unbounded"},
        {"engine_config": "key=value"},
        {"providers": "CUDAExecutionProvider"},
    ],
)
def test_bad_option_value(load: Callable[..., Any], models: Any, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ConfigError, match=name) as caught:
        load(models.convolution(), **options)
    message_of(caught)


def test_bad_device(load: Callable[..., Any], models: Any) -> None:
    with pytest.raises(InvalidInputError, match="'cuda:0'") as caught:
        load(models.convolution(), device="cuda:0")
    message_of(caught)


def test_options_without_effect_are_refused(
    load: Callable[..., Any], models: Any, expected: Any
) -> None:
    for options, error in expected.refused:
        with pytest.raises(error) as caught:
            load(models.convolution(), **options)
        message_of(caught)


def test_unknown_engine(models: Any) -> None:
    with pytest.raises(ConfigError, match="'onnx'") as caught:
        hpinfer.Session(models.convolution(), engine="onnx")
    message_of(caught)
