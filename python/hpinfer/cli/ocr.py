"""``hpinfer ocr``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.hpi import given_hpi, hpi_options
from hpinfer.cli.output import PRINTERS, Saver, save_kinds
from hpinfer.cli.parameters import given_parameters, given_switches, ocr_options
from hpinfer.cli.pipeline_config import MODEL_VERSIONS, ocr_pipeline
from hpinfer.cli.prediction import create_pipeline, read_inputs, run_prediction, several_results

if TYPE_CHECKING:
    from hpinfer.pipelines import Precision

_DEFAULT_SAVE = "json,image"


@click.command(epilog=EPILOG)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Save files there."
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(list(PRINTERS)),
    default="text",
    show_default=True,
    help="What to write to standard output.",
)
@click.option(
    "--save",
    metavar="KINDS",
    help=f"What to save with -o: {', '.join(Saver.KINDS)}, all.  [default: {_DEFAULT_SAVE}]",
)
@click.option("--device", help="cpu, gpu, gpu:0 ...  [default: cpu]")
@click.option("--engine", help="Of every model that the YAML names none for; see 'hpinfer doctor'.")
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "fp16"]),
    help="Of the networks; a lower one is faster where the processor has it, and changes results.",
)
@click.option(
    "--model-version", type=click.Choice(list(MODEL_VERSIONS)), help="Generation of the models."
)
@click.option("--det-model", metavar="NAME|DIR", help="Detection model.")
@click.option("--rec-model", metavar="NAME|DIR", help="Recognition model.")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Pipeline YAML, as PaddleX writes it.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set a dotted key of the pipeline YAML; may be repeated.",
)
@hpi_options
@ocr_options
@verbosity_options
def ocr(
    inputs: tuple[str, ...],
    output: Path | None,
    output_format: str,
    save: str | None,
    device: str | None,
    engine: str | None,
    precision: Precision | None,
    **options: Any,
) -> int:
    """Read the text of pictures and documents.

    INPUT is a picture, PDF, directory, glob pattern or URL; '-' reads one from standard input.
    Results go to standard output, everything else to standard error.
    """
    hpi = given_hpi(options)
    params = given_parameters(options)
    saver = _saver(output, save)
    switches = given_switches(options)
    config = ocr_pipeline(switches=switches, **options)
    pipeline = create_pipeline(config, device=device, engine=engine, precision=precision, **hpi)
    items = read_inputs(inputs)
    printer = PRINTERS[output_format](titled=several_results(items))
    return run_prediction(pipeline, items, params, printer, saver)


def _saver(output: Path | None, save: str | None) -> Saver | None:
    if output is None:
        if save is not None:
            raise click.UsageError("--save has no effect without -o DIR")
        return None
    return Saver(output, save_kinds(_DEFAULT_SAVE if save is None else save))
