"""Tuning, with sessions that take as long as they are told and a clock that nobody waits for."""

from __future__ import annotations

import numpy as np
import pytest

from hpinfer.config.inference import parse_inference_config
from hpinfer.errors import EngineError, EngineUnavailableError, ModelFormatError
from hpinfer.hpi.candidates import Candidate
from hpinfer.hpi.records import OUT_OF_TIME
from hpinfer.hpi.tuning import tune

OPENVINO = Candidate("openvino", "onnx")
BF16 = Candidate("openvino", "onnx", None, "bf16")
ORT = Candidate("onnxruntime", "onnx")
PADDLE = Candidate("paddle", "pdmodel")
CONFIG = parse_inference_config(
    {"Global": {"model_name": "M"}, "PostProcess": {"Topk": {"topk": 1, "label_list": ["a"]}}}
)
SCORES = np.array([[0.7, 0.2, 0.1]], np.float32)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Input:
    name, dtype, shape = "x", "float32", (None, 3, 224, 224)


class FakeSession:
    """Runs in `seconds` of the clock and answers `outputs`, or fails from run `breaks_at` on."""

    inputs = (Input(),)

    def __init__(self, clock, seconds, outputs=SCORES, breaks_at=None):
        self.clock, self.seconds, self.outputs, self.breaks_at = clock, seconds, outputs, breaks_at
        self.runs = 0

    def run(self, inputs):
        self.runs += 1
        if self.breaks_at is not None and self.runs >= self.breaks_at:
            raise EngineError("the engine\nfell over")
        assert inputs["x"].shape == (1, 3, 224, 224)
        self.clock.now += self.seconds
        return [np.array(self.outputs)]


class Bench:
    """Candidates with their sessions; loading takes `load` seconds of the clock."""

    def __init__(self, load=0.1):
        self.clock, self.load, self.sessions, self.opened = Clock(), load, {}, []

    def add(self, candidate, seconds, **options):
        self.sessions[candidate] = FakeSession(self.clock, seconds, **options)

    def open(self, candidate):
        self.opened.append(candidate)
        self.clock.now += self.load
        session = self.sessions[candidate]
        if isinstance(session, Exception):
            raise session
        return session

    def tune(self, ranked, **options):
        options.setdefault("budget_s", 60.0)
        return tune(ranked, self.open, CONFIG, "classification", clock=self.clock, **options)


def by_label(record):
    return {item.label: item for item in record.measurements}


def test_medians_loading_times_and_the_reference_are_recorded():
    bench = Bench()
    bench.add(OPENVINO, 0.010)
    bench.add(ORT, 0.020)
    record = bench.tune([OPENVINO, ORT])
    found = by_label(record)
    assert found[OPENVINO.label].milliseconds == pytest.approx(10, abs=0.01)
    assert found[ORT.label].milliseconds == pytest.approx(20, abs=0.01)
    assert found[ORT.label].load_seconds == pytest.approx(0.1)
    assert record.reference == ORT.label
    assert record.feeds == ("x 1x3x224x224",)
    assert all(item.eligible for item in record.measurements)


def test_paddle_is_the_reference_where_it_runs():
    bench = Bench()
    for candidate in (OPENVINO, ORT, PADDLE):
        bench.add(candidate, 0.01)
    assert bench.tune([OPENVINO, ORT, PADDLE]).reference == PADDLE.label


def test_rounds_are_taken_in_turn():
    order = []
    bench = Bench()
    for candidate in (OPENVINO, ORT):
        bench.add(candidate, 0.01)
        session = bench.sessions[candidate]
        run = session.run
        session.run = lambda inputs, run=run, label=candidate.engine: (
            order.append(label),
            run(inputs),
        )[1]
    bench.tune([OPENVINO, ORT])
    timed = order[4:]  # two runs of each come before: outputs, warm-up
    assert timed[:6] == ["openvino", "onnxruntime"] * 3


def test_what_cannot_be_loaded_stays_in_the_record_with_its_reason():
    bench = Bench()
    bench.sessions[OPENVINO] = ModelFormatError("unknown\n operator")
    bench.add(ORT, 0.01)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert found[OPENVINO.label].reason == "unknown; operator"
    assert not found[OPENVINO.label].eligible
    assert found[ORT.label].eligible


@pytest.mark.parametrize("breaks_at", [1, 2, 5])
def test_what_fails_while_running_is_out_whenever_it_fails(breaks_at):
    bench = Bench()
    bench.add(OPENVINO, 0.001, breaks_at=breaks_at)
    bench.add(ORT, 0.01)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert "fell over" in found[OPENVINO.label].reason
    assert not found[OPENVINO.label].eligible
    assert found[ORT.label].eligible


def test_nothing_that_runs_is_an_error_with_every_reason():
    bench = Bench()
    bench.sessions[OPENVINO] = ModelFormatError("one")
    bench.sessions[ORT] = ModelFormatError("two")
    with pytest.raises(EngineUnavailableError, match=r"one.*two"):
        bench.tune([OPENVINO, ORT])


def test_full_precision_that_disagrees_with_the_reference_is_out():
    bench = Bench()
    bench.add(OPENVINO, 0.001, outputs=SCORES + 0.1)
    bench.add(ORT, 0.01)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert found[OPENVINO.label].reason.startswith("disagrees with onnxruntime")
    assert found[OPENVINO.label].milliseconds is None


def test_full_precision_with_outputs_of_other_shapes_is_told_but_not_out():
    """Detectors give as many boxes as they find; near-equal scores are no fault of an engine."""
    bench = Bench()
    bench.add(OPENVINO, 0.001, outputs=SCORES[:, :2])
    bench.add(ORT, 0.01)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert found[OPENVINO.label].eligible
    assert "other shapes" in found[OPENVINO.label].agreement


def test_not_a_number_is_out():
    bench = Bench()
    bench.add(OPENVINO, 0.001, outputs=SCORES * np.nan)
    bench.add(ORT, 0.01)
    assert "not finite" in by_label(bench.tune([OPENVINO, ORT]))[OPENVINO.label].reason


def test_a_lower_precision_is_compared_with_both_before_it_may_win():
    bench = Bench()
    bench.add(OPENVINO, 0.01)
    bench.add(BF16, 0.005, outputs=SCORES + 0.003)
    bench.add(ORT, 0.02)
    found = by_label(bench.tune([OPENVINO, BF16, ORT]))
    assert found[BF16.label].eligible
    assert "the same best class" in found[BF16.label].agreement


@pytest.mark.parametrize(
    "outputs", [SCORES[:, ::-1], SCORES + 0.2, SCORES[:, :2]], ids=["class", "score", "shape"]
)
def test_a_lower_precision_that_changes_the_result_cannot_win(outputs):
    bench = Bench()
    bench.add(OPENVINO, 0.01)
    bench.add(BF16, 0.005, outputs=outputs)
    found = by_label(bench.tune([OPENVINO, BF16]))
    assert not found[BF16.label].eligible
    assert found[BF16.label].reason.startswith("disagrees with openvino fp32")


def test_the_time_is_bounded_and_the_likeliest_is_measured_first():
    bench = Bench(load=1.0)
    for candidate in (OPENVINO, ORT, PADDLE):
        bench.add(candidate, 0.5)
    start = bench.clock()
    record = bench.tune([OPENVINO, ORT, PADDLE], budget_s=2.0)
    assert bench.opened == [OPENVINO, ORT]  # loaded, run and warmed up in 2 s each
    assert bench.clock() - start == pytest.approx(2 * 2.0 + 2 * 0.5)  # and timed once
    found = by_label(record)
    assert found[OPENVINO.label].eligible
    assert found[ORT.label].eligible
    assert found[PADDLE.label].reason == OUT_OF_TIME


def test_a_hopeless_one_gets_one_round_only():
    bench = Bench()
    bench.add(OPENVINO, 0.01)
    bench.add(ORT, 0.2)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert found[ORT.label].rounds == 1
    assert found[OPENVINO.label].rounds > 3


class Noisy(FakeSession):
    """Slower in the first `busy` runs, as on a machine that has other work."""

    def __init__(self, clock, seconds, busy):
        super().__init__(clock, seconds)
        self.busy = busy

    def run(self, inputs):
        usual, self.seconds = self.seconds, self.seconds * (1.3 if self.runs < self.busy else 1)
        try:
            return super().run(inputs)
        finally:
            self.seconds = usual


def test_candidates_that_cannot_be_told_apart_are_measured_on():
    bench = Bench()
    bench.sessions[OPENVINO] = Noisy(bench.clock, 0.0100, busy=12)  # most of the first 15 rounds
    bench.add(ORT, 0.0125)
    bench.add(PADDLE, 0.0200)
    record = bench.tune([OPENVINO, ORT, PADDLE])
    found = by_label(record)
    assert found[OPENVINO.label].rounds == found[ORT.label].rounds > 15
    assert found[OPENVINO.label].milliseconds == pytest.approx(10, abs=0.1)
    assert found[PADDLE.label].rounds == 15


def test_a_clear_winner_is_not_measured_on():
    bench = Bench()
    bench.add(OPENVINO, 0.010)
    bench.add(ORT, 0.012)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert (found[OPENVINO.label].rounds, found[ORT.label].rounds) == (15, 15)


def test_measuring_on_is_bounded_too():
    bench = Bench()
    bench.add(OPENVINO, 0.100)
    bench.add(ORT, 0.101)
    start = bench.clock()
    found = by_label(bench.tune([OPENVINO, ORT], budget_s=4.0))
    assert bench.clock() - start <= 4.0 * 1.25 + 0.101
    assert found[ORT.label].rounds > 15
    assert abs(found[OPENVINO.label].rounds - found[ORT.label].rounds) <= 1


def test_what_fails_while_it_is_measured_on_is_out():
    bench = Bench()
    bench.add(OPENVINO, 0.010, breaks_at=25)
    bench.add(ORT, 0.0101)
    found = by_label(bench.tune([OPENVINO, ORT]))
    assert "fell over" in found[OPENVINO.label].reason
    assert found[ORT.label].eligible


def test_streams_run_at_once():
    bench = Bench()
    bench.add(OPENVINO, 0.01)
    bench.add(ORT, 0.02)
    record = bench.tune([OPENVINO, ORT], streams=3, budget_s=1.0)
    assert record.streams == 3
    assert bench.sessions[OPENVINO].runs > 3
    assert (bench.sessions[OPENVINO].runs - 1) % 3 == 0  # one for the outputs, then threes
