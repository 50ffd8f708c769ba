"""CTC decoding against NumPy: the same characters, columns and scores on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from hpinfer import _native, errors

ISAS = _native.cpu_info()["isas"]


def reference(values):
    best = values.argmax(axis=-1)
    greatest = values.max(axis=-1)
    kept = np.ones(len(best), bool)
    kept[1:] = best[1:] != best[:-1]
    kept &= best != 0
    score = np.mean(greatest[kept]) if kept.any() else 0.0
    return best[kept].tolist(), np.flatnonzero(kept).tolist(), greatest[kept], float(score)


def assert_same_line(values, isa):
    line = _native.decode_ctc(values, isa)
    indices, columns, confidences, score = reference(values)
    assert (line.indices, line.columns) == (indices, columns)
    assert np.array_equal(np.array(line.confidences, np.float32), confidences, equal_nan=True)
    assert np.array_equal(line.score, score, equal_nan=True)


def likely_output(rng, steps, classes):
    """A softmax with runs of characters and many blanks."""
    logits = rng.normal(0, 1, (steps, classes)).astype(np.float32)
    character = 0
    for step in range(steps):
        if rng.random() < 0.6:
            character = 0 if rng.random() < 0.4 else int(rng.integers(0, classes))
        logits[step, character] += 9
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("classes", [1, 2, 7, 8, 31, 32, 33, 63, 64, 65, 97, 200, 6625, 18385])
def test_line_equals_numpy(isa, classes):
    rng = np.random.default_rng(classes)
    for steps in (1, 40, 131):
        assert_same_line(likely_output(rng, steps, classes), isa)


@pytest.mark.parametrize("isa", ISAS)
def test_first_of_equals_wins(isa):
    rng = np.random.default_rng(5)
    for _ in range(300):
        classes = int(rng.integers(1, 200))
        assert_same_line(rng.integers(-2, 3, (9, classes)).astype(np.float32), isa)


@pytest.mark.parametrize("isa", ISAS)
def test_first_nan_wins_as_in_numpy(isa):
    rng = np.random.default_rng(6)
    for _ in range(200):
        values = rng.random((4, int(rng.integers(1, 200)))).astype(np.float32)
        values[rng.random(values.shape) < 0.01] = np.nan
        values[rng.random(values.shape) < 0.01] = np.inf
        assert_same_line(values, isa)


@pytest.mark.parametrize("isa", ISAS)
def test_infinite_values(isa):
    assert_same_line(np.full((3, 70), -np.inf, np.float32), isa)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 127, 128, 129, 500, 1500])
def test_score_is_numpys_mean(count):
    rng = np.random.default_rng(count)
    values = np.zeros((count, 3), np.float32)
    values[np.arange(count), 1 + np.arange(count) % 2] = rng.random(count).astype(np.float32) + 0.1
    line = _native.decode_ctc(values)
    assert len(line.indices) == count
    assert line.score == float(np.mean(values.max(axis=-1)))


def test_no_steps_and_only_blanks_give_no_text():
    for values in (np.zeros((0, 5), np.float32), np.eye(1, 5, dtype=np.float32)):
        line = _native.decode_ctc(values)
        assert (line.indices, line.columns, line.score) == ([], [], 0)


def test_repeats_need_a_blank_between():
    best = [1, 1, 0, 1, 2, 2, 1]
    line = _native.decode_ctc(np.eye(4, dtype=np.float32)[best])
    assert (line.indices, line.columns) == ([1, 1, 2, 1], [0, 3, 4, 6])


def test_dictionary_turns_classes_into_text():
    dictionary = _native.CtcDictionary(["a", "é", "文"], with_space=True)
    assert dictionary.classes == 5
    line = _native.decode_ctc(np.eye(5, dtype=np.float32)[[3, 0, 4, 2, 1]])
    assert dictionary.text(line) == "文 éa"


def test_class_beyond_the_dictionary_is_refused():
    dictionary = _native.CtcDictionary(["a"], with_space=False)
    line = _native.decode_ctc(np.eye(5, dtype=np.float32)[[4]])
    with pytest.raises(errors.InvalidInputError, match="beyond the character dictionary"):
        dictionary.text(line)
