"""Resident memory has a ceiling. Each in a process of its own; the long runs are in
`benchmarks/reliability`."""

from __future__ import annotations

import pytest
from example_pages import ENGINES
from rows import child, network
from subjects import DETECTOR, RECOGNISER

# One lost output of the recogniser is 1.6 MB on average here.
MOST_GROWTH_MB = 60


def curve_of(engine, task, name, calls):
    answer = child("memory_worker.py", f"hpinfer {engine}", task, network(name), calls, 120, "-")
    assert answer["curve"][-1][0] == calls
    return [megabytes for _, megabytes in answer["curve"]]


@pytest.mark.parametrize("engine", ENGINES)
def test_ever_new_shapes_reach_a_plateau(engine):
    curve = curve_of(engine, "narrow", RECOGNISER, 240)
    half = len(curve) // 2
    assert max(curve[half:]) - max(curve[:half]) < MOST_GROWTH_MB


@pytest.mark.parametrize("engine", ENGINES)
def test_create_and_destroy_loses_nothing(engine):
    # The weights alone are 11 MB.
    curve = curve_of(engine, "cycles", RECOGNISER, 9)
    assert curve[-1] - curve[3] < 30


@pytest.mark.parametrize("engine", ENGINES)
def test_trim_gives_back_what_a_large_page_took(engine):
    answer = child("memory_worker.py", f"hpinfer {engine}", "trim", network(DETECTOR), 1, 60, "-")
    took = answer["megabytes"]
    assert took["after the large page"] - took["before"] > 100
    assert took["after trim()"] < took["before"] + 100
