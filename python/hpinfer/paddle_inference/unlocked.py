"""Runs a predictor with the GIL released where PaddlePaddle itself forgets to.

PaddlePaddle 3.0 to 3.2 releases the GIL in `Predictor.run`; 3.3.1 holds it. There, the C++
function behind `run` is called directly, after a comparison with `run` on the first inference of
the process. Whatever does not fit leaves `run` in use.
"""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from hpinfer.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

#: Exact releases that hold the GIL and on which the direct call was tried.
_HOLDS_THE_GIL = frozenset({"3.3.1"})
_RUN = "_ZN12paddle_infer9Predictor3RunEv"  # paddle_infer::Predictor::Run()
#: Where pybind11 keeps the pointer to the C++ object: behind the head of a Python object.
_POINTER_OFFSET = object.__basicsize__


class InferenceCall:
    """Calls `Predictor.run`, with the GIL released whenever that is possible and proven.

    Attributes:
        notes: What a user should know; changes with the first inference.
    """

    def __init__(self, version: str, library: Path | None) -> None:
        """Prepares the call; `library` is the path of libpaddle.so."""
        self._lock = threading.Lock()
        self._address: int | None = None
        self._proven = False
        self.notes: tuple[str, ...] = ()
        if version in _HOLDS_THE_GIL:
            self._address = _symbol(library)
            if self._address is None:
                self._give_up(f"symbol {_RUN} not found")

    def __call__(self, predictor: Any) -> None:  # noqa: ANN401 - paddle has no type information
        """Runs one inference on a predictor whose inputs are set."""
        if self._address is None:
            predictor.run()
        elif self._proven:
            _call(self._address, predictor)
        else:
            self._prove(predictor)

    def _prove(self, predictor: Any) -> None:  # noqa: ANN401
        with self._lock:
            decided = self._proven or self._address is None
            if not decided:
                predictor.run()
                self._proven = self._same_results(predictor)
                if not self._proven:
                    self._give_up("the direct call gave other results")
                    predictor.run()  # the direct call may have spoilt the outputs
        if decided:
            self(predictor)

    def _same_results(self, predictor: Any) -> bool:  # noqa: ANN401
        expected = _outputs(predictor)
        try:
            _call(self._address or 0, predictor)
        except EngineError:
            return False
        found = _outputs(predictor)
        return all(
            np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            for a, b in zip(expected, found, strict=True)
        )

    def _give_up(self, reason: str) -> None:
        self._address = None
        self.notes = (f"PaddlePaddle holds the GIL during a run ({reason})",)


def _outputs(predictor: Any) -> list[Any]:  # noqa: ANN401
    return [predictor.get_output_handle(x).copy_to_cpu() for x in predictor.get_output_names()]


def _call(address: int, predictor: Any) -> None:  # noqa: ANN401
    from hpinfer import _native

    pointer = ctypes.c_void_p.from_address(id(predictor) + _POINTER_OFFSET).value or 0
    if not _native.call_without_gil(address, pointer):
        raise EngineError("Paddle Inference reported that the run failed, without a reason")


def _symbol(library: Path | None) -> int | None:
    """Address of the C++ function in the libpaddle.so that is loaded already."""
    if library is None:
        return None
    try:
        loaded = ctypes.CDLL(str(library))
        return ctypes.cast(getattr(loaded, _RUN), ctypes.c_void_p).value
    except (OSError, AttributeError):
        return None
