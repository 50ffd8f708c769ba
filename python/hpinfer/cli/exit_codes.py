"""Exit codes of the command line, and which error leads to which."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """What the process returns to the shell."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    INPUT = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


#: The list as the help shows it (click keeps the line breaks after ``\\b``).
EPILOG = """\b
Exit codes:
  0    everything was done
  1    runtime error
  2    wrong usage or configuration
  3    some or all inputs could not be read; the others were done
  4    a model or engine is missing, damaged or not usable here
  130  interrupted
"""


def code_for(error: BaseException) -> ExitCode:
    """The code that an error that ended the command leads to."""
    from hpinfer import errors

    table: tuple[tuple[tuple[type[errors.HpinferError], ...], ExitCode], ...] = (
        ((errors.InvalidImageError, errors.InputNotFoundError), ExitCode.INPUT),
        (
            (
                errors.ModelNotFoundError,
                errors.ModelFormatError,
                errors.EngineUnavailableError,
                errors.UnsupportedError,
            ),
            ExitCode.UNAVAILABLE,
        ),
        ((errors.CancelledError,), ExitCode.INTERRUPTED),
        ((errors.ConfigError, errors.InvalidInputError, errors.InvalidTypeError), ExitCode.USAGE),
    )
    return next((code for kinds, code in table if isinstance(error, kinds)), ExitCode.FAILURE)
