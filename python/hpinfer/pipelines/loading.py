"""Loads the parts of a pipeline at the same time."""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

PartT = TypeVar("PartT")


class Part(Generic[PartT]):
    """A model or pipeline that is being made, in a thread of its own unless asked otherwise."""

    def __init__(
        self,
        make: Callable[[], PartT],
        keep: Callable[[PartT], object],
        *,
        in_background: bool,
    ) -> None:
        """Begins.

        Args:
            make: Makes the part.
            keep: Is told of it by `get`, in the thread and order of those calls.
            in_background: False: make it now, so that nothing else happens meanwhile.
        """
        self._keep = keep
        self._future: Future[PartT] = Future()
        if not in_background:
            self._run(make)
            return
        # What a caller has set for its thread (measuring, say) holds for its parts.
        run: Callable[..., Any] = contextvars.copy_context().run
        try:
            threading.Thread(target=run, args=(self._run, make), name="hpinfer-load").start()
        except RuntimeError:  # the system gives no more threads
            self._run(make)

    def get(self) -> PartT:
        """The part, waited for.

        Raises:
            Exception: What making it raised.
        """
        part = self._future.result()
        self._keep(part)
        return part

    def _run(self, make: Callable[[], PartT]) -> None:
        try:
            self._future.set_result(make())
        except BaseException as error:
            self._future.set_exception(error)
