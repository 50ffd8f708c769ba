"""Words of a line and their boxes against a direct reading of the rules."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hpinfer import _native, errors

CHARACTERS = list("abXY019.-,( ") + list("中文字符")


def reference_groups(text, columns):
    groups = []
    kind = None
    for i, character in enumerate(text):
        if "\u4e00" <= character <= "\u9fff":
            now = "cn"
        elif re.fullmatch("[a-zA-Z0-9]", character) or (
            kind == "en"
            and (character == "-" or (character == "." and re.match("[0-9]", text[i + 1 : i + 2])))
        ):
            now = "en"
        else:
            now = "symbol"
        if now != kind:
            groups.append((now, [], []))
        kind = now
        groups[-1][1].append(character)
        groups[-1][2].append(columns[i])
    return groups


def reference_words(text, columns, region, count):
    spans = region.max(axis=0) - region.min(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        vertical = spans[1] / spans[0] > 1.5
    (left, top), right, bottom = region[0].tolist(), int(region[1, 0]), int(region[2, 1])
    start, size = (top, bottom - top) if vertical else (left, right - left)
    cell = size / count

    def box(a, b):
        if vertical:
            return [[left, a], [left, b], [right, b], [right, a]]
        return [[a, top], [b, top], [b, bottom], [a, bottom]]

    words, boxes, sizes, centres = [], [], [], []
    for kind, characters, places in reference_groups(text, columns):
        if kind == "cn":
            if len(places) > 1:
                sizes.append((places[-1] - places[0] + 1) * cell / (len(places) - 1))
            centres += [(place + 0.5) * cell for place in places]
            words += characters
        else:
            words.append("".join(characters))
            boxes.append(box(start + int(places[0] * cell), start + int((places[-1] + 1) * cell)))
    half = (np.mean(sizes) if sizes else size / max(len(text), 1)) / 2
    boxes += [box(start + max(int(c - half), 0), start + min(int(c + half), size)) for c in centres]
    boxes.sort(key=lambda b: np.mean(b, axis=0)[1])
    lines = []
    for item in boxes:
        y = np.mean(item, axis=0)[1]
        if lines and abs(y - np.mean(lines[-1][-1], axis=0)[1]) < 12:
            lines[-1].append(item)
        else:
            lines.append([item])
    return words, [b for line in lines for b in sorted(line, key=lambda b: np.mean(b, axis=0)[0])]


def random_line(rng):
    steps = int(rng.integers(1, 60))
    best = rng.integers(0, len(CHARACTERS) + 1, steps)
    best[rng.random(steps) < 0.4] = 0
    return np.eye(len(CHARACTERS) + 1, dtype=np.float32)[best]


@pytest.mark.parametrize("upright", [False, True])
def test_words_follow_the_rules(upright):
    rng = np.random.default_rng(upright)
    dictionary = _native.CtcDictionary(CHARACTERS, with_space=False)
    for _ in range(1000):
        values = random_line(rng)
        line = _native.decode_ctc(values)
        width, height = rng.integers(1, 400), rng.integers(1, 60)
        if upright:
            width, height = height, width
        x, y = rng.integers(0, 500, 2)
        corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
        region = (np.array(corners) + rng.integers(-2, 3, (4, 2))).astype(np.int32)
        columns = len(values) * rng.uniform(0.3, 1)
        words, boxes = _native.locate_words(line, dictionary, region, columns)
        expected = reference_words(dictionary.text(line), line.columns, region, columns)
        assert (words, [b.tolist() for b in boxes]) == expected


def test_region_of_three_corners_is_refused():
    dictionary = _native.CtcDictionary(CHARACTERS, with_space=False)
    line = _native.decode_ctc(np.eye(3, dtype=np.float32)[[1]])
    with pytest.raises(errors.InvalidInputError, match="4 corners"):
        _native.locate_words(line, dictionary, np.zeros((3, 2), np.int32), 4.0)
    with pytest.raises(errors.InvalidInputError, match="more than 0 columns"):
        _native.locate_words(line, dictionary, np.zeros((4, 2), np.int32), 0.0)
