"""Whether anybody still waits for work that a thread of hpinfer does beside the caller's.

Python joins such threads at the end of the program, so what they wait for must not keep it from
ending.
"""

from __future__ import annotations

import contextlib
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

from hpinfer.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two looks of a thread that waits.
LOOK_S = 0.25

_given_up: ContextVar[tuple[threading.Event, ...]] = ContextVar("hpinfer_given_up", default=())


@contextlib.contextmanager
def given_up_on_failure() -> Iterator[None]:
    """If this ends with an exception (Ctrl-C, say), threads begun in it stop where they wait."""
    event = threading.Event()
    token = _given_up.set((*_given_up.get(), event))
    try:
        yield
    except BaseException:
        event.set()
        raise
    finally:
        _given_up.reset(token)


def is_given_up() -> bool:
    """Whether the program ends, or what this thread works for was given up."""
    return not threading.main_thread().is_alive() or any(
        event.is_set() for event in _given_up.get()
    )


def check_wanted(what: str) -> None:
    """Raises CancelledError if nobody waits for `what` any more."""
    if is_given_up():
        raise CancelledError(f"{what} was stopped: its caller gave it up")
