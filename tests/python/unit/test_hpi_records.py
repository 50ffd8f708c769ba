"""Tuning records survive JSON, and what is not one is not taken for one."""

from __future__ import annotations

import json

import pytest

from hpinfer.hpi.records import Measurement, TuningRecord

RECORD = TuningRecord(
    (
        Measurement("a", 1.5, 0.1, 7, 0.2, "the reference"),
        Measurement("b", reason="cannot be loaded"),
    ),
    feeds=("x 1x3x48x320",),
    reference="a",
    streams=2,
    seconds=1.0,
    created="2026-11-20T12:00:00+00:00",
)


def test_a_record_comes_back_as_it_was():
    assert TuningRecord.from_json(json.loads(json.dumps(RECORD.to_json()))) == RECORD
    assert RECORD.times() == {"a": 1.5}
    assert RECORD.refused() == {"b": "cannot be loaded"}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"schema": 0},
        {**RECORD.to_json(), "schema": 99},
        {**RECORD.to_json(), "unknown": 1},
        {**RECORD.to_json(), "measurements": [{"label": "a", "speed": 1}]},
        {**RECORD.to_json(), "measurements": [{"label": "a", "milliseconds": "fast"}]},
        {**RECORD.to_json(), "measurements": 3},
    ],
)
def test_damaged_or_foreign_records_are_none(data):
    assert TuningRecord.from_json(data) is None
