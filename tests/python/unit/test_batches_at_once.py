"""Several batches at once: order, laziness, failures, closing, and who works."""

from __future__ import annotations

import contextvars
import threading
import time

import pytest

from hpinfer.errors import ConfigError
from hpinfer.models.overlap import batches_at_once, in_order

WAIT_S = 30


def until(condition):
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


class Numbers:
    """Gives 0, 1, 2 … and remembers how many were taken."""

    def __init__(self, count=10**6):
        self.taken = 0
        self.count = count

    def __iter__(self):
        for number in range(self.count):
            self.taken += 1
            yield number


@pytest.mark.parametrize("at_once", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 40])
def test_results_come_in_order_whoever_is_done_first(at_once, count):
    def work(number):
        time.sleep(0.002 * (number % 3))
        return [(number, part) for part in range(number % 4)]

    expected = [(number, part) for number in range(count) for part in range(number % 4)]
    assert list(in_order(range(count), work, at_once=at_once)) == expected


def test_groups_are_worked_on_at_the_same_time():
    together = threading.Barrier(3, timeout=WAIT_S)

    def work(number):
        if 1 <= number <= 3:  # the first is worked on alone
            together.wait()
        return [number]

    assert list(in_order(range(5), work, at_once=3)) == [0, 1, 2, 3, 4]


def test_the_first_result_needs_no_second_input():
    def groups():
        yield 0
        raise AssertionError("read ahead of the first result")

    assert next(in_order(groups(), lambda number: [number], at_once=4)) == 0


def test_a_result_does_not_wait_for_an_input_that_has_not_come():
    arrived = threading.Event()

    def groups():
        yield from (0, 1)
        assert arrived.wait(WAIT_S)
        yield 2

    results = in_order(groups(), lambda number: [number], at_once=2)
    assert [next(results), next(results)] == [0, 1]
    arrived.set()
    assert list(results) == [2]


def test_one_at_a_time_stays_in_the_thread_of_the_caller_and_reads_nothing_ahead():
    numbers, threads = Numbers(), set()

    def work(number):
        threads.add(threading.get_ident())
        return [number]

    results = in_order(numbers, work, at_once=1)
    for expected in range(4):
        assert next(results) == expected
        assert numbers.taken == expected + 1
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("at_once", [2, 4])
def test_what_is_read_ahead_is_bounded(at_once):
    numbers = Numbers()
    results = in_order(numbers, lambda number: [number], at_once=at_once)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    until(lambda: numbers.taken == 3 + 2 * at_once)
    time.sleep(0.05)
    assert numbers.taken == 3 + 2 * at_once
    results.close()


def test_groups_are_read_by_one_thread_at_a_time():
    inside = 0

    def groups():
        nonlocal inside
        for number in range(30):
            assert inside == 0
            inside += 1
            time.sleep(0.001)
            inside -= 1
            yield number

    assert list(in_order(groups(), lambda number: [number], at_once=4)) == list(range(30))


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("where", ["work", "groups"])
@pytest.mark.parametrize("bad", [0, 1, 6])
def test_a_failure_comes_after_the_results_before_it(at_once, where, bad):
    def groups():
        for number in range(20):
            if where == "groups" and number == bad:
                raise KeyError(number)
            yield number

    def work(number):
        if where == "work" and number == bad:
            raise KeyError(number)
        return [number]

    results = in_order(groups(), work, at_once=at_once)
    assert [next(results) for _ in range(bad)] == list(range(bad))
    with pytest.raises(KeyError, match=str(bad)):
        next(results)
    assert list(results) == []


@pytest.mark.parametrize("how", ["close", "forget"])
def test_closing_stops_the_work(how):
    begun, numbers = [], Numbers()

    def work(number):
        begun.append(number)
        return [number]

    results = in_order(numbers, work, at_once=2)
    for _ in range(4):
        next(results)
    if how == "close":
        results.close()
    else:
        del results
    until(lambda: not any(thread.name.startswith("hpinfer") for thread in threading.enumerate()))
    count = len(begun)
    assert count <= 4 + 2 * 2 + 1
    time.sleep(0.02)
    assert len(begun) == count


def test_closing_does_not_wait_for_an_input_that_never_comes():
    release = threading.Event()

    def groups():
        yield from (0, 1)
        release.wait(WAIT_S)

    results = in_order(groups(), lambda number: [number], at_once=2)
    assert [next(results), next(results)] == [0, 1]
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < WAIT_S / 2
    release.set()


def test_the_context_of_the_caller_holds_in_the_threads():
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    found = list(in_order(range(6), lambda _: [variable.get()], at_once=2))
    assert found == ["set"] * 6


def test_how_many_at_once(monkeypatch):
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "3")
    assert batches_at_once() == 3
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "")
    assert 1 <= batches_at_once() <= 8
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "0")
    with pytest.raises(ConfigError, match="HPINFER_BATCHES_AT_ONCE"):
        batches_at_once()
