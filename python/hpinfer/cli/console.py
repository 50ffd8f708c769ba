"""Standard error: messages, the log, and one line of progress on a terminal."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Command = TypeVar("Command", bound="Callable[..., Any]")

_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


def say(message: str) -> None:
    """Writes one line to standard error."""
    click.echo(f"hpinfer: {message}", err=True)


class _StderrHandler(logging.Handler):
    """Writes log records as lines of standard error, above a running progress line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record."""
        try:
            text = self.format(record)
            level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
            ProgressLine.clear_current()
            click.echo(f"hpinfer: {level}{text}", err=True)
        except Exception:
            self.handleError(record)


def verbosity_options(command: Command) -> Command:
    """Adds ``-q`` and ``-v``, which set up logging before the command runs."""
    quiet = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_quiet,
        help="Errors only on standard error: no progress, no warnings.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_verbose,
        help="Say more on standard error; twice for debug messages and tracebacks.",
    )
    return quiet(verbose(command))


def is_quiet() -> bool:
    """Whether ``-q`` was given to the running command."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get("hpinfer.quiet"))


def _quiet(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    ctx.meta["hpinfer.quiet"] = wanted
    _configure_logging(ctx)


def _verbose(ctx: click.Context, _param: click.Parameter, count: int) -> None:
    ctx.meta["hpinfer.verbose"] = count
    _configure_logging(ctx)


def _configure_logging(ctx: click.Context) -> None:
    if "hpinfer.quiet" not in ctx.meta or "hpinfer.verbose" not in ctx.meta:
        return  # the other option comes first
    quiet, verbose = ctx.meta["hpinfer.quiet"], ctx.meta["hpinfer.verbose"]
    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other")
    logger = logging.getLogger("hpinfer")
    logger.addHandler(_StderrHandler())
    logger.setLevel(_LEVELS.get(-1 if quiet else verbose, logging.DEBUG))
    logger.propagate = False
    # The first use of a model downloads it: that is said without -v, or it would look hung.
    downloads = logging.INFO if not quiet and not verbose else logging.NOTSET
    logging.getLogger("hpinfer.hub").setLevel(downloads)


@contextmanager
def logging_restored() -> Iterator[None]:
    """Undoes what a command sets up: in a process that goes on, the log is not the command's."""
    logger, hub = logging.getLogger("hpinfer"), logging.getLogger("hpinfer.hub")
    handlers, propagate = tuple(logger.handlers), logger.propagate
    levels = logger.level, hub.level
    try:
        yield
    finally:
        for handler in set(logger.handlers).difference(handlers):
            logger.removeHandler(handler)
        logger.propagate = propagate
        logger.setLevel(levels[0])
        hub.setLevel(levels[1])


class ProgressLine:
    """One line on standard error that is overwritten as the work goes on; a terminal only."""

    _current: ProgressLine | None = None

    def __init__(self, *, total: int | None = None, unit: str = "") -> None:
        """Starts a line.

        Args:
            total: Number of steps if known.
            unit: What is counted, e.g. ``"images"``.
        """
        self._shown = sys.stderr.isatty() and not is_quiet()
        self._total = total
        self._unit = unit
        self._done = 0
        self._start = time.monotonic()

    def __enter__(self) -> ProgressLine:
        ProgressLine._current = self
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        ProgressLine._current = None

    def step(self, label: str) -> None:
        """Counts one more and shows `label`."""
        self._done += 1
        seconds = max(time.monotonic() - self._start, 1e-6)
        count = f"{self._done}" if self._total is None else f"{self._done}/{self._total}"
        self.show(f"{count} {self._unit}, {self._done / seconds:.1f}/s  {label}")

    def show(self, text: str) -> None:
        """Replaces the line."""
        if self._shown:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\x1b[K" + text[:width])
            sys.stderr.flush()

    def clear(self) -> None:
        """Removes the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    @classmethod
    def clear_current(cls) -> None:
        """Removes the running line, if there is one, so that other output can be written."""
        if cls._current is not None:
            cls._current.clear()
