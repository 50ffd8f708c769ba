"""The logger of the drop-in."""

from __future__ import annotations

import logging
import threading

from hpinfer._native_log import logger as _package_logger

logger = logging.getLogger("hpinfer.ultra_infer")


class Once:
    """Remembers what was said, so that it is said once in a process."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def warn(self, topic: str, message: str) -> None:
        """Logs a warning, the first time that something is said of this topic."""
        with self._lock:
            if topic in self._said:
                return
            self._said.add(topic)
        _audible().warning("%s", message)


def _audible() -> logging.Logger:
    """PaddleX's logger where PaddleX has set it up: its users see nothing of hpinfer's."""
    host = logging.getLogger("paddlex")
    return host if host.handlers else logger


once = Once()


def set_logger(enable_info: bool = True, enable_warning: bool = True) -> None:
    """Sets the level of the logger ``hpinfer``.

    Args:
        enable_info: Let information through.
        enable_warning: Let warnings through; errors always pass.
    """
    level = logging.ERROR
    if enable_warning:
        level = logging.WARNING
    if enable_info:
        level = logging.INFO
    _package_logger.setLevel(level)
