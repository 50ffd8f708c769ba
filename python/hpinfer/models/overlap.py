"""Works on several batches at the same time: one is read and prepared while others are computed."""

from __future__ import annotations

import contextvars
import functools
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from hpinfer import _settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from hpinfer.models.time_limit import CallLimit

GroupT = TypeVar("GroupT")
ResultT = TypeVar("ResultT")

#: Each batch at work holds its pictures and its networks' memory; idle threads help the others'.
_MOST_AT_ONCE = 8


def batches_at_once() -> int:
    """Batches that one call works on at the same time.

    ``HPINFER_BATCHES_AT_ONCE``, else one for each thread of the budget, at most 8.
    """
    return _settings.batches_at_once() or min(_budget(), _MOST_AT_ONCE)


@functools.cache
def _budget() -> int:
    """Threads of the process's budget, which is decided once."""
    from hpinfer import _native

    return int(_native.thread_info()["threads"])


def in_order(
    groups: Iterable[GroupT],
    work: Callable[[GroupT], Sequence[ResultT]],
    *,
    at_once: int,
    limit: CallLimit | None = None,
) -> Iterator[ResultT]:
    """The results of `work` for each group, in the order of the groups, lazily.

    The first group is worked on by the caller's thread alone, so that its result comes as soon as
    possible; what follows is read and worked on in `at_once` threads, at most twice as many groups
    ahead of the caller. Closing the iterator stops that: no further group is begun.

    Args:
        groups: Read by one thread at a time, from the third on not the caller's.
        work: Called from several threads at once.
        at_once: Groups worked on at the same time; 1: all in the caller's thread, nothing ahead.
        limit: With a time limit all is read and worked on in other threads, so that the caller is
            free when it is over, whatever they are waiting for.

    Raises:
        Exception: What `groups` or `work` raised, after the results of all groups before it.
        TimeLimitError: The time is over.
    """
    remaining = iter(groups)
    if limit is not None and limit.is_set:
        yield from _Ahead(remaining, work, limit).results(at_once)
        return
    for group in remaining if at_once == 1 else itertools.islice(remaining, 1):
        yield from work(group)
    for group in remaining:  # there is a second one, so threads are worth their while
        yield from _Ahead(itertools.chain((group,), remaining), work).results(at_once)


class _End:
    """Stands for the result of the group after the last one."""


class _Ahead(Generic[GroupT, ResultT]):
    """Groups in work. A job takes the next group, whichever that is by then, and works on it."""

    def __init__(
        self,
        groups: Iterator[GroupT],
        work: Callable[[GroupT], Sequence[ResultT]],
        limit: CallLimit | None = None,
    ) -> None:
        self._groups = groups
        self._work = work
        self._limit = limit
        self._reading = threading.Lock()
        self._next = 0  # number of the next group; guarded by _reading
        self._ended = False
        self._outcomes: dict[int, Sequence[ResultT] | BaseException | _End] = {}
        self._arrived = threading.Condition()

    def results(self, at_once: int) -> Generator[ResultT]:
        executor = ThreadPoolExecutor(at_once, thread_name_prefix="hpinfer")
        try:
            for _ in range(2 * at_once):
                self._begin(executor)
            for number in itertools.count():
                outcome = self._outcome(number)
                if isinstance(outcome, _End):
                    return
                if isinstance(outcome, BaseException):
                    raise outcome
                self._begin(executor)
                yield from outcome
        finally:
            # Not waited for: a thread may be inside an input that never comes.
            self._ended = True
            executor.shutdown(wait=False, cancel_futures=True)

    def _begin(self, executor: ThreadPoolExecutor) -> None:
        try:
            executor.submit(contextvars.copy_context().run, self._job)
        except RuntimeError:  # the system gives no more threads
            self._job()

    def _job(self) -> None:
        with self._reading:
            if self._ended:
                return
            number = self._next
            self._next += 1
            try:
                group = next(self._groups)
            except StopIteration:
                self._end(number, _End())
                return
            except BaseException as error:
                self._end(number, error)
                return
        try:
            results = self._work(group)
        except BaseException as error:
            self._end(number, error)
        else:
            self._put(number, results)

    def _end(self, number: int, outcome: BaseException | _End) -> None:
        self._ended = True
        self._put(number, outcome)

    def _put(self, number: int, outcome: Sequence[ResultT] | BaseException | _End) -> None:
        with self._arrived:
            self._outcomes[number] = outcome
            self._arrived.notify_all()

    def _outcome(self, number: int) -> Sequence[ResultT] | BaseException | _End:
        left = None if self._limit is None else self._limit.left
        with self._arrived:
            if self._limit is not None:
                self._limit.check()
            if not self._arrived.wait_for(lambda: number in self._outcomes, left):
                raise cast("CallLimit", self._limit).error()
            return self._outcomes.pop(number)
