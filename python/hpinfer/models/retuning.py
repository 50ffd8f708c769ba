"""A request to measure every model that is loaded meanwhile, records or not."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpinfer.hpi.records import TuningRecord


@dataclass(frozen=True, slots=True)
class TuningRequest:
    """What to measure with, and what came of it.

    Attributes:
        budget_s: Seconds for each model; None takes the usual.
        records: Receives the record of each measured model by name.
    """

    budget_s: float | None = None
    records: dict[str, TuningRecord] = field(default_factory=dict)


_request: ContextVar[TuningRequest | None] = ContextVar("hpinfer_tuning_request", default=None)


@contextlib.contextmanager
def measure_loaded_models(budget_s: float | None = None) -> Iterator[TuningRequest]:
    """While it lasts, every model that this thread loads in automatic mode is measured anew.

    So a pipeline is tuned by creating it: each model with the options that the pipeline gives it.

    Args:
        budget_s: Seconds for each model; None takes the usual.
    """
    request = TuningRequest(budget_s)
    token = _request.set(request)
    try:
        yield request
    finally:
        _request.reset(token)


def tuning_request() -> TuningRequest | None:
    """The request in force in this thread, if any."""
    return _request.get()
