"""Character error rates, in total and by bucket."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rendering import Line

TOTAL = ("all", "all")
#: Everything again, with all spaces taken out of both texts.
UNSPACED = ("all", "unspaced")


@dataclass(slots=True)
class Count:
    """Characters and how many of them are wrong.

    Attributes:
        lines: Lines counted.
        characters: Characters of the right texts.
        errors: Characters to insert, delete or replace.
        wrong_lines: Lines with an error.
    """

    lines: int = 0
    characters: int = 0
    errors: int = 0
    wrong_lines: int = 0

    def add(self, characters: int, errors: int) -> None:
        """Counts a line."""
        self.lines += 1
        self.characters += characters
        self.errors += errors
        self.wrong_lines += errors > 0

    @property
    def rate(self) -> float:
        """Character error rate in percent."""
        return 100.0 * self.errors / max(1, self.characters)


@dataclass(slots=True)
class Score:
    """What a way of reading costs and how often it is wrong.

    Attributes:
        buckets: Counts by kind and name of bucket, `TOTAL` among them.
        texts: What was read, line by line.
    """

    buckets: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    texts: list[str] = field(default_factory=list)


def errors_of(read: str, line: Line) -> int:
    """Edits from what was read to what the line says."""
    if line.spaces:
        return Levenshtein.distance(read, line.text)
    return Levenshtein.distance(_without_spaces(read), _without_spaces(line.text))


def score(lines: Sequence[Line], texts: Sequence[str]) -> Score:
    """Counts the errors of `texts`, one for each line."""
    result = Score(texts=list(texts))
    for line, text in zip(lines, texts, strict=True):
        characters = len(line.text if line.spaces else _without_spaces(line.text))
        errors = errors_of(text, line)
        for bucket in (TOTAL, *line.buckets.items()):
            result.buckets[bucket].add(characters, errors)
        bare = _without_spaces(line.text)
        result.buckets[UNSPACED].add(len(bare), Levenshtein.distance(_without_spaces(text), bare))
    return result


def _without_spaces(text: str) -> str:
    return "".join(text.split())
