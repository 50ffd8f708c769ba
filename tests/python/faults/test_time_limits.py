"""`timeout` of predict: released in time whatever hangs, and what was begun is stopped."""

from __future__ import annotations

import threading
import time

import pytest
from example_pages import IMAGES, summary

import hpinfer
from hpinfer import _native
from hpinfer.errors import CancelledError, ConfigError, TimeLimitError
from hpinfer.models.overlap import in_order
from hpinfer.models.time_limit import CallLimit

WAIT_S = 60
PAGE = IMAGES / "hello.png"


def until(condition):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


@pytest.fixture(scope="module")
def ocr():
    return hpinfer.create_pipeline("OCR", engine="onnxruntime")


def test_a_call_with_time_enough_gives_the_same(ocr):
    expected = [summary(result) for result in ocr.predict([PAGE] * 4)]
    assert [summary(result) for result in ocr.predict([PAGE] * 4, timeout=WAIT_S)] == expected


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "2", True])
def test_a_wrong_timeout_is_told_at_once(ocr, wrong):
    with pytest.raises(ConfigError, match="timeout must be a number of seconds above 0"):
        ocr.predict(PAGE, timeout=wrong)


def test_models_have_it_too():
    model = hpinfer.create_model("PP-OCRv4_mobile_det", engine="onnxruntime")
    assert len(list(model.predict(PAGE, timeout=WAIT_S))) == 1

    def pages():
        yield PAGE
        time.sleep(0.3)
        yield PAGE

    results = model.predict(pages(), timeout=0.25)
    with pytest.raises(TimeLimitError, match=r"PP-OCRv4_mobile_det\.predict took longer"):
        list(results)


def test_an_input_that_never_comes_does_not_hang_the_caller(ocr):
    release = threading.Event()

    def pages():
        yield PAGE
        release.wait(WAIT_S)

    results = ocr.predict(pages(), timeout=2)
    assert next(results).rec_texts
    with pytest.raises(TimeLimitError, match="timeout of 2 s"):
        next(results)
    assert list(results) == []
    release.set()


def test_the_callers_own_time_counts(ocr):
    results = ocr.predict([PAGE] * 3, timeout=1.5)
    next(results)
    time.sleep(1.6)
    with pytest.raises(TimeLimitError):
        next(results)


def test_the_time_begins_with_the_first_next(ocr):
    results = ocr.predict(PAGE, timeout=5)
    time.sleep(0.05)
    assert next(results).rec_texts


def test_native_work_stops_at_its_next_inference():
    runs = 0

    def run(arrays):
        nonlocal runs
        runs += 1
        time.sleep(0.02)
        return [arrays[0]]

    info = _native.TensorInfo("x", "float32", [None])
    session = _native.python_session("fault", [info], [info], run, None, _native.SessionOptions())
    import numpy as np

    limit = CallLimit(0.1, where="work")

    def work():
        while True:
            session.run([np.zeros(1, np.float32)])

    with pytest.raises(TimeLimitError, match=r"work took longer than its timeout of 0\.1 s"):
        limit.run(work)
    assert 1 <= runs <= 6
    # Without the limit it runs again.
    session.run([np.zeros(1, np.float32)])


def test_closing_stops_the_work_of_other_threads_at_the_next_inference():
    limit = CallLimit(None, where="work")
    native = limit._native
    stopped = threading.Event()

    def work(number):
        if number == 0:
            return [0]
        try:
            while True:
                native.check()
                time.sleep(0.001)
        except CancelledError:
            stopped.set()
            raise

    results = in_order(range(9), lambda n: limit.run(lambda: work(n)), at_once=2, limit=limit)
    assert next(results) == 0
    threading.Timer(0.05, limit.give_up).start()
    with pytest.raises(CancelledError, match="gave it up"):
        next(results)
    assert stopped.is_set()


def test_the_thread_that_was_late_ends_by_itself(ocr, monkeypatch):
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "2")
    with pytest.raises(TimeLimitError):
        list(ocr.predict([PAGE] * 200, timeout=0.2))
    until(lambda: not any(t.name.startswith("hpinfer_") for t in threading.enumerate()))
    assert next(iter(ocr.predict(PAGE))).rec_texts


def test_no_more_threads_from_the_system(ocr, monkeypatch):
    """What would have been done beside the caller is done by it."""
    expected = [summary(result) for result in ocr.predict([PAGE] * 4)]

    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert [summary(result) for result in ocr.predict([PAGE] * 4)] == expected
    made = hpinfer.create_pipeline("OCR", engine="onnxruntime")
    assert [summary(result) for result in made.predict(PAGE)] == expected[:1]
