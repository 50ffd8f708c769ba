"""Tuning records: what was measured on this machine, as it is stored and read back."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

#: Part of every record's key: raised when what is measured, judged or stored changes.
TUNING_SCHEMA = 2
#: Reason of what is neither better nor worse than the rest, only unknown.
OUT_OF_TIME = "not measured: the time was used up"
#: With fewer rounds a time says little; with more, it is never taken to be off by more than the 5 %
#: that a choice may be slower than the best.
_FEW_ROUNDS = 3
_UNCERTAINTY_OF_FEW, _LARGEST_UNCERTAINTY = 0.25, 0.05


@dataclass(frozen=True, slots=True)
class Measurement:
    """One candidate, measured or not.

    Attributes:
        label: `Candidate.label`.
        milliseconds: Median time of one round over all feeds; None if it was not measured.
        spread: Distance between the quartiles of the rounds, relative to the median.
        rounds: Timed rounds.
        load_seconds: What loading took, conversion and compilation included.
        agreement: How its results compare with the reference's, in words.
        reason: Why it cannot be chosen; empty if it can.
    """

    label: str
    milliseconds: float | None = None
    spread: float = 0.0
    rounds: int = 0
    load_seconds: float = 0.0
    agreement: str = ""
    reason: str = ""

    @property
    def eligible(self) -> bool:
        """Whether it may be chosen for its time."""
        return self.milliseconds is not None and not self.reason

    @property
    def uncertainty(self) -> float:
        """How far the median may be off, relative to it: about its standard error."""
        if self.rounds < _FEW_ROUNDS:
            return _UNCERTAINTY_OF_FEW
        return min(self.spread / math.sqrt(self.rounds), _LARGEST_UNCERTAINTY)


@dataclass(frozen=True, slots=True)
class TuningRecord:
    """All candidates of a model, measured together.

    Attributes:
        measurements: In the order of prior knowledge.
        feeds: What was fed, e.g. ``"x 1x3x48x320"``.
        reference: Label of the candidate whose results the others were compared with.
        streams: Inferences that ran at once.
        seconds: What the whole tuning took.
        created: Date and time, UTC.
    """

    measurements: tuple[Measurement, ...]
    feeds: tuple[str, ...] = ()
    reference: str = ""
    streams: int = 1
    seconds: float = 0.0
    created: str = ""

    def times(self) -> dict[str, float]:
        """Milliseconds by label, for those that may be chosen."""
        return {
            entry.label: entry.milliseconds
            for entry in self.measurements
            if entry.milliseconds is not None and entry.eligible
        }

    def uncertainty(self, label: str) -> float:
        """How far the time of a label may be off, relative to it."""
        return next(entry.uncertainty for entry in self.measurements if entry.label == label)

    def refused(self) -> dict[str, str]:
        """Why a label may not be chosen, not even when all others fail."""
        return {name: why for name, why in self.reasons().items() if why != OUT_OF_TIME}

    def reasons(self) -> dict[str, str]:
        """Why a label has no time, or must not be chosen for it."""
        return {entry.label: entry.reason for entry in self.measurements if entry.reason}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` reads them back."""
        return {"schema": TUNING_SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, data: object) -> TuningRecord | None:
        """The record, or None if `data` is not one of this schema."""
        if not isinstance(data, dict) or data.get("schema") != TUNING_SCHEMA:
            return None
        try:
            fields = {name: value for name, value in data.items() if name != "schema"}
            entries = tuple(Measurement(**entry) for entry in fields.pop("measurements"))
            feeds = tuple(str(feed) for feed in fields.pop("feeds"))
            record = cls(measurements=entries, feeds=feeds, **fields)
        except (KeyError, TypeError):
            return None
        return record if _plausible(record) else None


def _plausible(record: TuningRecord) -> bool:
    return all(
        isinstance(entry.label, str)
        and (entry.milliseconds is None or isinstance(entry.milliseconds, (int, float)))
        for entry in record.measurements
    )
