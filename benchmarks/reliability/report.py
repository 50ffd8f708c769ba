"""Write docs/reliability.md and its plots from the figures of the reliability runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curves import Curve, draw
from rows import HERE, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised, and which quick tests hold it up in every run of `scripts/test`."""

    words: str
    tests: str


PROMISES = {
    "Concurrency": Promise(
        """One session, one model, one pipeline serve any number of threads, with the bytes of a
serial run; no native call keeps the GIL; two cores do nearly twice the work of one.""",
        """`tests/python/reliability/test_concurrency.py`, `tests/python/contract/test_process.py`.
`scripts/test_sanitizers` runs the C++ suite under the thread sanitizer""",
    ),
    "Memory": Promise(
        """Inputs of ever new shapes bring resident memory to a plateau; creating and destroying
loses nothing; `hpinfer.trim()` gives back; `hpinfer.stats()` counts what is held.""",
        "`tests/python/reliability/test_memory.py`, `test_stats.py`",
    ),
    "CPU": Promise(
        """Nothing runs when nothing is asked; threads follow the affinity mask and the container's
quota; sessions side by side are not slower than one after the other.""",
        "`tests/python/reliability/test_processor.py`, `tests/cpp/thread_budget_test.cc`",
    ),
    "Determinism": Promise(
        """The same input gives the same bytes: over threads, repetitions, processes, batch sizes,
pages beside it, instruction sets. The exceptions are stated in figures below.""",
        "`tests/python/reliability/test_determinism.py`, `tests/python/parity`",
    ),
}
HEAD = """# Reliability

What hpinfer promises to services that run for weeks, how each promise is tested, and what the long
runs measured. Written by `benchmarks/reliability/report.py`; do not edit it by hand. One command
runs everything again:

```sh
python benchmarks/reliability/run.py --images PICTURE… --work WORK --out results.json
python benchmarks/reliability/report.py results.json [MORE.json …]
```

`WORK` is the folder of [benchmarks/peers](../benchmarks/peers/README.md), which has the other
packages' environments. `--only memory` runs one promise, `--quick` only tries everything.
"""


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="of run.py, and of other runs")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "reliability.md")
    arguments = parser.parse_args()
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.results]
    plots = plots_of(documents)
    for name, svg in plots.items():
        write_text(arguments.page.with_name(name), svg)
    write_text(arguments.page, page(documents, list(plots)))
    return 0


def sections(documents: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Rows by promise, in the order in which they come: `run.py` writes several promises a file.

    Raises:
        SystemExit: A file is neither of `run.py` nor one promise with rows.
    """
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for document in documents:
        for part in document.get("promises", [document]):
            if not {"promise", "rows"} <= part.keys():
                raise SystemExit('expected {"promise": …, "rows": [{"what", "how", "figures"}]}')
            found[part["promise"]] += part["rows"]
    return found


def page(documents: Sequence[Mapping[str, Any]], plots: Sequence[str]) -> str:
    """The whole page."""
    parts = [HEAD]
    for document in documents:
        if "machine" in document:
            parts.append(_machine(document))
    for promise, rows in sections(documents).items():
        parts.append(f"## {promise}\n")
        if promise in PROMISES:
            said = PROMISES[promise]
            parts.append(f"{said.words}\n\nIn every test run: {said.tests}.\n")
        parts += [_bullet(row) for row in rows]
        if promise == "Memory":
            parts += [f"\n![Resident memory]({name})" for name in plots]
        parts.append("")
    found = (HERE / "found.md").read_text(encoding="utf-8").strip()
    return "\n".join([*parts, found, ""])


def _machine(document: Mapping[str, Any]) -> str:
    machine = document["machine"]
    busy = float(machine["load_average_before"]) > 0.5
    note = "**the machine was busy with other work: times mean little**" if busy else "idle before"
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"Measured on {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}; {versions}; {document['when']}; "
        f"{note}, load average {machine['load_average_before']}.\n"
    )


def _bullet(row: Mapping[str, Any]) -> str:
    figures = "; ".join(f"{name} **{_shown(value)}**" for name, value in row["figures"].items())
    return f"- **{row['what']}**: {row['how']}. {figures}."


def _shown(value: float | str) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def plots_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """File name to SVG: rows with a curve that share what stands before the colon are one plot."""
    groups: dict[str, list[Curve]] = defaultdict(list)
    for rows in sections(documents).values():
        for row in rows:
            if row.get("curve"):
                title, _, name = row["what"].partition(": ")
                points = [(int(x), float(y)) for x, y in row["curve"]]
                groups[title].append(Curve(name, points))
    return {
        f"reliability-memory-{number}.svg": draw(f"{title}: resident memory", curves)
        for number, (title, curves) in enumerate(groups.items(), 1)
    }


if __name__ == "__main__":
    sys.exit(main())
