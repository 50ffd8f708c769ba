"""`hpinfer.stats()` counts what is there, and `hpinfer.trim()` gives back without harm."""

from __future__ import annotations

import gc
import json
import threading

import numpy as np
import pytest
from answers import fingerprint
from example_pages import ENGINES
from rows import network
from subjects import RECOGNISER, line_reader, line_tensors, text_lines

import hpinfer
from hpinfer.errors import InvalidInputError
from hpinfer.process import EngineStats

NOTHING = EngineStats(0, 0, 0, 0, 0, 0, 0)


def of_engine(engine):
    return hpinfer.stats().engines.get(engine, NOTHING)


@pytest.fixture(params=ENGINES)
def engine(request):
    gc.collect()
    return request.param


def test_sessions_and_runs_are_counted(engine):
    before = of_engine(engine)
    session = hpinfer.Session(network(RECOGNISER), engine=engine)
    assert of_engine(engine).sessions == before.sessions + 1
    tensors = line_tensors(3, widest=64)
    for tensor in tensors:
        session.run([tensor])
    with pytest.raises(InvalidInputError):
        session.run([tensors[0][:, :1]])  # refused before the engine sees it: no run
    now = of_engine(engine)
    assert now.done == before.done + 3
    assert now.failed == before.failed
    assert now.running == 0
    del session
    gc.collect()
    assert of_engine(engine).sessions == before.sessions
    assert of_engine(engine).done == before.done + 3


def test_a_failed_run_is_counted(engine):
    session = hpinfer.Session(network(RECOGNISER), engine=engine)
    before = of_engine(engine)
    (output,) = session.outputs
    wrong = np.zeros((1, 1, output.shape[2]), np.float32)  # one step instead of eight
    with pytest.raises(InvalidInputError):
        session.run([np.zeros((1, 3, 48, 64), np.float32)], outputs={output.name: wrong})
    assert of_engine(engine).failed == before.failed + 1
    assert of_engine(engine).running == 0


def test_nothing_is_held_after_models_are_gone(engine):
    before = hpinfer.stats()
    read = line_reader(engine)
    picture = np.full((32, 100, 3), 255, np.uint8)
    read(picture)
    during = hpinfer.stats()
    assert during.buffers.pools == before.buffers.pools + 1
    assert during.buffers.idle_bytes > before.buffers.idle_bytes
    assert during.buffers.taken == before.buffers.taken
    del read
    gc.collect()
    after = hpinfer.stats()
    assert after.buffers == before.buffers
    sessions = {name: counts.sessions for name, counts in after.engines.items()}
    assert sessions.get(engine, 0) == before.engines.get(engine, NOTHING).sessions
    assert after.engines[engine].requests == before.engines.get(engine, NOTHING).requests


def test_everything_is_json(engine):
    hpinfer.Session(network(RECOGNISER), engine=engine)
    told = json.loads(json.dumps(hpinfer.stats().to_dict()))
    assert told["engines"][engine]["sessions"] >= 0
    assert told["threads"]["budget"] >= 1
    assert 0 < told["resident_bytes"] <= told["peak_bytes"]


def test_trim_empties_buffers_and_requests_and_changes_no_result(engine):
    read = line_reader(engine)
    lines = text_lines([np.random.default_rng(5).integers(0, 256, (90, 400, 3), np.uint8)], 8)
    wanted = [fingerprint(read(line)) for line in lines]
    assert hpinfer.stats().buffers.idle > 0
    hpinfer.trim()
    now = hpinfer.stats()
    assert now.buffers.idle == now.buffers.idle_bytes == 0
    assert now.engines[engine].idle_requests == 0
    assert [fingerprint(read(line)) for line in lines] == wanted


def test_trim_and_stats_while_others_run(engine):
    read = line_reader(engine)
    lines = text_lines([np.random.default_rng(6).integers(0, 256, (90, 300, 3), np.uint8)], 10)
    wanted = [fingerprint(read(line)) for line in lines]
    others: list[int] = []
    over = threading.Event()

    def disturb() -> None:
        while not over.is_set():
            hpinfer.trim()
            assert hpinfer.stats().buffers.pools > 0

    def work() -> None:
        for _ in range(3):
            others.extend(i for i, line in enumerate(lines) if fingerprint(read(line)) != wanted[i])

    disturber = threading.Thread(target=disturb)
    workers = [threading.Thread(target=work) for _ in range(4)]
    for thread in (disturber, *workers):
        thread.start()
    for worker in workers:
        worker.join()
    over.set()
    disturber.join()
    assert others == []
