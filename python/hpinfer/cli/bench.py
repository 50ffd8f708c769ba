"""``hpinfer bench``: how fast a pipeline or model is here, and where its time goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hpinfer.cli.console import ProgressLine, say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode
from hpinfer.cli.hpi import given_hpi, hpi_options
from hpinfer.cli.output import json_text

if TYPE_CHECKING:
    from hpinfer._settings import BenchSettings
    from hpinfer.bench import BenchPlan
    from hpinfer.pipelines import Precision

T = TypeVar("T")


class _Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between them."""

    name = "N,N,..."

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as in click
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[int, ...]:
        """The numbers."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(word) for word in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers like 1,2,4", param, ctx)


@click.command(epilog=EPILOG)
@click.argument("target", metavar="PIPELINE|MODEL|FILE")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--engine", "engines", metavar="NAME,...", help="Measure each of these engines.")
@click.option("--threads", type=_Numbers(), default=(), help="Measure each count of processors.")
@click.option("--batch", "batches", type=_Numbers(), default=(), help="Of models: batch sizes.")
@click.option("--device", help="cpu, gpu, gpu:0 ...  [default: cpu]")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp16", "auto"]),
    help="Of the networks.",
)
@click.option("--warmup", type=click.IntRange(min=0), help="Rounds before.  [default: 1]")
@click.option("--rounds", type=click.IntRange(min=0), help="Rounds that count.  [default: 5]")
@click.option("--cached", is_flag=True, default=None, help="Decode the inputs before.")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set a dotted key of the pipeline YAML; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of tables.")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write bench.json and the tables of PaddleX's benchmark tool there.",
)
@click.option(
    "--compare",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An older bench.json: give ratios and their spread.",
)
@hpi_options
@verbosity_options
def bench(
    target: str,
    inputs: tuple[str, ...],
    as_json: bool,
    output: Path | None,
    compare: Path | None,
    **options: Any,
) -> int:
    """Measure a pipeline or model on pictures of yours.

    Each combination of engines, threads and batches runs in a process of its own; they take turns.
    Latency is one call an input, throughput all inputs in one call. PaddleX's variables
    PADDLE_PDX_INFER_BENCHMARK_WARMUP, _ITERS, _OUTPUT_DIR and _USE_CACHE_FOR_READ stand for the
    options that are not given.
    """
    from hpinfer._settings import BenchSettings
    from hpinfer.bench import read_document, run_plan

    older = None if compare is None else read_document(compare)
    environment = BenchSettings.from_env()
    plan = _plan(target, inputs, environment, options)
    with ProgressLine() as line:
        document = run_plan(plan, progress=line.show)
    folder = output or environment.output_dir
    if folder is not None:
        _write(document, folder)
    return _tell(document, older, as_json=as_json)


def _plan(
    target: str,
    inputs: tuple[str, ...],
    environment: BenchSettings,
    options: dict[str, Any],
) -> BenchPlan:
    from hpinfer.bench import BenchPlan, sweep
    from hpinfer.config.pipeline import PIPELINES

    is_pipeline = target in PIPELINES or Path(target).suffix.lower() in (".yaml", ".yml")
    engines = options["engines"]
    cases = sweep(
        target,
        is_pipeline=is_pipeline,
        engines=engines.split(",") if engines else (),
        threads=options["threads"],
        batches=options["batches"],
        options=_creation(target, is_pipeline=is_pipeline, options=options),
    )
    return BenchPlan(
        cases,
        inputs,
        warmup=_first(options["warmup"], environment.warmup, 1),
        rounds=_first(options["rounds"], environment.rounds, 5),
        cached=_first(options["cached"], environment.cached, False),
    )


def _first(given: T | None, from_environment: T | None, default: T) -> T:
    if given is not None:
        return given
    return default if from_environment is None else from_environment


def _creation(target: str, *, is_pipeline: bool, options: dict[str, Any]) -> dict[str, Any]:
    """Arguments of ``create_pipeline`` or ``create_model``, those that are given."""
    precision: Precision | None = options["precision"]
    given: dict[str, Any] = {
        "device": options["device"],
        "precision": precision,
        **given_hpi(options),
    }
    if options["settings"]:
        if not is_pipeline:
            raise click.UsageError("--set is for pipelines: a model has no YAML")
        from hpinfer.cli.pipeline_config import pipeline_config

        is_file = Path(target).suffix.lower() in (".yaml", ".yml")
        name = _pipeline_name(target) if is_file else target
        given["config"] = pipeline_config(
            name, config=target if is_file else None, settings=options["settings"]
        )
    return {name: value for name, value in given.items() if value is not None}


def _pipeline_name(file: str) -> str:
    from hpinfer.config.pipeline import read_pipeline

    return str(read_pipeline(file).config.pipeline_name)


def _write(document: dict[str, Any], folder: Path) -> None:
    from hpinfer.bench.paddlex_tables import write_tables
    from hpinfer.results.files import write_text

    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "bench.json", json_text(document) + "\n")
    write_tables(document["cases"], folder)


def _tell(document: dict[str, Any], older: dict[str, Any] | None, *, as_json: bool) -> int:
    from dataclasses import asdict

    from hpinfer.bench.compare import compare, machine_differences
    from hpinfer.bench.report import comparison_table, report

    comparisons = [] if older is None else compare(older, document)
    for difference in [] if older is None else machine_differences(older, document):
        say(f"warning: the runs are not alike: {difference}")
    if as_json:
        added = {"comparison": [{**asdict(c), "verdict": c.verdict} for c in comparisons]}
        click.echo(json_text({**document, **(added if older is not None else {})}))
        return ExitCode.OK
    click.echo(report(document))
    if comparisons:
        click.echo("\nbeside the older run; a ratio above 1 is better\n")
        click.echo(comparison_table(comparisons))
    return ExitCode.OK
