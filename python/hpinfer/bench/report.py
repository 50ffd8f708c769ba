"""A benchmark's document as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.bench.summary import PERCENTILES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.bench.compare import Comparison


def report(document: Mapping[str, Any]) -> str:
    """Machine, conditions, a row for each case, and where each case's time went."""
    settings = document["settings"]
    how = (
        f"{len(settings['inputs'])} inputs, {settings['rounds']} rounds after {settings['warmup']} "
        f"for warm-up{', inputs decoded before' if settings['cached'] else ''}; "
        "p50 to max: one call an input; images/s and busy: all inputs in one call"
    )
    parts = [machine_line(document["machine"]), how, "", case_table(document["cases"])]
    for case in document["cases"]:
        if "stages_ms" in case["summary"]:
            parts += ["", f"{case['label']}: milliseconds an image", stage_table(case["summary"])]
    return "\n".join(parts)


def machine_line(machine: Mapping[str, Any]) -> str:
    """The machine in a line."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['cpu']}, {machine['threads']} of {machine['cores']} cores used "
        f"({', '.join(machine['isa'])}), {machine['memory_gib']} GiB, {machine['system']}, "
        f"load {machine['load_average_before']:.2f} before; {versions}"
    )


def case_table(cases: Sequence[Mapping[str, Any]]) -> str:
    """A row for each case."""
    ranks = [f"p{rank} ms" for rank in PERCENTILES]
    header = ["case", *ranks, "max ms", "images/s", "gain", "busy", "load s", "peak MB"]
    return table(header, [[case["label"], *_case_cells(case["summary"])] for case in cases])


def stage_table(summary: Mapping[str, Any]) -> str:
    """A row for each stage, with its share of the total; parts of a stage are indented."""
    stages = summary["stages_ms"]
    total = stages.get("total") or 1.0
    rows = [
        [f"{'  ' * name.count('.')}{name}", f"{value:.3f}", f"{value / total:.1%}"]
        for name, value in stages.items()
    ]
    return table(["stage", "ms", "of total"], rows)


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """A row for each figure that both runs have; a ratio above 1 is better than before."""
    rows = [
        [
            item.label,
            item.figure,
            f"{item.before:.2f}",
            f"{item.now:.2f}",
            f"{item.ratio:.3f}",
            f"{item.low:.3f} to {item.high:.3f}",
            item.verdict,
        ]
        for item in comparisons
    ]
    return table(["case", "figure", "before", "now", "ratio", "spread", ""], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that reads well as text: the first column left, the others right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join([cells[0].ljust(widths[0]), *rest])} |"

    rule = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
    return "\n".join([line(header), line(rule), *[line(row) for row in rows]])


def _case_cells(summary: Mapping[str, Any]) -> list[str]:
    load = f"{summary['load_seconds']:.2f}"
    if "latency_ms" not in summary:
        return [*["-"] * (len(PERCENTILES) + 4), load, f"{summary['loaded_mb']:.0f}"]
    latency = summary["latency_ms"]
    return [
        *[f"{latency[f'p{rank}']:.2f}" for rank in PERCENTILES],
        f"{latency['max']:.2f}",
        f"{summary['images_per_second']:.2f}",
        f"{summary['gain_of_one_call']:.2f}",
        f"{summary['busy']:.0%}",
        load,
        f"{summary['peak_mb']:.0f}",
    ]
