"""``hpinfer --pipeline NAME --input …``: the options of PaddleX's command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.hpi import given_hpi, paddlex_hpi_options
from hpinfer.cli.output import PaddleXPrinter, Saver
from hpinfer.cli.parameters import given_parameters, given_switches, paddlex_options
from hpinfer.cli.pipeline_config import pipeline_config
from hpinfer.cli.pipeline_parameters import PIPELINE_PARAMETERS
from hpinfer.cli.prediction import create_pipeline, read_inputs, run_prediction

_DEFAULT_PIPELINE = "OCR"
_NAME_KEY = "hpinfer.pipeline_name"


class PipelineOptionsCommand(click.Command):
    """A command whose further options are those of the pipeline that ``--pipeline`` names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Looks for the pipeline first, as its options depend on it."""
        given = _given_pipeline(args)
        if given is not None and given not in PIPELINE_PARAMETERS:
            from hpinfer.config.pipeline import pipeline_name

            given = pipeline_name(given)
        ctx.meta[_NAME_KEY] = given or _DEFAULT_PIPELINE
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of every pipeline and those of the one given."""
        own = paddlex_options(PIPELINE_PARAMETERS[ctx.meta.get(_NAME_KEY, _DEFAULT_PIPELINE)])
        return [*super().get_params(ctx), *own]


def _given_pipeline(args: list[str]) -> str | None:
    """The value of ``--pipeline``, if it is there and has one."""
    for index, arg in enumerate(args):
        option, equals, value = arg.partition("=")
        if option == "--pipeline":
            return value if equals else next(iter(args[index + 1 :]), None)
    return None


@click.command(cls=PipelineOptionsCommand, epilog=EPILOG, hidden=True)
@click.option(
    "--pipeline",
    metavar="NAME|FILE",
    required=True,
    help=f"{', '.join(PIPELINE_PARAMETERS)}, or a pipeline YAML.",
)
@click.option("--input", "input_", metavar="INPUT", required=True, help="File, directory or URL.")
@click.option("--save_path", metavar="DIR", type=click.Path(path_type=Path), help="Save there.")
@click.option("--device", help="cpu, gpu, gpu:0 ...")
@click.option("--engine", help="Inference engine; 'hpinfer doctor' lists them.")
@paddlex_hpi_options
@click.option("--explain", is_flag=True, help="Say first how each model runs, and why.")
@verbosity_options
@click.pass_context
def paddlex_arguments(
    ctx: click.Context,
    /,
    pipeline: str,
    input_: str,
    save_path: Path | None,
    device: str | None,
    engine: str | None,
    explain: bool,
    **options: Any,
) -> int:
    """Predict with the options of PaddleX's command line.

    Each result is printed and, with --save_path, saved in every form that it has. The options
    after --pipeline NAME are that pipeline's.
    """
    name = ctx.meta[_NAME_KEY]
    parameters = PIPELINE_PARAMETERS[name]
    hpi = given_hpi(options)
    saver = None if save_path is None else Saver(save_path, None)
    params = given_parameters(options, parameters)
    switches = given_switches(options, parameters)
    config = pipeline_config(name, config=None if pipeline == name else pipeline, switches=switches)
    created = create_pipeline(config, device=device, engine=engine, **hpi)
    if explain:
        click.echo(str(created.explain()), err=True)
    return run_prediction(created, read_inputs([input_]), params, PaddleXPrinter(), saver)
