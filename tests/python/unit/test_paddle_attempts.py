"""Which ways to load a Paddle program are tried, and what is told about them."""

from __future__ import annotations

import pytest

from hpinfer.errors import ModelFormatError
from hpinfer.paddle_inference import PaddleOptions, ProgramFacts
from hpinfer.paddle_inference.attempts import (
    Attempt,
    LoadFailure,
    load_first_possible,
    possible_attempts,
)

PIR = ProgramFacts("pir")
PDMODEL = ProgramFacts("pdmodel")
USUAL = Attempt("mkldnn", new_ir=True)
LEGACY = Attempt("mkldnn", new_ir=False)
PLAIN = Attempt("paddle", new_ir=True)
LAST = Attempt("paddle", new_ir=False)


@pytest.mark.parametrize(
    ("first", "facts", "requested", "options", "expected"),
    [
        (USUAL, PDMODEL, None, {}, (USUAL, LEGACY, PLAIN, LAST)),
        (USUAL, PIR, None, {}, (USUAL, PLAIN)),
        (PLAIN, PDMODEL, None, {}, (PLAIN, LAST)),
        (PLAIN, PIR, None, {}, (PLAIN,)),
        (LEGACY, PDMODEL, None, {}, (LEGACY, LAST)),
        # What the user asked for stays.
        (USUAL, PDMODEL, None, {"enable_new_ir": True}, (USUAL, PLAIN)),
        (LEGACY, PDMODEL, None, {"enable_new_ir": False}, (LEGACY, LAST)),
        (USUAL, PDMODEL, "mkldnn", {}, (USUAL, LEGACY)),
        (USUAL, PIR, "mkldnn", {}, (USUAL,)),
        (USUAL, PDMODEL, None, {"delete_pass": ("a_pass",)}, (USUAL, PLAIN)),
        (USUAL, PDMODEL, None, {"enable_cinn": True}, (USUAL, PLAIN)),
    ],
)
def test_ways_in_their_order(first, facts, requested, options, expected) -> None:
    assert possible_attempts(first, facts, requested, PaddleOptions(**options)) == expected


class Loader:
    """Accepts one way and refuses all others, each with its own words."""

    def __init__(self, accepted: Attempt | None) -> None:
        self.accepted = accepted
        self.tried: list[Attempt] = []

    def __call__(self, attempt: Attempt) -> str:
        self.tried.append(attempt)
        if attempt != self.accepted:
            raise LoadFailure(f"refusal {len(self.tried)}")
        return "predictors"


def test_nothing_is_told_or_tried_when_the_usual_way_works() -> None:
    loader = Loader(USUAL)
    assert load_first_possible((USUAL, LEGACY), loader, "m") == ("predictors", USUAL, ())
    assert loader.tried == [USUAL]


@pytest.mark.parametrize(
    ("accepted", "said"),
    [(LEGACY, "runs through the legacy IR with oneDNN"), (PLAIN, "in run_mode 'paddle', which is")],
)
def test_another_way_is_told_with_the_reason(accepted: Attempt, said: str) -> None:
    loader = Loader(accepted)
    loaded, used, notes = load_first_possible((USUAL, LEGACY, PLAIN, LAST), loader, "m")
    assert (loaded, used) == ("predictors", accepted)
    (note,) = notes
    assert said in note
    assert "cannot load it through PIR with oneDNN, so" in note
    assert note.endswith("(Paddle says: refusal 1)")
    assert loader.tried[-1] == accepted


def test_the_first_failure_is_the_one_that_counts() -> None:
    with pytest.raises(ModelFormatError, match=r"cannot load m: refusal 1 \(nor .* legacy") as told:
        load_first_possible((USUAL, LEGACY), Loader(None), "m")
    assert str(told.value.__cause__) == "refusal 1"


def test_a_single_way_fails_with_its_own_words() -> None:
    with pytest.raises(ModelFormatError) as told:
        load_first_possible((USUAL,), Loader(None), "m")
    assert str(told.value) == "Paddle Inference cannot load m: refusal 1"


def test_other_errors_end_the_attempts() -> None:
    def load(_: Attempt) -> str:
        raise MemoryError

    with pytest.raises(MemoryError):
        load_first_possible((USUAL, LEGACY), load, "m")
