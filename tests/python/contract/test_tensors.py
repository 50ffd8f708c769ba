"""Names, dtypes, shapes, memory: what goes in and what comes out."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hpinfer.errors import InvalidInputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

DTYPES = ["float32", "float16", "float64", "int8", "uint8", "int32", "int64", "bool"]


def picture(height: int, width: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).random((1, 3, height, width), np.float32)


def test_infos_are_in_graph_order(load: Callable[..., Any], models: Any) -> None:
    session = load(models.two_in_three_out())
    assert [info.name for info in session.inputs] == ["zeta", "alpha"]
    assert [info.name for info in session.outputs] == ["sum", "product", "difference"]
    assert {info.dtype for info in session.inputs + session.outputs} == {"float32"}
    assert [info.shape for info in session.inputs] == [(None, 4), (None, 4)]


def test_infos_tell_fixed_from_dynamic_dimensions(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    assert session.inputs[0].shape == (None, 3, None, None)
    assert session.outputs[0].shape == (None, 8, None, None)
    assert load(models.heavy()).inputs[0].shape == (512, 512)


def test_a_shape_of_any_rank(load: Callable[..., Any], models: Any, expected: Any) -> None:
    if not expected.any_rank:
        with pytest.raises(UnsupportedError, match=r"'x'.*number of dimensions"):
            load(models.any_rank())
        return
    session = load(models.any_rank())
    assert session.inputs[0].shape is None
    for shape in [(2,), (1, 3, 2), (0, 4)]:
        x = np.ones(shape, np.float32)
        (y,) = session.run([x])
        assert y.shape == shape
        memory = np.zeros(shape, np.float32)
        session.run([x], outputs={"y": memory})
        np.testing.assert_array_equal(memory, -x)


def test_scalars(load: Callable[..., Any], models: Any) -> None:
    session = load(models.scalar())
    assert session.inputs[0].shape in ((), None)  # None where the engine cannot tell
    (y,) = session.run([np.array(2.5, np.float32)])
    assert y.shape == ()
    assert y == -2.5
    if session.inputs[0].shape == ():
        with pytest.raises(InvalidInputError, match=r"\[\]; got \[2\]"):
            session.run([np.ones(2, np.float32)])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_stays_itself(load: Callable[..., Any], models: Any, dtype: str) -> None:
    session = load(models.identity(dtype))
    assert session.inputs[0].dtype == session.outputs[0].dtype == dtype
    x = np.array([[0, 1, 2], [100, 1, 0]]).astype(dtype)
    (y,) = session.run({"x": x})
    assert y.dtype == np.dtype(dtype)
    assert y.dtype.isnative
    np.testing.assert_array_equal(y, x)


def test_wide_floats_keep_the_digits_they_can(
    load: Callable[..., Any], models: Any, expected: Any
) -> None:
    x = np.array([[1 / 3, 2**31 + 5, -(2**40)]])
    (y,) = load(models.identity("float64")).run([x])
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y, x, rtol=0 if expected.exact_64_bit else 1e-7)


def test_wide_integers_stay_themselves_or_are_refused(
    load: Callable[..., Any], models: Any, expected: Any
) -> None:
    session = load(models.identity("int64"))
    x = np.array([[0, 2**31 + 5, -(2**40)]])
    if expected.exact_64_bit:
        np.testing.assert_array_equal(session.run([x])[0], x)
    else:
        with pytest.raises(UnsupportedError, match=f"'x' holds {2**31 + 5}"):
            session.run([x])
    x = np.array([[0, 2**31 - 1, -(2**31)]])
    np.testing.assert_array_equal(session.run([x])[0], x)


def test_dict_and_list_inputs_agree(load: Callable[..., Any], models: Any) -> None:
    session = load(models.two_in_three_out())
    zeta = np.arange(8, dtype=np.float32).reshape(2, 4)
    alpha = np.full((2, 4), 3, np.float32)
    listed = session.run([zeta, alpha])
    named = session.run({"alpha": alpha, "zeta": zeta})
    for results in (listed, named, session.run((zeta, alpha))):
        for got, want in zip(results, (zeta + alpha, zeta * alpha, zeta - alpha), strict=True):
            np.testing.assert_array_equal(got, want)


def test_dynamic_sizes_follow_the_input(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    full = picture(40, 56)
    (whole,) = session.run([full])
    assert whole.shape == (1, 8, 40, 56)
    for height, width in [(1, 1), (7, 33), (40, 56), (13, 2)]:
        (part,) = session.run([np.ascontiguousarray(full[:, :, :height, :width])])
        assert part.shape == (1, 8, height, width)
        # Everything but the last row and column, whose neighbours were cut off, is unchanged.
        inner = np.s_[:, :, : height - 1, : width - 1]
        np.testing.assert_allclose(part[inner], whole[inner], rtol=1e-4, atol=1e-4)


def test_convolution_is_right(load: Callable[..., Any], models: Any) -> None:
    kernel, bias = models.convolution_weights()
    x = picture(9, 11)
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    want = np.einsum("chwij,ocij->ohw", windows, kernel) + bias[:, None, None]
    (y,) = load(models.convolution()).run([x])
    np.testing.assert_allclose(y[0], np.maximum(want, 0), rtol=1e-4, atol=1e-4)


def test_outputs_are_writable_and_independent(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    x = picture(8, 8)
    (first,) = session.run([x])
    kept = first.copy()
    (second,) = session.run([picture(8, 8, seed=1)])
    np.testing.assert_array_equal(first, kept)
    assert not np.shares_memory(first, second)
    assert first.flags.writeable
    assert first.flags.c_contiguous
    first[:] = -1
    np.testing.assert_array_equal(session.run([x])[0], kept)


def test_outputs_outlive_the_session(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    (y,) = session.run([picture(32, 32)])
    kept = y.copy()
    del session
    gc.collect()
    np.testing.assert_array_equal(y, kept)
    y += 1


def test_given_outputs_are_written_in_place(load: Callable[..., Any], models: Any) -> None:
    session = load(models.two_in_three_out())
    zeta = np.arange(8, dtype=np.float32).reshape(2, 4)
    alpha = np.ones((2, 4), np.float32)
    memory = np.full((4, 2, 4), -7, np.float32)
    results = session.run([zeta, alpha], outputs={"difference": memory[1], "sum": memory[2]})
    np.testing.assert_array_equal(memory[1], zeta - alpha)
    np.testing.assert_array_equal(memory[2], zeta + alpha)
    assert np.shares_memory(results[0], memory[2])
    assert np.shares_memory(results[2], memory[1])
    assert not np.shares_memory(results[1], memory)
    np.testing.assert_array_equal(results[1], zeta * alpha)
    assert (memory[[0, 3]] == -7).all()


def test_given_output_of_a_dynamic_shape(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    for height, width in [(6, 9), (9, 6)]:
        x = picture(height, width)
        memory = np.full((1, 8, height, width), np.nan, np.float32)
        (y,) = session.run([x], outputs={"y": memory})
        assert y is memory
        np.testing.assert_array_equal(memory, session.run([x])[0])


@pytest.mark.parametrize("shape", [(1, 8, 6, 8), (1, 8, 6, 10), (2, 8, 6, 9)])
def test_given_output_of_the_wrong_size(
    load: Callable[..., Any], models: Any, shape: tuple[int, ...]
) -> None:
    session = load(models.convolution())
    x = picture(6, 9)
    memory = np.full(shape, -7, np.float32)
    with pytest.raises(InvalidInputError) as caught:
        session.run([x], outputs={"y": memory})
    message = str(caught.value).replace(" ", "")
    assert ",".join(map(str, shape)) in message
    assert "1,8,6,9" in message
    assert session.run([x])[0].shape == (1, 8, 6, 9)


def test_an_output_that_is_an_input_has_its_own_memory(
    load: Callable[..., Any], models: Any
) -> None:
    session = load(models.passed_on())
    x = np.array([-1, 2], np.float32)
    relu, same = session.run([x])
    np.testing.assert_array_equal(relu, [0, 2])
    np.testing.assert_array_equal(same, x)
    assert not np.shares_memory(same, x)
    memory = np.zeros(2, np.float32)
    session.run([x], outputs={"x": memory})
    np.testing.assert_array_equal(memory, x)


def test_a_constant_output_cannot_be_spoiled(load: Callable[..., Any], models: Any) -> None:
    session = load(models.constant_output())
    x = np.zeros(2, np.float32)
    fixed = session.run([x])[1]
    fixed[:] = 9
    np.testing.assert_array_equal(session.run([x])[1], [0, 1, 2])
    memory = np.zeros(3, np.float32)
    session.run([x], outputs={"fixed": memory})
    np.testing.assert_array_equal(memory, [0, 1, 2])


def test_output_without_rows(load: Callable[..., Any], models: Any) -> None:
    session = load(models.nonzero())
    for x, found in [([0, 0, 0], []), ([0, 5, 0, 6], [1, 3]), ([0], [])]:
        (indices,) = session.run([np.array(x, np.float32)])
        assert indices.dtype == np.int64
        assert indices.shape == (1, len(found))
        np.testing.assert_array_equal(indices[0], found)


def test_input_without_elements(load: Callable[..., Any], models: Any) -> None:
    session = load(models.identity("float32"))
    (y,) = session.run([np.zeros((0, 3), np.float32)])
    assert y.shape == (0, 3)
    assert y.dtype == np.float32


def test_strided_input_is_read_right(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    base = picture(20, 30)
    for view in (base[:, :, ::2, ::3], base[:, ::-1], base.transpose(0, 1, 3, 2)):
        assert not view.flags.c_contiguous
        np.testing.assert_array_equal(
            session.run([view])[0], session.run([np.ascontiguousarray(view)])[0]
        )


def test_read_only_input_is_accepted(load: Callable[..., Any], models: Any) -> None:
    x = np.ones((2, 3), np.float32)
    x.flags.writeable = False
    (y,) = load(models.identity("float32")).run([x])
    np.testing.assert_array_equal(y, x)
    assert not np.shares_memory(x, y)
