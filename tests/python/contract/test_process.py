"""Threads, the GIL, other users of the engine in the process, and how engines are found."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hpinfer
from hpinfer.errors import EngineUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INPUT = "np.random.default_rng(5).random((1, 3, 33, 47), np.float32)"


def run_python(code: str, *arguments: object, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_engine_is_usable(engine: str) -> None:
    (status,) = [item for item in hpinfer.engines() if item.name == engine]
    assert status.usable, status.reason
    assert status.version[0].isdigit()
    assert status.library
    assert status.devices
    assert not status.reason


def test_there_is_an_engine_to_test() -> None:
    statuses = hpinfer.engines()
    assert statuses, "this build has no engines"
    assert any(status.usable for status in statuses), [status.reason for status in statuses]


def test_model_from_bytes_equals_model_from_file(
    load: Callable[..., Any], models: Any, convolution_file: Path
) -> None:
    x = np.random.default_rng(5).random((1, 3, 33, 47), np.float32)
    (want,) = load(convolution_file).run([x])
    content = models.convolution()
    for source in (content, bytearray(content), memoryview(content), str(convolution_file)):
        session = load(source)
        del source
        gc.collect()
        np.testing.assert_array_equal(session.run([x])[0], want)


def test_paths_with_blanks_and_other_letters(
    load: Callable[..., Any], models: Any, tmp_path: Path
) -> None:
    path = tmp_path / "mødell 模型" / "a b.onnx"
    path.parent.mkdir()
    path.write_bytes(models.identity("float32"))
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(load(path).run([x])[0], x)


@pytest.mark.parametrize("options", [{}, {"num_streams": 4}, {"memory": "fast"}])
def test_many_threads_get_the_bits_of_serial_runs(
    load: Callable[..., Any], models: Any, options: dict[str, Any]
) -> None:
    session = load(models.convolution(), **options)
    rng = np.random.default_rng(11)
    inputs = [rng.random((1, 3, 16 + 9 * i, 40 + 5 * i), np.float32) for i in range(8)]
    wanted = [session.run([x])[0] for x in inputs]
    start = threading.Barrier(8)

    def work(index: int) -> int:
        start.wait()
        equal = 0
        for turn in range(20):
            which = (index + turn) % 8
            (y,) = session.run({"x": inputs[which]})
            equal += np.array_equal(y, wanted[which])
        return equal

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [20] * 8


def test_threads_may_fail_and_succeed_side_by_side(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    good = np.ones((1, 3, 20, 20), np.float32)
    bad = np.ones((1, 4, 20, 20), np.float32)
    (want,) = session.run([good])

    def work(index: int) -> bool:
        if index % 2 == 0:
            return np.array_equal(session.run([good])[0], want)
        with pytest.raises(ValueError, match="shape"):
            session.run([bad])
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))


def test_trim_is_safe_while_others_run(load: Callable[..., Any], models: Any) -> None:
    for memory in ("bounded", "fast"):
        session = load(models.convolution(), memory=memory)
        x = np.ones((1, 3, 64, 64), np.float32)
        (want,) = session.run([x])

        def work(index: int, session: Any = session, x: Any = x, want: Any = want) -> bool:
            if index % 4 == 0:
                session.trim()
            return np.array_equal(session.run([x])[0], want)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(work, range(200)))


def test_the_gil_is_released_while_the_engine_works(load: Callable[..., Any], models: Any) -> None:
    session = load(models.heavy())
    x = np.ones((512, 512), np.float32)
    turns = 0
    stop = threading.Event()
    running = threading.Event()

    def count() -> None:
        nonlocal turns
        while not stop.is_set():
            turns += 1
            running.set()
            stop.wait(0.0001)  # gives the GIL up

    # Nobody is made to give the GIL up for a minute: only an explicit release lets `count` on.
    interval = sys.getswitchinterval()
    counter = threading.Thread(target=count)
    counter.start()
    try:
        running.wait()
        sys.setswitchinterval(60)
        before = turns
        end = time.monotonic() + 10  # on a busy machine one run may be over before its turn
        while turns == before and time.monotonic() < end:
            session.run([x])
        assert turns > before
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        counter.join()


@pytest.mark.parametrize("order", ["none", "before", "after", "both use it"])
def test_the_engines_own_package_in_the_same_process(
    engine: str, expected: Any, convolution_file: Path, order: str
) -> None:
    code = f"""
import hashlib, importlib, sys
import numpy as np
import hpinfer
order, engine, package, model = sys.argv[1:]
def predict(paddle):
    import paddle.inference
    config = paddle.inference.Config()
    config.set_prog_file(model)
    config.enable_new_ir(True)
    config.disable_glog_info()
    predictor = paddle.inference.create_predictor(config)
    handle = predictor.get_input_handle("x")
    handle.reshape(x.shape)
    handle.copy_from_cpu(x)
    predictor.run()
    return predictor.get_output_handle("y").copy_to_cpu()
own = {{
    "paddle": predict,
    "onnxruntime": lambda m: m.InferenceSession(model, providers=["CPUExecutionProvider"]).run(
        None, {{"x": x}})[0],
    "openvino": lambda m: m.Core().compile_model(model, "CPU")(x)[0],
}}
x = {INPUT}
if order in ("before", "both use it"):
    module = importlib.import_module(package)
if order == "both use it":
    theirs = own[engine](module)
session = hpinfer.Session(model, engine=engine, num_threads=2)
first = session.run([x])[0]
if order in ("after", "both use it"):
    module = importlib.import_module(package)
    theirs = own[engine](module)
    assert np.abs(first - theirs).max() < 0.05, "the package computes something else"
second = session.run([x])[0]
assert np.array_equal(first, second)
print(hashlib.sha256(first.tobytes()).hexdigest())
"""
    x = np.random.default_rng(5).random((1, 3, 33, 47), np.float32)
    (want,) = hpinfer.Session(convolution_file, engine=engine, num_threads=2).run([x])
    printed = run_python(code, order, engine, expected.package, convolution_file)
    assert printed == hashlib.sha256(want.tobytes()).hexdigest()


def unavailable(engine: str, library: Path | str) -> str:
    code = """
import sys
import hpinfer
from hpinfer.errors import EngineUnavailableError
(status,) = [item for item in hpinfer.engines() if item.name == sys.argv[1]]
assert not status.usable and status.version == "" and status.library == ""
try:
    hpinfer.Session(b"model", engine=sys.argv[1])
except EngineUnavailableError as error:
    assert str(error) == status.reason
    print(error)
"""
    return run_python(code, engine, **{f"HPINFER_{engine.upper()}_LIBRARY": str(library)})


def test_a_library_that_does_not_exist(engine: str, tmp_path: Path) -> None:
    message = unavailable(engine, tmp_path / "none.so")
    assert engine in message
    assert "none.so: cannot open shared object file" in message
    assert "\n" not in message


def test_a_library_that_is_no_library(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "text.so"
    path.write_text("this is not a shared library, but long enough to have a header of one\n" * 9)
    message = unavailable(engine, path)
    assert "text.so" in message
    assert "invalid ELF header" in message


def test_a_library_of_something_else(engine: str) -> None:
    message = unavailable(engine, "libc.so.6")
    assert "has no symbol" in message


def test_no_engine_installed_lists_what_was_tried(engine: str, expected: Any) -> None:
    # A module without a spec hides the installed package from the search, as if it were absent.
    code = """
import sys, types
sys.modules[sys.argv[2]] = types.ModuleType(sys.argv[2])
sys.modules[sys.argv[2]].__spec__ = None
import hpinfer
from hpinfer.hpi import library_candidates
assert library_candidates(sys.argv[1]) == []
try:
    hpinfer.Session(b"model", engine=sys.argv[1])
except hpinfer.errors.EngineUnavailableError as error:
    assert isinstance(error, ImportError)
    print(error)
"""
    message = run_python(code, engine, expected.package)
    assert f"'{engine}' is not usable here" in message
    assert f"lib{engine}" in message
    assert "cannot open shared object file" in message


def test_unavailable_engine_is_an_import_error() -> None:
    assert issubclass(EngineUnavailableError, ImportError)
