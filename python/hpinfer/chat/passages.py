"""Cuts text into passages of bounded length, at the best places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Where text may be cut, the best places first.
_SEPARATORS = ("\t", "\n", "。", ". ", " ")
#: Characters that a passage repeats of the one before, so that nothing is torn apart.
_OVERLAP = 20


def passages(text: str, length: int) -> list[str]:
    """Passages of `text`, each at most `length` characters, together the whole of it.

    Neighbours share up to 20 characters where the text can be cut there.

    Args:
        text: The text.
        length: Longest passage, at least 1.
    """
    found: list[str] = []
    current: list[str] = []
    for piece in _pieces(text, length, _SEPARATORS):
        if current and sum(map(len, current)) + len(piece) > length:
            found.append("".join(current))
            current = _tail(current, min(_OVERLAP, length - len(piece)))
        current.append(piece)
    if current:
        found.append("".join(current))
    return [passage.strip() for passage in found if passage.strip()]


def _pieces(text: str, length: int, separators: Sequence[str]) -> Iterator[str]:
    """`text` in pieces that fit, each with the separator that ends it."""
    if len(text) <= length:
        yield text
    elif not separators:
        yield from (text[start : start + length] for start in range(0, len(text), length))
    else:
        *heads, last = text.split(separators[0])
        for part in [*(head + separators[0] for head in heads), last]:
            if part:
                yield from _pieces(part, length, separators[1:])


def _tail(pieces: Sequence[str], room: int) -> list[str]:
    """The last whole pieces that have at most `room` characters together."""
    kept: list[str] = []
    for piece in reversed(pieces):
        room -= len(piece)
        if room < 0:
            break
        kept.insert(0, piece)
    return kept
