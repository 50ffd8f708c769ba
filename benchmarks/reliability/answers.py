"""Results as bytes, and what is kept when two that should be equal are not."""

from __future__ import annotations

import hashlib
import pickle
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


def fingerprint(answer: object) -> str:
    """SHA-256 of every number and text in an answer: arrays, results, and lists of these."""
    digest = hashlib.sha256()
    _feed(digest, answer)
    return digest.hexdigest()


def _feed(digest: Any, answer: object) -> None:  # noqa: ANN401 - a hashlib object has no public type
    if isinstance(answer, np.ndarray):
        digest.update(f"{answer.dtype}{answer.shape}".encode())
        digest.update(np.ascontiguousarray(answer).tobytes())
    elif isinstance(answer, (list, tuple)):
        digest.update(f"[{len(answer)}".encode())
        for item in answer:
            _feed(digest, item)
    else:
        digest.update(repr(answer).encode())


def page_answer(result: Any) -> list[object]:  # noqa: ANN401 - an OCR result of any package's kind
    """All that an OCR page says: texts, scores to the last bit, polygons, boxes."""
    return [
        list(result["rec_texts"]),
        [float(score).hex() for score in result["rec_scores"]],
        [np.asarray(polygon) for polygon in result["dt_polys"]],
        np.asarray(result["rec_boxes"]),
    ]


class Comparison:
    """Compares answers with those of a serial run, and keeps everything about one that differs.

    Attributes:
        compared: Answers so far.
        differing: Of these, others than the serial run's.
    """

    def __init__(self, name: str, inputs: Sequence[Any], folder: Path) -> None:
        self.compared = 0
        self.differing = 0
        self._name = name
        self._inputs = inputs
        self._folder = folder
        self._wanted: list[Any] = []
        self._prints: list[str] = []

    def serial(self, call: Callable[[Any], Any]) -> None:
        """Runs every input once, alone; the answers are what later ones must be."""
        self._wanted = [call(item) for item in self._inputs]
        self._prints = [fingerprint(answer) for answer in self._wanted]

    def check(self, index: int, answer: Any, **circumstances: object) -> None:  # noqa: ANN401
        """Compares one answer; may be called from any thread."""
        self.compared += 1  # an approximate count would do; CPython's is exact
        if fingerprint(answer) == self._prints[index]:
            return
        self.differing += 1
        self._keep(index, answer, circumstances)

    def _keep(self, index: int, answer: Any, circumstances: Mapping[str, object]) -> None:  # noqa: ANN401
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{self._name}-{index}-{time.time_ns()}.pickle"
        everything = {
            "name": self._name,
            "index": index,
            "input": self._inputs[index],
            "wanted": self._wanted[index],
            "got": answer,
            "circumstances": dict(circumstances),
        }
        path.write_bytes(pickle.dumps(everything))
