"""From timed answers to tables."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Any

from registry import PEERS

Samples = dict[str, dict[str, list[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One peer's summary over the images that every peer could read."""

    peer: str
    total: float
    cpu: float
    ratio: float | None
    lines: int
    shared_lines: float
    peak_mb: int


def median(answers: list[dict[str, Any]], key: str) -> float:
    """Median of one field over the rounds."""
    return statistics.median(float(answer[key]) for answer in answers)


def readable(samples: Samples) -> list[str]:
    """Images that every peer read in every round, in their order."""
    first = next(iter(samples.values()))
    return [
        image
        for image in first
        if not any("error" in answer for images in samples.values() for answer in images[image])
    ]


def failures(samples: Samples) -> list[str]:
    """One sentence for every peer and image that failed."""
    return [
        f"{peer}: {image}: {errors[0]}"
        for peer, images in samples.items()
        for image, answers in images.items()
        if (errors := [answer["error"] for answer in answers if "error" in answer])
    ]


def ours_on(engine: str, samples: Samples) -> str | None:
    """The hpinfer variant that ran on `engine`."""
    names = (name for name in samples if PEERS[name].is_ours and PEERS[name].engine == engine)
    return next(names, None)


def line_counts(images: dict[str, list[dict[str, Any]]], names: list[str]) -> Counter[str]:
    """How often each line of text occurs, over the named images."""
    return Counter(
        f"{name}\n{line}" for name in names for line in images[name][0]["text"].splitlines()
    )


def summarise(samples: Samples) -> list[Row]:
    """One row a peer; ratios are to hpinfer on the same engine."""
    images = readable(samples)
    totals = {
        peer: sum(median(answers[image], "seconds") for image in images)
        for peer, answers in samples.items()
    }
    standard = next((name for name in samples if PEERS[name].is_ours), next(iter(samples)))
    expected = line_counts(samples[standard], images)
    rows = []
    for peer, answers in samples.items():
        ours = ours_on(PEERS[peer].engine, samples)
        found = line_counts(answers, images)
        common = sum((expected & found).values())
        rows.append(
            Row(
                peer,
                totals[peer],
                sum(median(answers[image], "cpu_seconds") for image in images),
                totals[peer] / totals[ours] if ours and totals[ours] else None,
                found.total(),
                common / expected.total() if expected else 1.0,
                max((a["peak_mb"] for image in images for a in answers[image]), default=0),
            )
        )
    return rows


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, readable as plain text too."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells: list[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join([first, *rest])} |"

    rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
    return "\n".join([line(header), line(rule), *[line(row) for row in rows]])


def summary_table(samples: Samples) -> str:
    """Totals, one row a peer."""
    header = ["peer", "engine", "precision", "wall s", "x hpinfer", "CPU s", "lines",
              "same lines", "peak MB"]  # fmt: skip
    rows = [
        [
            row.peer,
            PEERS[row.peer].engine,
            PEERS[row.peer].precision,
            f"{row.total:.3f}",
            f"{row.ratio:.2f}" if row.ratio else "-",
            f"{row.cpu:.2f}",
            str(row.lines),
            f"{row.shared_lines:.1%}",
            str(row.peak_mb),
        ]
        for row in summarise(samples)
    ]
    return markdown_table(header, rows)


def one_call_table(document: dict[str, Any]) -> str:
    """All pages in one call beside the sum of single calls, and the time of a first page."""
    samples = document["samples"]
    totals = {row.peer: row.total for row in summarise(samples)}
    rows = []
    for peer in samples:
        streams = [item for item in document["streams"].get(peer, []) if "error" not in item]
        cold = document["cold_starts"].get(peer, [])
        wall = statistics.median(item["seconds"] for item in streams) if streams else None
        rows.append(
            [
                peer,
                f"{totals[peer]:.3f}",
                f"{wall:.3f}" if wall else "-",
                f"{totals[peer] / wall:.3f}" if wall else "-",
                f"{statistics.median(i['busy'] for i in streams):.1%}" if streams else "-",
                str(max(item["peak_mb"] for item in streams)) if streams else "-",
                f"{statistics.median(cold):.2f}" if cold else "-",
            ]
        )
    header = ["peer", "single s", "one call s", "gain", "cores busy", "peak MB", "cold start s"]
    return markdown_table(header, rows)


def image_table(samples: Samples) -> str:
    """Median milliseconds, one row an image and one column a peer."""
    rows = [
        [image, *[f"{median(answers[image], 'seconds') * 1e3:.0f}" for answers in samples.values()]]
        for image in readable(samples)
    ]
    return markdown_table(["image, ms", *samples], rows)


def page(document: dict[str, Any]) -> str:
    """The whole report as Markdown: machine, conditions, totals, failures, images."""
    machine, settings = document["machine"], document["settings"]
    versions = "; ".join(
        f"{peer} ({', '.join(f'{name} {version}' for name, version in ready['versions'].items())})"
        for peer, ready in document["peers"].items()
    )
    sharing = ", ".join(
        f"{cpu}: {others}" for cpu, others in machine["last_level_cache_shared_by"].items()
    )
    where = (
        f"Machine: {machine['cpu']}, {machine['cores']} cores ({', '.join(machine['isa'])}), "
        f"last-level cache shared by {sharing}; {machine['memory_gib']} GiB, {machine['system']}; "
        f"load average before the run {machine['load_average_before']:.2f}."
    )
    how = (
        f"Networks: {settings['generation']}. Threads: {settings['threads']} for every peer. "
        f"Rounds: {settings['rounds']} timed, "
        f"{settings['warmup']} before them untimed; interleaved image by image, one peer active "
        f"at a time, {settings['pause']} s between calls. Wall time is path to texts. Cold start: "
        "from starting the process to the texts of the first picture, its files in memory."
    )
    lines = [
        where,
        "",
        how,
        "",
        f"Versions: {versions}.",
        "",
        summary_table(document["samples"]),
        "",
        one_call_table(document),
        "",
        *[f"- failed, left out of every total: {text}" for text in failures(document["samples"])],
        "",
        image_table(document["samples"]),
    ]
    return "\n".join(lines)
