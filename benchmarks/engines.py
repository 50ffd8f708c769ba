"""Times every engine on each model, and says what automatic mode chose and how far off it was.

Every candidate of a model (engine, file format, converter, precision) is loaded in one process and
timed in turn on the model's typical feeds; medians count. Automatic mode is asked twice: as it is
before anything was measured (prior knowledge), and after `hpinfer tune` (--tune runs it first). The
ratio is the time of its choice over the fastest candidate of the precisions that it may take.

    python benchmarks/engines.py PP-OCRv4_mobile_det PP-OCRv4_mobile_rec --tune --json out.json
    python benchmarks/engines.py --table out.json

A model is a name or a directory. A name is taken as ONNX where there is ONNX; --format paddle takes
the Paddle files, which every engine runs, converted if need be. Without --tune, the choice is that
of stored records, if any.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer import hub
from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.config.inference import parse_inference_config
from hpinfer.errors import HpinferError
from hpinfer.hpi.discovery import engines
from hpinfer.hpi.family import family_of
from hpinfer.hpi.feeds import feed_text, typical_feeds
from hpinfer.hpi.machine import this_machine
from hpinfer.models.loading import LocatedModel, loading_of, preview
from hpinfer.models.retuning import measure_loaded_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.hpi.feeds import Feed
    from hpinfer.hub import ModelFormat
    from hpinfer.session import Session


@dataclass
class ModelResult:
    """Figures of one model.

    Attributes:
        model: Model name.
        directory: Name of the directory it came from.
        feeds: What was fed.
        milliseconds: Median time over all feeds by candidate label.
        spread: Distance of the quartiles, relative to the median, by label.
        failed: Reason by label, for what could not run, and by engine, for what is no candidate.
        prior: Label that automatic mode takes before anything is measured.
        chosen: Label that automatic mode takes by its record, "" without one.
    """

    model: str
    directory: str
    feeds: list[str] = field(default_factory=list)
    milliseconds: dict[str, float] = field(default_factory=dict)
    spread: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    prior: str = ""
    chosen: str = ""

    def ratio(self, label: str) -> float | None:
        """Time of a candidate over the best of full precision."""
        full = [value for name, value in self.milliseconds.items() if " fp32 " in name]
        if label not in self.milliseconds or not full:
            return None
        return self.milliseconds[label] / min(full)


def main() -> None:
    """Measures, or prints the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs="*", help="names or directories")
    parser.add_argument("--format", choices=("onnx", "paddle"), help="of models given by name")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--tune", action="store_true", help="let automatic mode measure first")
    parser.add_argument("--json", type=Path, help="keep the figures there")
    parser.add_argument("--table", type=Path, help="print the table of kept figures")
    arguments = parser.parse_args()
    if arguments.table is not None:
        data = json.loads(arguments.table.read_text(encoding="utf-8"))
        print(table([ModelResult(**item) for item in data["results"]]))
        return
    results = []
    for model in arguments.models:
        located = locate(model, arguments.format)
        options = {} if arguments.threads is None else {"num_threads": arguments.threads}
        results.append(measure(located, options, rounds=arguments.rounds, tune=arguments.tune))
        print(table(results[-1:]), flush=True)
        if arguments.json is not None:
            text = json.dumps(
                {**machine(), "results": [asdict(item) for item in results]}, indent=1
            )
            arguments.json.write_text(text + "\n", encoding="utf-8")
    print(f"\n{json.dumps(machine())}\n\n{table(results)}")


def locate(model: str, model_format: ModelFormat | None) -> LocatedModel:
    """A model's files, from a directory or by name."""
    if Path(model).is_dir():
        files = hub.resolve(Path(model))
    else:
        files = hub.resolve(model, formats=(model_format,) if model_format else ("onnx", "paddle"))
    return LocatedModel(files, parse_inference_config(files.config))


def measure(
    located: LocatedModel, options: dict[str, Any], *, rounds: int, tune: bool
) -> ModelResult:
    """Every candidate of a model in turn, and what automatic mode says."""
    result = ModelResult(located.files.name, located.files.directory.name)
    settings = HPISettings()
    if tune:
        with measure_loaded_models():
            choice = preview(located, settings, **options)
    else:
        choice = preview(located, settings, **options)
    if choice.source == "measured":
        result.chosen = choice.ranked[0].label
    loading = loading_of(located, HPISettings(precision="auto", hpi=HPIConfig()), **options)
    result.prior = loading.prior_choice().ranked[0].label
    result.failed.update({name: item.reason for name, item in loading.found.rejected.items()})
    sessions: dict[str, Session] = {}
    for candidate in loading.found.usable:
        try:
            sessions[candidate.label] = loading.opener.open(candidate).session
        except HpinferError as error:
            result.failed[candidate.label] = " ".join(str(error).split())
    family = family_of(located.config)
    feeds = typical_feeds(located.config, family, next(iter(sessions.values())).inputs)
    result.feeds = [feed_text(feed) for feed in feeds]
    times = time_in_turn(sessions, feeds, rounds, result)
    for label, values in times.items():
        low, median, high = statistics.quantiles(values, n=4)
        result.milliseconds[label] = round(median * 1000, 3)
        result.spread[label] = round((high - low) / median, 3)
    return result


def time_in_turn(
    sessions: dict[str, Session], feeds: Sequence[Feed], rounds: int, result: ModelResult
) -> dict[str, list[float]]:
    """Seconds of each round by label; the first two rounds are not counted."""
    times: dict[str, list[float]] = {label: [] for label in sessions}
    for number in range(rounds + 2):
        for label in list(times):
            start = time.perf_counter()
            try:
                for feed in feeds:
                    sessions[label].run(feed)
            except HpinferError as error:
                result.failed[label] = " ".join(str(error).split())
                del times[label]
                continue
            if number >= 2:
                times[label].append(time.perf_counter() - start)
    return times


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    here = this_machine()
    return {
        "cpu": here.cpu,
        "threads": here.threads,
        "reduced_precisions": list(here.reduced_precisions),
        "engines": {item.name: item.version for item in engines() if item.usable},
        "date": time.strftime("%Y-%m-%d"),
    }


def table(results: Sequence[ModelResult]) -> str:
    """Markdown: one row a candidate, fastest first, with what automatic mode says of it."""
    rows = [
        "| model | candidate | ms | spread | x best fp32 | automatic mode |",
        "|---|---|---:|---:|---:|---|",
    ]
    for result in results:
        for label, value in sorted(result.milliseconds.items(), key=lambda item: item[1]):
            marks = [
                text
                for text, other in (("prior", result.prior), ("measured", result.chosen))
                if other == label
            ]
            ratio = result.ratio(label)
            rows.append(
                f"| {result.model} | {label} | {value:.2f} | {result.spread[label]:.0%} | "
                f"{'' if ratio is None else f'{ratio:.2f}'} | {', '.join(marks)} |"
            )
        rows += [
            f"| {result.model} | {label} | - | | | {reason[:100]} |"
            for label, reason in result.failed.items()
            if reason != "not part of this build"
        ]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
