"""The one rule of these tests: whatever comes, there is a result or an error of hpinfer's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from hpinfer.errors import HpinferError, InternalError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Calls made, errors among them, and the slowest in seconds, by what was called.
TALLY: dict[str, list[float]] = {}


def outcome(what: str, action: Callable[[], T]) -> T | HpinferError:
    """Runs `action`; its result, or its error if that is one of hpinfer's.

    Everything else passes through and fails the test: another exception, a MemoryError under the
    limit of `conftest.py`, an error that is a fault of ours, or one of several lines.
    """
    begin = time.monotonic()
    tally = TALLY.setdefault(what, [0, 0, 0.0])
    try:
        return action()
    except HpinferError as raised:
        tally[1] += 1
        _check_form(raised)
        return raised
    finally:
        tally[0] += 1
        tally[2] = max(tally[2], time.monotonic() - begin)


def _check_form(error: HpinferError) -> None:
    assert not isinstance(error, InternalError), error
    assert str(error).strip(), "an error without a message"
    assert "\n" not in str(error), f"an error of several lines: {error}"
