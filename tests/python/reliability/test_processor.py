"""Threads come from the real budget, and nothing runs when nothing is asked."""

from __future__ import annotations

import os

import pytest
from example_pages import ENGINES
from rows import child, network
from subjects import DETECTOR


@pytest.mark.parametrize("engine", ENGINES)
def test_one_processor_is_one_thread(engine):
    answer = child("processor_worker.py", "threads", f"hpinfer {engine}", network(DETECTOR), 1)
    assert answer["budget"] == 1
    assert answer["session"] == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_the_affinity_mask_is_the_budget(engine):
    usable = len(os.sched_getaffinity(0))
    answer = child("processor_worker.py", "threads", f"hpinfer {engine}", network(DETECTOR), usable)
    assert answer["budget"] == answer["session"]
    assert answer["budget"] <= usable  # less under a quota


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_runs_when_nothing_is_asked(engine):
    answer = child("processor_worker.py", "idle", f"hpinfer {engine}", network(DETECTOR), 1.0)
    assert answer["share"] < 0.2  # threads that wait in a loop take 1.0 each
