"""Options that every engine honours, and how they come back resolved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hpinfer
from hpinfer.errors import HpinferError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_defaults_are_resolved(engine: str, models: Any) -> None:
    options = hpinfer.Session(models.identity("float32"), engine=engine).options
    assert 1 <= options.num_threads <= len(os.sched_getaffinity(0))
    assert options.num_streams == 1
    assert options.device == "cpu"
    assert options.precision.name == "fp32"
    assert options.memory.name == "bounded"


def test_options_are_kept(load: Callable[..., Any], models: Any) -> None:
    options = load(models.identity("float32"), num_threads=1, memory="fast").options
    assert options.num_threads == 1
    assert options.memory.name == "fast"


def test_options_do_not_change_the_numbers(
    load: Callable[..., Any], models: Any, expected: Any
) -> None:
    x = np.random.default_rng(2).random((2, 3, 31, 45), np.float32)
    (want,) = load(models.convolution()).run([x])
    everywhere: tuple[dict[str, Any], ...] = (
        {"num_threads": 1},
        {"num_threads": 4, "num_streams": 2},
        {"num_threads": 1, "num_streams": 3},
        {"memory": "fast"},
        {"device": "cpu"},
    )
    for options in (*everywhere, *expected.accepted):
        (got,) = load(models.convolution(), **options).run([x])
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5, err_msg=str(options))


def test_nothing_is_printed(
    load: Callable[..., Any], models: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    session = load(models.two_in_three_out())
    with pytest.raises(HpinferError):
        session.run([np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)])
    with pytest.raises(HpinferError):
        load(b"not a model")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
