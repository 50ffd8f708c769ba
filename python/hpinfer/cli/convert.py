"""``hpinfer convert``: a Paddle model becomes ONNX."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpinfer.cli.console import is_quiet, say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.output import json_text

if TYPE_CHECKING:
    from hpinfer.hpi.conversion import ConversionOptions, ConvertedModel


@click.command(epilog=EPILOG)
@click.argument("model", metavar="MODEL_NAME|DIRECTORY")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write inference.onnx and inference.yml there. Default: the model's directory; for a "
    "name hpinfer's cache, where automatic conversion finds it.",
)
@click.option("--opset", type=click.IntRange(7, 25), help="ONNX operator set; raised where needed.")
@click.option("--force", is_flag=True, help="Convert again, and replace any inference.onnx.")
@click.option("--no-check", is_flag=True, help="Neither run the result nor compare it.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@verbosity_options
def convert(
    model: str, output: Path | None, opset: int | None, force: bool, no_check: bool, as_json: bool
) -> None:
    """Convert a Paddle model to ONNX and check the result.

    A .pdmodel needs no PaddlePaddle; the converter is fetched once. An inference.json (PIR) needs
    PaddlePaddle 3. The path of inference.onnx is printed.
    """
    from hpinfer import hub
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.hpi.conversion import convert as convert_cached
    from hpinfer.hpi.conversion import convert_to_directory, open_paddle_directory

    options = _options(opset, check=not no_check, force=force)
    directory = Path(model).expanduser()
    if os.sep in model or directory.is_dir():
        files = open_paddle_directory(directory)
        output = output or directory
    else:
        files = hub.resolve(model, formats=("paddle",))
    if output is None:
        converted = convert_cached(
            files, store=ArtifactStore.for_model(files.directory), options=options
        )
    else:
        converted = convert_to_directory(files, output, options=options)
    report(converted, as_json=as_json)


def _options(opset: int | None, *, check: bool, force: bool) -> ConversionOptions:
    from hpinfer.hpi.conversion import DEFAULT_OPSET, ConversionOptions

    return ConversionOptions(opset=opset or DEFAULT_OPSET, check=check, force=force)


def report(converted: ConvertedModel, *, as_json: bool = False) -> None:
    """Prints where the file is; what was checked goes to standard error."""
    if as_json:
        click.echo(json_text({**asdict(converted), "path": str(converted.path)}))
        return
    if not is_quiet():
        how = f"by {converted.converter}" if converted.converter else "by its owner"
        took = f" in {converted.seconds:.1f} s" if converted.built else " before: nothing to do"
        say(f"converted {how}{took}")
        for check in converted.checks:
            say(f"checked: {check}")
    for warning in converted.warnings:
        say(f"warning: {warning}")
    click.echo(str(converted.path))
