"""``hpinfer --paddle2onnx --paddle_model_dir …``: PaddleX's spelling of ``hpinfer convert``."""

from __future__ import annotations

from pathlib import Path

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.convert import report
from hpinfer.cli.exit_codes import EPILOG


@click.command(epilog=EPILOG, hidden=True)
@click.option("--paddle2onnx", is_flag=True, required=True, help="Convert a model.")
@click.option(
    "--paddle_model_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    required=True,
    help="The Paddle model.",
)
@click.option(
    "--onnx_model_dir",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write; default: the model's directory.",
)
@click.option("--opset_version", type=click.IntRange(7, 25), help="ONNX operator set.")
@verbosity_options
def paddle2onnx(
    paddle2onnx: bool,
    paddle_model_dir: Path,
    onnx_model_dir: Path | None,
    opset_version: int | None,
) -> None:
    """Convert a model with the options of PaddleX's command line; replaces inference.onnx."""
    from hpinfer.hpi.conversion import (
        DEFAULT_OPSET,
        ConversionOptions,
        convert_to_directory,
        open_paddle_directory,
    )

    files = open_paddle_directory(paddle_model_dir)
    options = ConversionOptions(opset=opset_version or DEFAULT_OPSET, force=True)
    report(convert_to_directory(files, onnx_model_dir or paddle_model_dir, options=options))
