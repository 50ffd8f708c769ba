"""Measures the candidates of a model on this machine, in bounded time.

Every candidate is loaded, its results are compared with those of a trusted one, and rounds over the
typical feeds are timed in turn (A B C A B C …), so that a change of the machine's speed meets all
of them alike. The median counts. A candidate that cannot be loaded, fails, or disagrees stays in
the record with its reason and is never chosen.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hpinfer.errors import EngineUnavailableError, HpinferError
from hpinfer.hpi.agreement import Agreement, compare, worst
from hpinfer.hpi.feeds import feed_text, typical_feeds
from hpinfer.hpi.records import OUT_OF_TIME, Measurement, TuningRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from hpinfer.config.inference import InferenceConfig
    from hpinfer.hpi.candidates import Candidate
    from hpinfer.hpi.family import Family
    from hpinfer.hpi.feeds import Feed, InputInfo

_log = logging.getLogger("hpinfer.hpi")

#: Seconds for one model: two models stay well below the 20 s that a quick tune of OCR may take.
QUICK_BUDGET_S = 6.0
#: Times the budget after which not even a candidate that has not run yet is begun.
_OVERTIME = 1.5
_MAX_ROUNDS = 15
#: A candidate this many times slower than the best after its warm-up gets no further rounds.
_HOPELESS = 3.0
#: Candidates whose medians are this near to the best one's are measured on, until they have this
#: many rounds, within this many times the budget: 15 rounds on a busy machine can be 10 % off.
_CLOSE = 1.1
_CLOSE_ROUNDS = 45
_CLOSE_TIME = 1.25
#: Whose full-precision results the others are compared with, most trusted first: the framework that
#: the models come from, then the ONNX reference runtime.
_TRUST = ("paddle", "onnxruntime", "openvino", "tensorrt", "om")


class Runnable(Protocol):
    """What tuning needs of a session."""

    @property
    def inputs(self) -> Sequence[InputInfo]:
        """The network's inputs."""

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """One inference; called from several threads at once."""


@dataclass(slots=True)
class _Entrant:
    """A loaded candidate and what was found of it so far."""

    candidate: Candidate
    session: Runnable
    load_seconds: float
    outputs: list[list[npt.NDArray[Any]]] = field(default_factory=list)
    warm: float = 0.0
    times: list[float] = field(default_factory=list)
    agreement: str = ""
    reason: str = ""


def tune(
    ranked: Sequence[Candidate],
    open_session: Callable[[Candidate], Runnable],
    config: InferenceConfig,
    family: Family,
    *,
    streams: int = 1,
    budget_s: float = QUICK_BUDGET_S,
    clock: Callable[[], float] = time.perf_counter,
) -> TuningRecord:
    """Measures candidates against each other.

    Args:
        ranked: Candidates, the likeliest first: if the time runs out, the last are left out.
        open_session: Loads one; its `HpinferError` becomes the candidate's reason.
        config: The model's ``inference.yml``.
        family: What the model does.
        streams: Inferences at once, as the pipeline will run them.
        budget_s: Seconds for everything. After them only what every candidate needs, to be
            compared at all, is begun (loading it and one round), and that for half as long again.
        clock: Seconds, rising.

    Returns:
        The record, with one measurement for every candidate.

    Raises:
        EngineUnavailableError: No candidate could be loaded and run.
    """
    from datetime import datetime, timezone

    start = clock()
    with ThreadPoolExecutor(max(streams, 1)) as pool:
        session = _Tuning(config, family, max(streams, 1), (start, budget_s), clock, pool)
        for candidate in ranked:
            session.enter(candidate, open_session)
        if not session.entrants:
            reasons = "; ".join(f"{item.label}: {item.reason}" for item in session.failed.values())
            raise EngineUnavailableError(f"nothing could be measured: {reasons}")
        reference = session.check()
        session.time()
        session.settle()
    return TuningRecord(
        measurements=tuple(session.measurement(candidate) for candidate in ranked),
        feeds=tuple(feed_text(feed) for feed in session.feeds),
        reference=reference,
        streams=session.streams,
        seconds=round(clock() - start, 3),
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


class _Tuning:
    """One tuning in progress."""

    def __init__(
        self,
        config: InferenceConfig,
        family: Family,
        streams: int,
        window: tuple[float, float],
        clock: Callable[[], float],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._pool = pool
        self.streams = streams
        self.feeds: list[Feed] = []
        self.entrants: list[_Entrant] = []
        self.failed: dict[str, Measurement] = {}
        self._config = config
        self._family = family
        start, budget = window
        self._deadline, self._end = start + budget, start + budget * _OVERTIME
        self._close_end = start + budget * _CLOSE_TIME
        self._clock = clock

    def enter(self, candidate: Candidate, open_session: Callable[[Candidate], Runnable]) -> None:
        """Loads a candidate and runs each feed once."""
        if self.entrants and self._clock() > self._end:
            self._fail(candidate, OUT_OF_TIME)
            return
        start = self._clock()
        try:
            session = open_session(candidate)
            loaded = self._clock()
            if not self.feeds:
                self.feeds = typical_feeds(self._config, self._family, session.inputs)
            entrant = _Entrant(candidate, session, loaded - start)
            entrant.outputs = [session.run(feed) for feed in self.feeds]
            begin = self._clock()
            self._round(entrant)
            entrant.warm = self._clock() - begin
        except HpinferError as error:
            _log.info("%s cannot be measured: %s", candidate.label, error)
            self._fail(candidate, " ".join(str(error).split()))
            return
        self.entrants.append(entrant)

    def check(self) -> str:
        """Compares every entrant's results with the trusted one's; gives the latter's label."""
        full = [entry for entry in self.entrants if entry.candidate.precision == "fp32"]
        if not full:
            for entrant in self.entrants:
                entrant.agreement = "not compared: nothing ran in full precision"
            return ""
        reference = min(full, key=lambda entry: _TRUST.index(entry.candidate.engine))
        for entrant in self.entrants:
            if entrant is reference:
                entrant.agreement = "the reference"
                continue
            self._judge(entrant, reference, full)
        return reference.candidate.label

    def _judge(self, entrant: _Entrant, reference: _Entrant, full: Sequence[_Entrant]) -> None:
        reduced = entrant.candidate.precision != "fp32"
        rivals = [reference]
        if reduced:
            same = [e for e in full if e.candidate.engine == entrant.candidate.engine]
            rivals += [entry for entry in same if entry is not reference]
        found = worst([self._agreement(entrant, rival, reduced=reduced) for rival in rivals])
        entrant.agreement = f"{found.detail} ({reference.candidate.label})"
        if found.close:
            return
        if found.comparable or reduced:
            entrant.reason = f"disagrees with {reference.candidate.label}: {found.detail}"

    def _agreement(self, entrant: _Entrant, rival: _Entrant, *, reduced: bool) -> Agreement:
        return worst(
            [
                compare(self._family, expected, got, reduced=reduced)
                for expected, got in zip(rival.outputs, entrant.outputs, strict=True)
            ]
        )

    def time(self) -> None:
        """Rounds in turn until the time or the rounds are used up."""
        racing = [entry for entry in self.entrants if not entry.reason]
        best = min((entry.warm for entry in racing), default=0.0)
        for number in range(_MAX_ROUNDS):
            for entrant in list(racing):
                late = self._clock() > self._deadline
                if late and entrant.times:
                    return
                if number and entrant.warm > best * _HOPELESS:
                    continue
                if not self._timed_round(entrant):
                    racing.remove(entrant)

    def settle(self) -> None:
        """More rounds in turn for the best and those that cannot be told from it yet."""
        close = self._close_to_best()
        while len(close) > 1 and len(close[0].times) < _CLOSE_ROUNDS:
            for entrant in close:
                if self._clock() > self._close_end:
                    return
                self._timed_round(entrant)
            # The other way round next time: what ran before leaves its mark on the caches.
            close = self._close_to_best(first=close[-1])

    def _close_to_best(self, first: _Entrant | None = None) -> list[_Entrant]:
        racing = [entry for entry in self.entrants if not entry.reason and entry.times]
        medians = {id(entry): _median_and_spread(entry.times)[0] for entry in racing}
        bound = min(medians.values(), default=0.0) * _CLOSE
        close = [entry for entry in racing if medians[id(entry)] <= bound]
        return close[::-1] if close and close[-1] is first else close

    def _timed_round(self, entrant: _Entrant) -> bool:
        """One more time of an entrant; False if it failed, which is its reason then."""
        begin = self._clock()
        try:
            self._round(entrant)
        except HpinferError as error:
            entrant.reason = " ".join(str(error).split())
            return False
        entrant.times.append(self._clock() - begin)
        return True

    def measurement(self, candidate: Candidate) -> Measurement:
        """What was found of a candidate."""
        if candidate.label in self.failed:
            return self.failed[candidate.label]
        entrant = next(entry for entry in self.entrants if entry.candidate == candidate)
        if not entrant.times:
            return Measurement(
                candidate.label,
                load_seconds=round(entrant.load_seconds, 3),
                agreement=entrant.agreement,
                reason=entrant.reason or OUT_OF_TIME,
            )
        median, spread = _median_and_spread(entrant.times)
        return Measurement(
            candidate.label,
            milliseconds=round(median * 1000, 3),
            spread=round(spread, 3),
            rounds=len(entrant.times),
            load_seconds=round(entrant.load_seconds, 3),
            agreement=entrant.agreement,
            reason=entrant.reason,
        )

    def _fail(self, candidate: Candidate, reason: str) -> None:
        self.failed[candidate.label] = Measurement(candidate.label, reason=reason)

    def _round(self, entrant: _Entrant) -> None:
        """Every feed once; with several streams that many inferences at the same time."""
        for feed in self.feeds:
            if self.streams == 1:
                entrant.session.run(feed)
                continue
            runs = [self._pool.submit(entrant.session.run, feed) for _ in range(self.streams)]
            for run in runs:
                run.result()


def _median_and_spread(times: Sequence[float]) -> tuple[float, float]:
    import numpy as np

    low, median, high = (float(value) for value in np.quantile(times, (0.25, 0.5, 0.75)))
    return median, (high - low) / median if median else 0.0
