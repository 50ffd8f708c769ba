"""How long one call of `predict` may take, and stopping what it began in other threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from hpinfer import _native
from hpinfer.errors import ConfigError, TimeLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
P = ParamSpec("P")


class CallLimit:
    """The limit of one call, and its end; shared by the threads that work for the call.

    Native work stops at its next inference, or where it waits for another's.
    """

    def __init__(self, timeout: float | None, *, where: str) -> None:
        """Begins to count.

        Args:
            timeout: Seconds; None for no limit.
            where: The call, for the message.
        """
        self._timeout = timeout
        self._where = where
        self._end = None if timeout is None else time.monotonic() + timeout
        self._native = _native.Cancellation(timeout)

    @property
    def is_set(self) -> bool:
        """Whether there is a limit."""
        return self._end is not None

    @property
    def left(self) -> float | None:
        """Seconds until the limit, at least 0; None for no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Raises TimeLimitError if the time is over."""
        if self.left == 0.0:
            raise self.error()

    def error(self) -> TimeLimitError:
        """The error of a call that took too long."""
        return TimeLimitError(
            f"{self._where} took longer than its timeout of {self._timeout:g} s: give it more "
            "time, or smaller or fewer inputs"
        )

    def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls `work`, whose native calls keep to the limit.

        Raises:
            TimeLimitError: The time is over.
            CancelledError: The call was given up.
        """
        scope = self._native.scope()
        try:
            return work(*args, **kwargs)
        except TimeLimitError:
            raise self.error() from None
        finally:
            scope.end()

    def give_up(self) -> None:
        """Stops what still works for the call."""
        self._native.cancel()


def checked_timeout(value: float | None) -> float | None:
    """`value` if it is None or a number above 0, else ConfigError."""
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < 1e9:
        raise ConfigError(f"timeout must be a number of seconds above 0, or None; got {value!r}")
    return float(value)
