"""What a download tells its caller; nothing here prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of fetching a model.

    Attributes:
        model: Model name.
        stage: ``fetch`` while a source delivers (its length is not known), ``unpack`` while files
            are written and hashed, ``done`` when the model is in the cache.
        detail: The source or file concerned.
        done: Bytes written so far, 0 for ``fetch``.
        total: Bytes to write, 0 when unknown.
    """

    model: str
    stage: Literal["fetch", "unpack", "done"]
    detail: str
    done: int = 0
    total: int = 0


#: Receives each step, in the thread that pulls. What it raises ends the pull and leaves no files.
ProgressCallback: TypeAlias = Callable[[Progress], None]
