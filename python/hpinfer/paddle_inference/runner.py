"""Runs inferences on a pool of predictors, one for each inference at a time."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any

from hpinfer.errors import EngineError, HpinferError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import numpy.typing as npt

_SUMMARY = "Error Message Summary:"


class PredictorPool:
    """Predictors that share one model's weights.

    A predictor serves one inference at a time; a further one is cloned when all are busy, up to
    `size`. Then callers wait.
    """

    def __init__(self, first: Any, *, size: int, call: Callable[[Any], None]) -> None:  # noqa: ANN401
        """Makes the pool of one predictor.

        Args:
            first: The predictor.
            size: Inferences at a time.
            call: Runs a predictor whose inputs are set.
        """
        self._first = first
        self._call = call
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._idle.put(first)
        self._lock = threading.Lock()
        self._left = size - 1
        self._inputs: list[str] = list(first.get_input_names())
        self._outputs: list[str] = list(first.get_output_names())

    def run(self, arrays: list[npt.NDArray[Any]]) -> list[npt.NDArray[np.generic]]:
        """One inference.

        Args:
            arrays: One array for each input, in the predictor's order.

        Returns:
            One new array for each output.

        Raises:
            EngineError: Paddle failed; the message is the summary of Paddle's.
        """
        with self._borrowed() as predictor, one_line_errors():
            for name, array in zip(self._inputs, arrays, strict=True):
                handle = predictor.get_input_handle(name)
                handle.reshape(array.shape)
                handle.copy_from_cpu(array)
            self._call(predictor)
            return [predictor.get_output_handle(name).copy_to_cpu() for name in self._outputs]

    def trim(self) -> None:
        """Frees what idle predictors keep between inferences."""
        idle = []
        with contextlib.suppress(queue.Empty):
            while True:
                idle.append(self._idle.get_nowait())
        try:
            for predictor in idle:
                predictor.clear_intermediate_tensor()
                predictor.try_shrink_memory()
        finally:
            for predictor in idle:
                self._idle.put(predictor)

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[Any]:
        predictor = self._take()
        try:
            yield predictor
        finally:
            self._idle.put(predictor)

    def _take(self) -> Any:  # noqa: ANN401
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        with self._lock:
            if self._left:
                # Cloning reads what is shared, which no run changes.
                clone = self._first.clone()
                self._left -= 1
                return clone
        return self._idle.get()


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns Paddle's exceptions, which hold call stacks, into one line of an EngineError."""
    try:
        yield
    except HpinferError as error:
        if isinstance(error, EngineError) and _SUMMARY in str(error):
            raise EngineError(summary(str(error))) from None
        raise
    except Exception as error:  # Paddle raises RuntimeError, ValueError, OSError, ... alike
        raise EngineError(f"Paddle Inference failed: {summary(str(error))}") from None


def summary(message: str) -> str:
    """The line of a Paddle message that says what is wrong."""
    tail = message.rpartition(_SUMMARY)[2]
    lines = [line.strip() for line in tail.splitlines()]
    told = " ".join(line for line in lines if line and not line.startswith(("---", "[Hint")))
    return told[:600] or "no reason was given"
