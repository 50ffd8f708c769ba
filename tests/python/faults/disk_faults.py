"""File-system calls that fail, or that the process does not survive, wherever a test says.

Python raises an audit event before each call that opens, makes, renames or removes something. A
hook may raise: then the call fails as if the system had refused it. Or the process kills itself.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CALLS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}


class _State:
    """What happens to the calls below a folder."""

    root = ""
    left = -1
    errno = 0  # 0: the process is killed
    persistent = False
    seen = 0
    met = 0


def _is_write(event, args):
    if event in _CALLS:
        return True
    if event != "open":
        return False
    mode, flags = args[1], args[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wxa+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _hook(event, args):
    if not _State.root or not _is_write(event, args):
        return
    path = args[0]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    if not os.fsdecode(path).startswith(_State.root):
        return
    _State.seen += 1
    if _State.left < 0:
        return
    if _State.left > 0:
        _State.left -= 1
        return
    _State.met += 1
    if not _State.persistent:
        _State.left = -1
    if _State.errno == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if _State.errno == errno.ENOSPC and event in ("os.remove", "os.rmdir"):
        return  # a full disk does not keep anybody from removing
    raise OSError(_State.errno, os.strerror(_State.errno), os.fsdecode(path))


sys.addaudithook(_hook)


class Calls:
    """A context in which the writing calls below `root` fail from number `after` on.

    Attributes:
        seen: Writing calls so far.
        met: Those that failed.
    """

    def __init__(self, root: Path, *, after: int = -1, code: int = 0, persistent: bool = False):
        self._values = (str(root), after, code, persistent)

    def __enter__(self):
        _State.root, _State.left, _State.errno, _State.persistent = self._values
        _State.seen = _State.met = 0
        return self

    def __exit__(self, *_):
        self.seen, self.met = _State.seen, _State.met
        _State.root, _State.left = "", -1


def killed_at(root: Path, number: int, work) -> bool:
    """Does `work` in a child that is killed before its writing call `number`, if it has so many."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with Calls(root, after=number, code=0):
                work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed before it was killed"
    return False
