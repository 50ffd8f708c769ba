"""Imports PaddlePaddle without letting it change the process around it."""

from __future__ import annotations

import contextlib
import importlib
import logging
import signal
import threading
import warnings
from typing import TYPE_CHECKING, Any

from hpinfer._settings import unchanged_environment
from hpinfer.errors import EngineUnavailableError
from hpinfer.paddle_inference.status import status

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
#: The first predictor silences glog for the process; this does it for what comes before.
_QUIET = {"GLOG_minloglevel": "2"}


def import_inference() -> Any:  # noqa: ANN401 - paddle has no type information
    """The module `paddle.inference`.

    PaddlePaddle's import installs signal handlers, writes environment variables
    (`OMP_NUM_THREADS=1` among them) and lets a dependency configure the root logger. All of it is
    undone.

    Raises:
        EngineUnavailableError: It is not installed, too old, or cannot be imported.
    """
    found = status()
    if not found.usable:
        raise EngineUnavailableError(f"engine 'paddle' is not usable here: {found.reason}")
    with _lock, unchanged_environment(**_QUIET), _unchanged_process():
        try:
            inference = importlib.import_module("paddle.inference")
        except Exception as error:  # a broken package may raise anything
            reason = " ".join(str(error).split())
            raise EngineUnavailableError(
                f"engine 'paddle' is not usable here: importing PaddlePaddle {found.version} "
                f"failed: {type(error).__name__}: {reason}"
            ) from error
        importlib.import_module("paddle").disable_signal_handler()
    return inference


@contextlib.contextmanager
def _unchanged_process() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        _restore(signals)


def _restore(handlers: dict[Any, Any]) -> None:
    """Gives back the application's own handlers; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, handler)
