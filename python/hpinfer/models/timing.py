"""Always-on timers: seconds of the steps of a call, and of the networks in them."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from hpinfer import _native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

_current: ContextVar[StageClock | None] = ContextVar("hpinfer_stage_clock", default=None)


class StageClock:
    """Times one call while it is entered: its `stage`s, all of it, and the networks in it.

    Attributes:
        stages: Seconds by stage. ``"a.b"`` is a part of ``"a"``; ``"a.network"`` is what networks
            took in it, summed over the threads that ran them.
        network: Seconds in networks, summed over the threads that ran them; once it is left.
        total: Seconds from entering to leaving; once it is left.
    """

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.network = 0.0
        self.total = 0.0
        self._before = 0.0
        self._after = 0.0
        self._prefix = ""

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self._timer = _native.EngineTimer()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._before, self.network, self._after, self.total = self._timer.stop()
        _current.reset(self._token)

    def shares(self, images: int, *, staged: bool) -> dict[str, float]:
        """What each of the images of a call, done together, has taken; once it is left.

        Args:
            images: Number of images.
            staged: Whether they have stages of their own. Without those and without `stages`:
                before the first network began, in networks, and after the last one ended.
        """
        steps = self.stages
        if not staged and not steps:
            steps = {"preprocess": self._before, "network": 0.0, "postprocess": self._after}
        whole = {**steps, "network": self.network, "total": self.total}
        return {name: seconds / images for name, seconds in whole.items()}

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        outer, path = self._prefix, f"{self._prefix}{name}"
        self._prefix = f"{path}."
        timer = _native.EngineTimer()
        try:
            yield
        finally:
            _before, network, _after, total = timer.stop()
            self._prefix = outer
            self._add(path, total)
            if network:
                self._add(f"{path}.network", network)

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
