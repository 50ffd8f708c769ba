"""Loads a program the usual way, and where Paddle refuses it, the ways that are left.

PaddlePaddle 3.2.2 refuses to optimise some programs for oneDNN under PIR (the transformers of
RT-DETR) and to translate some `.pdmodel` files into PIR (conditional blocks). They load through
the legacy IR or without oneDNN, and answer the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hpinfer.errors import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpinfer.paddle_inference.options import PaddleOptions, RunMode
    from hpinfer.paddle_inference.run_mode import ProgramFacts

_T = TypeVar("_T")


class LoadFailure(Exception):
    """What Paddle said about one attempt. Never reaches users: it becomes a `ModelFormatError`."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to load a program.

    Attributes:
        mode: The run mode.
        new_ir: Through PIR.
    """

    mode: RunMode
    new_ir: bool

    def __str__(self) -> str:
        """E.g. ``"through the legacy IR with oneDNN"``."""
        ir = "PIR" if self.new_ir else "the legacy IR"
        onednn = "with oneDNN" if self.mode.startswith("mkldnn") else f"in run_mode {self.mode!r}"
        return f"through {ir} {onednn}"


def possible_attempts(
    first: Attempt, facts: ProgramFacts, requested: RunMode | None, options: PaddleOptions
) -> tuple[Attempt, ...]:
    """The ways to load a program, the usual one first.

    What the user asked for stays: an IR or a run mode that was named is never changed, nor the IR
    where other options (passes to leave out, CINN) belong to it.

    Args:
        first: The usual way.
        facts: About the program.
        requested: The run mode asked for, None for the usual one.
        options: As the user gave them.
    """
    free_ir = options.enable_new_ir is None and not (options.delete_pass or options.enable_cinn)
    legacy_too = free_ir and first.new_ir and facts.format == "pdmodel"
    irs = (True, False) if legacy_too else (first.new_ir,)
    plain_too = requested is None and first.mode.startswith("mkldnn")
    modes: tuple[RunMode, ...] = (first.mode, "paddle") if plain_too else (first.mode,)
    return tuple(Attempt(mode, new_ir) for mode in modes for new_ir in irs)


def load_first_possible(
    attempts: Sequence[Attempt], load: Callable[[Attempt], _T], what: str
) -> tuple[_T, Attempt, tuple[str, ...]]:
    """Loads a program in the first way that Paddle accepts.

    Args:
        attempts: In the order of preference; at least one.
        load: Loads it in one way.
        what: How messages call the model.

    Returns:
        What `load` gave, the way, and a note if it is not the first one.

    Raises:
        ModelFormatError: No way is accepted; the message and the cause are the first failure's.
    """
    failures: list[LoadFailure] = []
    for attempt in attempts:
        try:
            loaded = load(attempt)
        except LoadFailure as failure:
            failures.append(failure)
            continue
        if not failures:
            return loaded, attempt, ()
        return loaded, attempt, (_note(attempts[0], failures[0], attempt),)
    others = " or ".join(str(attempt) for attempt in attempts[1:])
    tail = f" (nor does it load {others})" if others else ""
    raise ModelFormatError(
        f"Paddle Inference cannot load {what}: {failures[0]}{tail}"
    ) from failures[0]


def _note(first: Attempt, failure: LoadFailure, used: Attempt) -> str:
    slower = ", which is slower" if first.mode != used.mode else ""
    return f"Paddle cannot load it {first}, so it runs {used}{slower} (Paddle says: {failure})"
