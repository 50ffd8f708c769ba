"""Turns whatever ended a command into one line on standard error and an exit code."""

from __future__ import annotations

import logging
import sys

import click

from hpinfer.cli.console import say
from hpinfer.cli.exit_codes import ExitCode, code_for


def report_failure(error: Exception) -> int:
    """Tells the user about `error`; a traceback only with ``-vv``.

    Returns:
        The exit code.
    """
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        say("interrupted")
        return ExitCode.INTERRUPTED
    if isinstance(error, click.UsageError):
        return _report_usage(error)
    if isinstance(error, click.ClickException):
        say(f"error: {error.format_message()}")
        return error.exit_code
    if logging.getLogger("hpinfer").isEnabledFor(logging.DEBUG):
        logging.getLogger("hpinfer").debug("traceback of the error below", exc_info=error)
    say(f"error: {describe(error)}")
    return code_for(error)


def _report_usage(error: click.UsageError) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # click 8.2 and later
        error.show(sys.stderr)
    else:
        command = "hpinfer" if error.ctx is None else error.ctx.command_path
        message = " ".join(error.format_message().split()).rstrip(".")
        say(f"error: {message} (see '{command} --help')")
    return ExitCode.USAGE


def describe(error: BaseException) -> str:
    """The message of `error` on one line; the class too if it is none of ours."""
    from hpinfer.errors import HpinferError

    message = "; ".join(part.strip() for part in str(error).splitlines() if part.strip())
    if isinstance(error, HpinferError):
        return message or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        place = f" {str(error.filename)!r}" if error.filename is not None else ""
        return f"{error.strerror.lower()}:{place}" if place else error.strerror
    return f"unexpected {type(error).__name__}: {message} (run with -vv for the traceback)"
