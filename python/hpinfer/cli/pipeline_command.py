"""Makes the subcommand of a pipeline: ``hpinfer ocr``, ``hpinfer classify`` …."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.hpi import given_hpi, hpi_options
from hpinfer.cli.output import PRINTERS, Saver, save_kinds
from hpinfer.cli.parameters import given_parameters, given_switches, own_options
from hpinfer.cli.pipeline_config import pipeline_config
from hpinfer.cli.pipeline_parameters import PIPELINE_PARAMETERS
from hpinfer.cli.prediction import create_pipeline, read_inputs, run_prediction, several_results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpinfer.pipelines import Precision

_TABLE_FORMATS = ("text", "json", "jsonl", "csv", "none")


@dataclass(frozen=True, slots=True)
class PipelineCommand:
    """A subcommand for a pipeline.

    Attributes:
        name: Its name.
        pipeline: The ``pipeline_name``.
        models: Option for a model, without dashes, to the dotted path of the module it sets and
            what it is, e.g. ``{"model": ("SubModules.ImageClassification", "The model.")}``.
        versions: Value of ``--model-version`` to the model of each module, by dotted path.
        formats: Values of ``--format``; the first is the default.
        kinds: Values of ``--save``.
        default_kinds: What ``-o`` saves without ``--save``.
    """

    name: str
    pipeline: str
    models: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    formats: tuple[str, ...] = _TABLE_FORMATS
    kinds: tuple[str, ...] = ("json", "image", "text", "csv")
    default_kinds: tuple[str, ...] = ("json", "image")


def pipeline_command(command: PipelineCommand, *, summary: str) -> click.Command:
    """The click command; `summary` starts its help."""
    parameters = PIPELINE_PARAMETERS[command.pipeline]

    def run(
        inputs: tuple[str, ...],
        output: Path | None,
        output_format: str,
        save: str | None,
        device: str | None,
        engine: str | None,
        precision: Precision | None,
        explain: bool,
        config: str | None,
        settings: tuple[str, ...],
        model_version: str | None = None,
        **options: Any,
    ) -> int:
        hpi = given_hpi(options)
        params = given_parameters(options, parameters)
        switches = given_switches(options, parameters)
        chosen = dict(command.versions[model_version]) if model_version is not None else {}
        for option, (path, _) in command.models.items():
            if (value := options.pop(_dest(option))) is not None:
                chosen[path] = value
        saver = _saver(output, save, command)
        wanted = pipeline_config(
            command.pipeline, config=config, models=chosen, switches=switches, settings=settings
        )
        pipeline = create_pipeline(wanted, device=device, engine=engine, precision=precision, **hpi)
        if explain:
            click.echo(str(pipeline.explain()), err=True)
        items = read_inputs(inputs)
        printer = PRINTERS[output_format](titled=several_results(items))
        return run_prediction(pipeline, items, params, printer, saver)

    made = click.Command(
        command.name,
        callback=run,
        help=f"{summary}\n\n{_HELP}",
        epilog=EPILOG,
        params=[*_first_options(command), *_model_options(command), *_config_options()],
    )
    made = hpi_options(made)
    made.params.extend(own_options(parameters))
    return verbosity_options(made)


_HELP = (
    "INPUT is a picture, PDF, directory, glob pattern or URL; '-' reads one from standard input. "
    "Results go to standard output, everything else to standard error."
)


def _dest(option: str) -> str:
    return option.replace("-", "_")


def _first_options(command: PipelineCommand) -> list[click.Parameter]:
    kinds = f"{', '.join(command.kinds)}, all.  [default: {','.join(command.default_kinds)}]"
    return [
        click.Argument(["inputs"], metavar="INPUT...", nargs=-1, required=True),
        click.Option(
            ["-o", "--output"],
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="Save files there.",
        ),
        click.Option(
            ["--format", "output_format"],
            type=click.Choice(command.formats),
            default=command.formats[0],
            show_default=True,
            help="What to write to standard output.",
        ),
        click.Option(["--save"], metavar="KINDS", help=f"What to save with -o: {kinds}"),
        click.Option(["--device"], help="cpu, gpu, gpu:0 ...  [default: cpu]"),
        click.Option(
            ["--engine"],
            help="Of every model that the YAML names none for; see 'hpinfer doctor'.",
        ),
        click.Option(
            ["--precision"],
            type=click.Choice(["fp32", "bf16", "fp16", "auto"]),
            help="Of the networks; a lower one is faster where the processor has it, and changes "
            "results.",
        ),
        click.Option(["--explain"], is_flag=True, help="Say first how each model runs, and why."),
    ]


def _model_options(command: PipelineCommand) -> list[click.Parameter]:
    options: list[click.Parameter] = []
    if command.versions:
        kind = click.Choice(list(command.versions))
        options.append(
            click.Option(["--model-version"], type=kind, help="Generation of the models.")
        )
    for option, (_, text) in command.models.items():
        options.append(click.Option([f"--{option}"], metavar="NAME|DIR", help=text))
    return options


def _config_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"],
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False),
            help="Pipeline YAML, as PaddleX writes it.",
        ),
        click.Option(
            ["--set", "settings"],
            metavar="KEY=VALUE",
            multiple=True,
            help="Set a dotted key of the pipeline YAML; may be repeated.",
        ),
    ]


def _saver(output: Path | None, save: str | None, command: PipelineCommand) -> Saver | None:
    if output is None:
        if save is not None:
            raise click.UsageError("--save has no effect without -o DIR")
        return None
    kinds = command.default_kinds if save is None else save_kinds(save, command.kinds)
    return Saver(output, kinds)
