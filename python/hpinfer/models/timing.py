"""Always-on timers: seconds of the steps of a call, and of the networks in them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

    from hpinfer import _native

_current: ContextVar[StageClock | None] = ContextVar("hpinfer_stage_clock", default=None)


class StageClock:
    """Times one call while it is entered: its `stage`s, all of it, and the networks in it.

    Attributes:
        stages: Seconds by stage. ``"a.b"`` is a part of ``"a"``; ``"a.network"`` is what networks
            took in it, summed over the threads that ran them.
    """

    def __init__(self) -> None:
        from hpinfer import _native

        self.stages: dict[str, float] = {}
        self._prefix = ""
        self._timer: _native.EngineTimer = _native.EngineTimer()

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.stop()
        _current.reset(self._token)

    @property
    def total(self) -> float:
        """Seconds from entering to leaving."""
        return self._timer.total

    @property
    def network(self) -> float:
        """Seconds in networks, summed over the threads that ran them."""
        return self._timer.seconds

    def shares(self, images: int, *, staged: bool) -> dict[str, float]:
        """What each of the images of a call, done together, has taken.

        Args:
            images: Number of images.
            staged: Whether they have stages of their own. Without those and without `stages`:
                before the first network began, in networks, and after the last one ended.
        """
        timer = self._timer
        steps = self.stages
        if not staged and not steps:
            steps = {"preprocess": timer.before, "network": 0.0, "postprocess": timer.after}
        whole = {**steps, "network": timer.seconds, "total": timer.total}
        return {name: seconds / images for name, seconds in whole.items()}

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        from hpinfer import _native

        outer, path = self._prefix, f"{self._prefix}{name}"
        self._prefix = f"{path}."
        timer = _native.EngineTimer()
        timer.start()
        try:
            yield
        finally:
            timer.stop()
            self._prefix = outer
            self._add(path, timer.total)
            if timer.runs:
                self._add(f"{path}.network", timer.seconds)

    def _add(self, path: str, seconds: float) -> None:
        self.stages[path] = self.stages.get(path, 0.0) + seconds


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Times a step of the call that a `StageClock` is entered for; without one, nothing.

    Args:
        name: Of the step; the same name again adds up.
    """
    clock = _current.get()
    if clock is None:
        yield
        return
    with clock._stage(name):
        yield
