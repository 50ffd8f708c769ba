"""The stand-in for ONNX Runtime's GPU libraries, and arrays in its memory.

Only ``../test_provider_stand_in.py`` runs these cases: it sets HPINFER_CUDA_STAND_IN.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = os.environ.get("HPINFER_CUDA_STAND_IN")
collect_ignore_glob = [] if LIBRARY else ["*"]


class StandIn:
    """What the stand-in noted."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.stand_in_report.restype = ctypes.c_char_p

    def report(self) -> dict[str, Any]:
        """Counters since the last call, the newest session's providers, and what is alive."""
        text: bytes = self._library.stand_in_report()
        return dict(json.loads(text))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in; fails a test that leaves something of ONNX Runtime behind."""
    for name in list(os.environ):
        if name.startswith("HPINFER_STAND_IN_") and name != "HPINFER_STAND_IN_ONNXRUNTIME":
            monkeypatch.delenv(name)
    assert LIBRARY is not None
    stand_in = StandIn(LIBRARY)
    stand_in.report()
    yield stand_in
    gc.collect()
    alive = {k: v for k, v in stand_in.report().items() if k.startswith("live_")}
    assert not any(alive.values()), alive
