"""Runs inferences on a pool of predictors, one for each inference at a time."""

from __future__ import annotations

import contextlib
import queue
from typing import TYPE_CHECKING, Any

from hpinfer.errors import EngineError, HpinferError, OutOfMemoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

_SUMMARY = "Error Message Summary:"


class PredictorPool:
    """Equal predictors, each of which serves one inference at a time; then callers wait.

    They are loaded one by one: `Predictor.clone` fails for PIR programs, whose optimisation gives
    the shared weights away (3.2.2, 3.3.1), and its clones do not survive the first ones.
    """

    def __init__(self, predictors: Sequence[Any], call: Callable[[Any], None]) -> None:
        """Takes the predictors.

        Args:
            predictors: At least one.
            call: Runs a predictor whose inputs are set.
        """
        self._call = call
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        for predictor in predictors:
            self._idle.put(predictor)
        self._inputs: list[str] = list(predictors[0].get_input_names())
        self._outputs: list[str] = list(predictors[0].get_output_names())

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
        predictor = self._idle.get()
        try:
            yield predictor
        finally:
            self._idle.put(predictor)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns Paddle's exceptions, which hold call stacks, into one line of an EngineError."""
    try:
        yield
    except HpinferError as error:
        if isinstance(error, EngineError):  # from the direct call: Paddle's own text
            raise EngineError(f"Paddle Inference failed: {summary(str(error))}") from None
        raise
    except Exception as error:  # Paddle raises RuntimeError, ValueError, OSError, ... alike
        if isinstance(error, MemoryError) or "ResourceExhausted" in str(error):
            raise OutOfMemoryError(f"Paddle Inference failed: {summary(str(error))}") from None
        raise EngineError(f"Paddle Inference failed: {summary(str(error))}") from None


def summary(message: str) -> str:
    """The line of a Paddle message that says what is wrong."""
    tail = message.rpartition(_SUMMARY)[2]
    lines = [line.strip() for line in tail.splitlines()]
    told = " ".join(line for line in lines if line and not line.startswith(("---", "[Hint")))
    return told[:600] or "no reason was given"
