"""``hpinfer tune``: measures the engines for a model or for every model of a pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import ProgressLine, verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode
from hpinfer.cli.hpi import given_hpi, hpi_options
from hpinfer.cli.output import json_text
from hpinfer.hpi.tuning import QUICK_BUDGET_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpinfer.hpi import Explanation
    from hpinfer.hpi.records import TuningRecord
    from hpinfer.pipelines import Precision


@click.command(epilog=EPILOG)
@click.argument("target", metavar="MODEL|PIPELINE|FILE")
@click.option("--device", help="cpu, gpu, gpu:0 ...  [default: cpu]")
@click.option("--engine", help="Measure only the ways in which this engine runs a model.")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp16", "auto"]),
    help="auto also measures lower precisions, which win only if they lead to the same results.",
)
@click.option(
    "--budget",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=QUICK_BUDGET_S,
    show_default=True,
    help="Time for each model.",
)
@click.option(
    "--collect-shapes",
    "inputs",
    metavar="INPUT",
    multiple=True,
    help="Measure nothing; run the target over these pictures, PDFs or folders, and write the "
    "input shapes of each model to a file that TensorRT engines are built for. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@hpi_options
@verbosity_options
def tune(
    target: str,
    device: str | None,
    engine: str | None,
    precision: Precision | None,
    budget: float,
    inputs: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> int:
    """Measure which engine is fastest for a model on this machine, and remember it.

    The target is a model's name or directory, a pipeline's name, or a pipeline YAML. The next time
    that the model or pipeline is created with the same settings, the winner runs it.
    """
    from hpinfer.models.retuning import measure_loaded_models

    if inputs:
        return _collect(target, inputs, as_json=as_json)
    with ProgressLine() as line, measure_loaded_models(budget) as request:
        line.show(f"measuring {target} ...")
        explanations = _load(
            target, device=device, engine=engine, precision=precision, hpi=given_hpi(options)
        )
    if as_json:
        click.echo(json_text([_as_dict(item, request.records) for item in explanations]))
        return ExitCode.OK
    for number, explanation in enumerate(explanations):
        click.echo(("\n" if number else "") + _as_text(explanation, request.records))
    return ExitCode.OK


def _load(
    target: str,
    *,
    device: str | None,
    engine: str | None,
    precision: Precision | None,
    hpi: dict[str, Any],
) -> list[Explanation]:
    """Creates the target, which measures it, and gives how each of its models runs."""
    from hpinfer.config.pipeline import PIPELINES

    if target in PIPELINES or Path(target).suffix.lower() in (".yaml", ".yml"):
        from hpinfer.pipelines import create_pipeline

        pipeline = create_pipeline(target, device=device, engine=engine, precision=precision, **hpi)
        return list(pipeline.explain().models)
    from hpinfer import hub
    from hpinfer.config import Given, resolve_model
    from hpinfer.models import load_model, locate_model

    given = Given(engine=engine, device=device, precision=precision, origin="command line", **hpi)
    settings = resolve_model(given)
    is_directory = os.sep in target or Path(target).is_dir()
    name = hub.resolve(Path(target)).name if is_directory else target
    located = locate_model(name, model_dir=target if is_directory else None, settings=settings)
    return [load_model(located, settings).explanation]


def _collect(target: str, inputs: tuple[str, ...], *, as_json: bool) -> int:
    """Runs the target over the inputs on the CPU and writes the shapes of its models."""
    from dataclasses import asdict

    from hpinfer.hpi.dynamic_shapes import ranges_text
    from hpinfer.models.shape_collection import collect_shapes

    with ProgressLine() as line, collect_shapes() as collection:
        line.show(f"loading {target} ...")
        predictor = _predictor(target)
        for number, _ in enumerate(predictor.predict(list(inputs)), 1):
            line.show(f"{number} inputs done")
    written = collection.write()
    if as_json:
        click.echo(json_text([{**asdict(item), "path": str(item.path)} for item in written]))
        return ExitCode.OK
    for item in written:
        click.echo(f"{item.model}: {ranges_text([item.ranges])} ({item.runs} inferences)")
        click.echo(f"  written to {item.path}")
    for name in collection.idle:
        click.echo(f"{name}: never ran on these inputs; nothing is written")
    return ExitCode.OK


def _predictor(target: str) -> Any:  # noqa: ANN401 - a model or a pipeline: both predict
    from hpinfer.config.pipeline import PIPELINES

    if target in PIPELINES or Path(target).suffix.lower() in (".yaml", ".yml"):
        from hpinfer.pipelines import create_pipeline

        return create_pipeline(target)
    from hpinfer import hub
    from hpinfer.models import create_model

    if os.sep in target or Path(target).is_dir():
        return create_model(hub.resolve(Path(target)).name, model_dir=target)
    return create_model(target)


def _as_dict(explanation: Explanation, records: Mapping[str, TuningRecord]) -> dict[str, Any]:
    record = records.get(explanation.model)
    return {**explanation.to_dict(), "record": None if record is None else record.to_json()}


def _as_text(explanation: Explanation, records: Mapping[str, TuningRecord]) -> str:
    record = records.get(explanation.model)
    if record is None:
        return f"{explanation}\n  tuning      nothing to measure: there is one way to run it here"
    feeds = "; ".join(record.feeds)
    streams = f", {record.streams} at once" if record.streams > 1 else ""
    return f"{explanation}\n  tuning      {record.seconds:.1f} s over {feeds}{streams}"
