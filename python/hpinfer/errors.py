"""The exception tree. Every error is also the matching builtin, so plain ``except`` clauses work.

Native code throws one C++ type with a code; the binding layer raises the class that
`ERROR_CLASSES` lists for that code.
"""

from __future__ import annotations

import re

#: Between the lines of what libraries say.
_LINE_BREAKS = re.compile(r"\s*[\r\n]\s*")
#: What would break a line of a log, or command a terminal: controls, separators, halves of pairs.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class HpinferError(Exception):
    """Base of every error raised on purpose by hpinfer.

    Messages name files, keys and values, which may be anybody's, and hold the words of libraries:
    line breaks become ``; ``, other control characters escapes, so that a message is one line and
    harmless in a log.
    """

    def __init__(self, *args: object) -> None:
        """Takes what the builtin takes; the first is the message."""
        super().__init__(*(_harmless(item) if isinstance(item, str) else item for item in args))


class InvalidInputError(HpinferError, ValueError):
    """An argument, image, tensor name, rank or shape is not what the call expects."""


class InvalidTypeError(HpinferError, TypeError):
    """An argument or tensor has the wrong Python type or element type."""


class InvalidImageError(InvalidInputError):
    """Bytes or a file that cannot be decoded as an image or PDF, or exceed the size limits."""


class InputNotFoundError(HpinferError, FileNotFoundError):
    """An input path, glob or directory names nothing that can be read."""


class ConfigError(HpinferError, ValueError):
    """A configuration key or value is unknown, has the wrong type, or has no effect here."""


class ModelNotFoundError(HpinferError, FileNotFoundError):
    """A model name is unknown, or its files are neither on disk nor obtainable."""


class ModelFormatError(HpinferError, ValueError):
    """Model files exist but are corrupted, incomplete or of an unsupported kind."""


class ChecksumError(ModelFormatError):
    """A model file's SHA-256 is not the one in the manifest."""


class ConversionError(ModelFormatError):
    """A model cannot be converted to the format that the engine reads, or not correctly."""


class CacheError(HpinferError, OSError):
    """An artifact can neither be read from the cache nor be built and kept."""


class EngineUnavailableError(HpinferError, ImportError):
    """No usable inference engine; the message lists each engine tried and the loader's words."""


class EngineError(HpinferError, RuntimeError):
    """The inference engine reported a failure while loading or running a model."""


class ServiceError(HpinferError, ConnectionError):
    """A service on the network cannot be reached, refuses, or answers in another form."""


class UnsupportedError(HpinferError, NotImplementedError):
    """The request is valid but this build, engine or device cannot carry it out."""


class CancelledError(HpinferError):
    """Something that takes long was stopped because the caller asked for it."""


class TimeLimitError(HpinferError, TimeoutError):
    """A call took longer than the time that it was given."""


class OutOfMemoryError(HpinferError, MemoryError):
    """Memory that was needed cannot be had; the next call may succeed."""


class OutputError(HpinferError, OSError):
    """A result cannot be written: the disk is full or read-only, or the place is no folder."""


class InternalError(HpinferError, RuntimeError):
    """A broken invariant inside hpinfer: please report it."""


def _harmless(text: str) -> str:
    line = _LINE_BREAKS.sub("; ", text.strip())
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], line)


#: Name of a native ``ErrorCode`` value to the class raised for it.
ERROR_CLASSES: dict[str, type[HpinferError]] = {
    "invalid_input": InvalidInputError,
    "invalid_type": InvalidTypeError,
    "model_not_found": ModelNotFoundError,
    "model_format": ModelFormatError,
    "engine_unavailable": EngineUnavailableError,
    "engine": EngineError,
    "config": ConfigError,
    "unsupported": UnsupportedError,
    "cancelled": CancelledError,
    "time_limit": TimeLimitError,
    "out_of_memory": OutOfMemoryError,
    "internal": InternalError,
}
