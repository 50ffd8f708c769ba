"""Sessions whose inference is a Python callable, as native code sees them."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from hpinfer import _native, errors
from hpinfer.config.inference import Operator
from hpinfer.models.transform import native_operators

F32 = np.float32
RESIZE = Operator("RecResizeImg", {"image_shape": [3, 48, 320]})


def session(run: Any, *, outputs: int = 1, trim: Any = None, dtype: str = "float32") -> Any:
    inputs = [_native.TensorInfo("x", "float32", [None, 3])]
    results = [_native.TensorInfo(f"y{i}", dtype, [None, 3]) for i in range(outputs)]
    return _native.python_session("paddle", inputs, results, run, trim, _native.SessionOptions())


def x(rows: int = 2) -> Any:
    return np.arange(rows * 3, dtype=F32).reshape(rows, 3)


def test_infos_and_options() -> None:
    made = session(lambda arrays: arrays)
    assert made.inputs[0].name == "x"
    assert made.inputs[0].shape == (None, 3)
    assert made.outputs[0].dtype == "float32"
    assert made.options.num_threads >= 1
    assert _native.TensorInfo("any", "int64", None).shape is None
    assert _native.TensorInfo("one", "bool", []).shape == ()
    with pytest.raises(errors.UnsupportedError, match="'half' has dtype bfloat16"):
        _native.TensorInfo("half", "bfloat16", [1])


def test_inputs_are_the_callers_memory_and_read_only() -> None:
    seen: list[Any] = []

    def run(arrays: list[Any]) -> list[Any]:
        (array,) = arrays
        seen.append((array.__array_interface__["data"], array.shape, array.dtype))
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
        return [array * 2]

    given = x()
    (y,) = session(run).run([given])
    np.testing.assert_array_equal(y, given * 2)
    assert seen == [((given.__array_interface__["data"][0], True), (2, 3), given.dtype)]


def test_results_are_taken_without_a_copy() -> None:
    made: list[int] = []

    def run(arrays: list[Any]) -> list[Any]:
        result = arrays[0] + 1
        made.append(result.__array_interface__["data"][0])
        return [result]

    (y,) = session(run).run([x()])
    assert y.__array_interface__["data"][0] == made[0]
    assert y.flags.writeable
    gc.collect()
    np.testing.assert_array_equal(y, x() + 1)


@pytest.mark.parametrize(
    "result",
    [
        lambda a: np.asfortranarray(a + 1),
        lambda a: np.repeat(a + 1, 2, axis=1)[:, ::2],
        lambda a: (a + 1)[::-1][::-1],
        lambda a: (a + 1).astype(">f4"),
        lambda a: np.broadcast_to((a + 1)[:1], a.shape) * 0 + (a + 1),
    ],
)
def test_results_of_any_layout(result: Any) -> None:
    (y,) = session(lambda arrays: [result(arrays[0])]).run([x()])
    np.testing.assert_array_equal(y, x() + 1)
    assert y.flags.c_contiguous
    assert y.dtype.isnative


def test_results_that_share_memory_become_independent() -> None:
    constant = np.ones((2, 3), F32)
    constant.flags.writeable = False

    def run(arrays: list[Any]) -> list[Any]:
        result = arrays[0] + 1
        return [arrays[0], result, result, constant]

    given = x()
    results = session(run, outputs=4).run([given])
    for i, y in enumerate(results):
        y[:] = i + 10
    np.testing.assert_array_equal(given, x())
    assert [y.max() for y in results] == [10, 11, 12, 13]
    assert constant.max() == 1


def test_results_without_elements() -> None:
    (y,) = session(lambda arrays: [arrays[0]]).run([np.zeros((0, 3), F32)])
    assert y.shape == (0, 3)


def test_given_outputs_are_written() -> None:
    made = session(lambda arrays: [arrays[0] + 1, arrays[0] + 2], outputs=2)
    memory = np.zeros((2, 3), F32)
    first, second = made.run([x()], [None, memory])
    assert second is memory
    np.testing.assert_array_equal(memory, x() + 2)
    np.testing.assert_array_equal(first, x() + 1)
    with pytest.raises(errors.InvalidInputError, match=r"'y1' has shape \[4, 3\].*\[2, 3\]"):
        made.run([x()], [None, np.zeros((4, 3), F32)])


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "list of 1 outputs; it gave no list"),
        ([], "list of 1 outputs; it gave 0"),
        ([1, 2], "list of 1 outputs; it gave 2"),
        ([3.5], "'y0' should be an array; the engine gave float"),
        ([np.zeros((2, 3))], "'y0' should be float32; the engine gave float64"),
    ],
)
def test_results_of_the_wrong_kind(result: Any, message: str) -> None:
    with pytest.raises(errors.EngineError, match=message):
        session(lambda _: result).run([x()])


def test_inputs_are_checked_before_the_callable() -> None:
    called: list[Any] = []
    made = session(called.append)
    with pytest.raises(errors.InvalidInputError, match=r"\[\?, 3\]; got \[2, 4\]"):
        made.run([np.zeros((2, 4), F32)])
    with pytest.raises(errors.InvalidTypeError, match="'x' must be float32"):
        made.run([np.zeros((2, 3))])
    assert called == []


@pytest.mark.parametrize("raised", sorted(errors.ERROR_CLASSES.values(), key=str))
def test_our_errors_keep_their_class(raised: Any) -> None:
    def run(_: Any) -> Any:
        raise raised("first\nsecond")

    with pytest.raises(raised) as caught:
        session(run).run([x()])
    assert type(caught.value) is raised
    assert str(caught.value) == "first; second"


def test_other_exceptions_are_engine_errors() -> None:
    def run(_: Any) -> Any:
        raise LookupError("no such\nlayer")

    with pytest.raises(errors.EngineError, match="LookupError: no such layer"):
        session(run).run([x()])


def test_interrupts_pass_through() -> None:
    def run(_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session(run).run([x()])


def test_trim() -> None:
    calls: list[int] = []
    session(lambda a: a, trim=lambda: calls.append(1)).trim()
    assert calls == [1]
    session(lambda a: a).trim()

    def broken() -> None:
        raise errors.ConfigError("cannot")

    with pytest.raises(errors.ConfigError, match="cannot"):
        session(lambda a: a, trim=broken).trim()


def test_callables_that_are_none() -> None:
    with pytest.raises(TypeError):
        session(3)
    with pytest.raises(TypeError):
        session(lambda a: a, trim=3)


def test_many_threads_wait_for_each_other_inside_the_callable() -> None:
    together = threading.Barrier(4, timeout=60)

    def run(arrays: list[Any]) -> list[Any]:
        together.wait()  # only passes if the GIL goes from one caller to the next
        return [arrays[0] * 3]

    made = session(run)
    inputs = [x(rows) for rows in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda a: made.run([a])[0], inputs))
    for given, y in zip(inputs, results, strict=True):
        np.testing.assert_array_equal(y, given * 3)


def test_native_models_run_on_it_from_native_threads() -> None:
    """A recogniser spreads its batches over native threads, which know nothing of Python."""
    threads: set[int] = set()
    both = threading.Event()
    width = 5

    def run(arrays: list[Any]) -> list[Any]:
        threads.add(threading.get_ident())
        if len(threads) > 1:
            both.set()
        both.wait(5)  # gives the GIL up, so that the other thread comes in
        (batch,) = arrays
        scores = np.zeros((batch.shape[0], 4, width), F32)
        scores[:, :, 2] = 1
        return [scores]

    options = _native.SessionOptions()
    options.num_streams = 2
    native = _native.python_session(
        "paddle",
        [_native.TensorInfo("x", "float32", [None, 3, 48, None])],
        [_native.TensorInfo("y", "float32", [None, None, width])],
        run,
        None,
        options,
    )
    recognizer = _native.TextRecognizer(native, native_operators([RESIZE]), ["a", "b", "c"])
    images = [np.full((48, 40 + 40 * i, 3), 9 * i, np.uint8) for i in range(6)]
    lines = recognizer.recognize(images, _native.RecognitionOptions(1, False, None))
    assert [line.text for line in lines] == ["b"] * 6
    assert len(threads) == min(2, _native.thread_info()["threads"])


def test_a_session_can_be_dropped_on_any_thread() -> None:
    class Engine:
        def run(self, arrays: list[Any]) -> list[Any]:
            return [arrays[0] + 1]

    engine = Engine()
    gone = weakref.ref(engine)
    box = [session(engine.run)]
    results = [box[0].run([x()])[0]]
    del engine
    assert gone() is not None

    def drop() -> None:
        box.clear()
        results[:] = [results[0].copy()]

    thread = threading.Thread(target=drop)
    thread.start()
    thread.join()
    gc.collect()
    assert gone() is None
    np.testing.assert_array_equal(results[0], x() + 1)


def test_nothing_leaks() -> None:
    class Engine:
        def run(self, arrays: list[Any]) -> list[Any]:
            if arrays[0].shape[0] == 1:
                raise ValueError("one row")
            return [arrays[0] + 1]

    engine = Engine()
    made = session(engine.run)
    alive = []
    for rows in (1, 2, 3):
        try:
            alive.append(weakref.ref(made.run([x(rows)])[0]))
        except errors.EngineError:
            continue
    gc.collect()
    assert [item() for item in alive] == [None, None]
