"""``hpinfer --pipeline OCR --input …``: the options of PaddleX's command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.hpi import given_hpi, paddlex_hpi_options
from hpinfer.cli.output import PaddleXPrinter, Saver
from hpinfer.cli.parameters import given_parameters, given_switches, paddlex_ocr_options
from hpinfer.cli.pipeline_config import ocr_pipeline
from hpinfer.cli.prediction import create_pipeline, read_inputs, run_prediction


@click.command(epilog=EPILOG, hidden=True)
@click.option("--pipeline", metavar="NAME|FILE", required=True, help="OCR, or a pipeline YAML.")
@click.option("--input", "input_", metavar="INPUT", required=True, help="File, directory or URL.")
@click.option("--save_path", metavar="DIR", type=click.Path(path_type=Path), help="Save there.")
@click.option("--device", help="cpu, gpu, gpu:0 ...")
@click.option("--engine", help="Inference engine; 'hpinfer doctor' lists them.")
@paddlex_hpi_options
@click.option("--explain", is_flag=True, help="Say first how each model runs, and why.")
@paddlex_ocr_options
@verbosity_options
def paddlex_arguments(
    pipeline: str,
    input_: str,
    save_path: Path | None,
    device: str | None,
    engine: str | None,
    explain: bool,
    **options: Any,
) -> int:
    """Predict with the options of PaddleX's command line.

    Each result is printed and, with --save_path, saved as JSON and picture.
    """
    hpi = given_hpi(options)
    saver = None if save_path is None else Saver(save_path, ("json", "image"))
    params = given_parameters(options)
    switches = given_switches(options)
    config: str | dict[str, Any] = pipeline
    if switches and (pipeline == "OCR" or Path(pipeline).is_file()):
        config = ocr_pipeline(config=None if pipeline == "OCR" else pipeline, switches=switches)
    created = create_pipeline(config, device=device, engine=engine, **hpi)
    if explain:
        click.echo(str(created.explain()), err=True)
    return run_prediction(created, read_inputs([input_]), params, PaddleXPrinter(), saver)
