"""Locks between processes, waited for in a way that can be given up."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from hpinfer._giving_up import LOOK_S, check_wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def held(path: Path, *, timeout_s: float) -> Iterator[bool]:
    """Holds the lock of a file, which is made with its folder.

    Args:
        path: The file.
        timeout_s: How long to wait.

    Yields:
        Whether it is held; False: it was not free in time.

    Raises:
        OSError: The file cannot be made, or its file system has no locks.
        CancelledError: Nobody waits for it any more.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    end = time.monotonic() + timeout_s
    while True:
        try:
            lock.acquire(timeout=max(0.0, min(end - time.monotonic(), LOOK_S)))
            break
        except NotImplementedError as error:  # what filelock raises where there are none
            raise OSError(f"the file system of {path} has no locks") from error
        except Timeout:
            check_wanted(f"waiting for {path}")
            if time.monotonic() >= end:
                yield False
                return
    try:
        yield True
    finally:
        lock.release()
