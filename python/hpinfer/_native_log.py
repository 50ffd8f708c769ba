"""The library's logger: silent until the application configures logging."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpinfer import _native

logger = logging.getLogger("hpinfer")
logger.addHandler(logging.NullHandler())

#: Native level name to Python's level, lowest first. Engines tell hundreds of details a model at
#: their info level, so for an application that is debugging.
_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.DEBUG,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
}


#: Engine messages about shapes that an exporter wrote into the network, once a run or more often.
#: The engine goes by the true shape; nobody who runs a model can act on them.
_CHATTER = ("VerifyOutputSizes", "MergeShapeInfo")


class _NativeLink:
    """Remembers the level that native code was told, so that telling it again costs nothing."""

    def __init__(self) -> None:
        self.level: str | None = None

    def connect(self) -> None:
        wanted = _native_level(logger.getEffectiveLevel())
        if wanted == self.level:
            return
        from hpinfer import _native

        _native.set_log_sink(_forward, getattr(_native.LogLevel, wanted))
        self.level = wanted


_link = _NativeLink()


def connect_native_log() -> None:
    """Sends native messages to the ``hpinfer`` logger, from its effective level on.

    Call it when a native object is made: it follows a level changed in between, and does nothing
    otherwise. Messages below the level never leave native code.
    """
    _link.connect()


def _forward(level: _native.LogLevel, message: str) -> None:
    chatter = any(word in message for word in _CHATTER)
    logger.log(logging.DEBUG if chatter else _LEVELS[level.name], "%s", message)


def _native_level(level: int) -> str:
    """The lowest native level that passes `level`; errors always pass."""
    return next((name for name, number in _LEVELS.items() if number >= level), "ERROR")
