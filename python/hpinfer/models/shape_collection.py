"""A request to note the input shapes of every model that is loaded meanwhile."""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpinfer.hpi.dynamic_shapes import ranges_of, write_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hpinfer import _native
    from hpinfer.hub import ModelFiles
    from hpinfer.session import Session


@dataclass(frozen=True, slots=True)
class CollectedShapes:
    """What was written for a model.

    Attributes:
        model: Its name.
        path: The file.
        ranges: Input name to smallest, usual and largest shape.
        runs: How many inferences they come from.
    """

    model: str
    path: Path
    ranges: dict[str, list[list[int]]]
    runs: int


@dataclass(frozen=True, slots=True)
class ShapeCollection:
    """Models whose inferences are watched."""

    _watched: dict[str, tuple[ModelFiles, _native.ShapeRecorder]] = field(default_factory=dict)

    def watch(self, files: ModelFiles, session: Session) -> None:
        """Notes the shapes of every further run of a session."""
        from hpinfer import _native

        recorder = _native.ShapeRecorder(session.native)
        session.native = recorder
        self._watched[files.name] = (files, recorder)

    def write(self) -> list[CollectedShapes]:
        """Writes the file of each model that ran.

        Raises:
            CacheError: A file can be written nowhere.
        """
        written = []
        for name, (files, recorder) in self._watched.items():
            recorded = recorder.recorded
            if not recorded:
                continue
            ranges = ranges_of([info.name for info in recorder.inputs], recorded)
            runs = sum(count for _, count in recorded)
            source = f"Collected by hpinfer tune --collect-shapes from {runs} inferences."
            path = write_shapes(files.directory, name, [ranges], source=source)
            written.append(CollectedShapes(name, path, ranges, runs))
        return written

    @property
    def idle(self) -> list[str]:
        """Models that were loaded and never ran."""
        return [name for name, (_, recorder) in self._watched.items() if not recorder.recorded]


_collection: ContextVar[ShapeCollection | None] = ContextVar("hpinfer_shapes", default=None)


@contextlib.contextmanager
def collect_shapes() -> Iterator[ShapeCollection]:
    """While it lasts, the shapes of every model that this thread loads are noted."""
    collection = ShapeCollection()
    token = _collection.set(collection)
    try:
        yield collection
    finally:
        _collection.reset(token)


def shape_collection() -> ShapeCollection | None:
    """The collection in force in this thread, if any."""
    return _collection.get()
