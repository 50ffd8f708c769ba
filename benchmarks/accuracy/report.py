"""Tables of error rates, and the lines that two variants read differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring import errors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from run import Page

_BUCKETS = (
    ("rendered", "all/all"),
    ("rendered", "all/unspaced"),
    *(("rendered", f"language/{name}") for name in ("chinese", "english", "numbers", "mixed")),
    *(("rendered", f"length/{name}") for name in ("character", "narrow", "normal", "long")),
    ("pages", "all/all"),
    ("pages", "all/unspaced"),
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: a row a variant, error rates in percent of characters."""
    buckets = [item for item in _BUCKETS if item[1] in rows[0]["error_rates"][item[0]]]
    names = [bucket.rpartition("/")[2] if bucket != "all/all" else kind for kind, bucket in buckets]
    untimed = rows[0]["cpu_ratio"] is None
    times = [] if untimed else ["CPU s", "ratio"]
    head = ["variant", "columns", *times, "same text", *names]
    lines = [
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
    ]
    for row in rows:
        cells = [
            row["variant"],
            f"{row['columns_ratio']:.3f}",
            *([] if untimed else [f"{row['cpu_s']:.2f}", f"{row['cpu_ratio']:.2f}"]),
            " / ".join(
                f"{value:.2f} %" for value in row["same_percent"].values() if value is not None
            ),
            *(f"{row['error_rates'][kind][bucket]['percent']:.2f}" for kind, bucket in buckets),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def differences(
    label: str,
    texts: Sequence[Sequence[str]],
    others: Sequence[Sequence[str]],
    pages: Sequence[Page],
) -> list[str]:
    """The lines whose text differs from the first variant's, with which of the two is nearer.

    Args:
        label: Of the variant.
        texts: What it read, page by page.
        others: What the first one read.
        pages: Where the lines come from.
    """
    found = []
    for page, ours, firsts in zip(pages, texts, others, strict=True):
        for index, (text, first) in enumerate(zip(ours, firsts, strict=True)):
            if text == first:
                continue
            line, verdict, says = page.lines[index], "", ""
            if line is not None:
                change = errors_of(text, line) - errors_of(first, line)
                verdict = f", {change:+d} errors"
                says = f", says {line.text!r}"
            name = line.name if line is not None else f"{page.name} {index}"
            found.append(f"{label}: {name}: {first!r} -> {text!r}{says}{verdict}")
    return found
