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
        chosen |= given_models(options, command.models)
        kinds = chosen_kinds(output, save, command.kinds, command.default_kinds)
        saver = None if output is None else Saver(output, kinds)
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
        params=[
            click.Argument(["inputs"], metavar="INPUT...", nargs=-1, required=True),
            *output_options(command.formats, command.kinds, command.default_kinds),
            *engine_options(),
            *_version_options(command),
            *model_options(command.models),
            *config_options(),
        ],
    )
    made = hpi_options(made)
    made.params.extend(own_options(parameters))
    return verbosity_options(made)


_HELP = (
    "INPUT is a picture, PDF, directory, glob pattern or URL; '-' reads one from standard input. "
    "Results go to standard output, everything else to standard error."
)


def output_options(
    formats: tuple[str, ...], kinds: tuple[str, ...], default_kinds: tuple[str, ...]
) -> list[click.Parameter]:
    """``-o``, ``--format`` (the first of `formats` is the default) and ``--save``."""
    known = f"{', '.join(kinds)}, all.  [default: {','.join(default_kinds)}]"
    return [
        click.Option(
            ["-o", "--output"],
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="Save files there.",
        ),
        click.Option(
            ["--format", "output_format"],
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help="What to write to standard output.",
        ),
        click.Option(["--save"], metavar="KINDS", help=f"What to save with -o: {known}"),
    ]


def engine_options() -> list[click.Parameter]:
    """How the models run."""
    return [
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


def _version_options(command: PipelineCommand) -> list[click.Parameter]:
    if not command.versions:
        return []
    kind = click.Choice(list(command.versions))
    return [click.Option(["--model-version"], type=kind, help="Generation of the models.")]


def model_options(models: Mapping[str, tuple[str, str]]) -> list[click.Parameter]:
    """An option for each model; see `PipelineCommand.models`."""
    return [
        click.Option([f"--{option}"], metavar="NAME|DIR", help=text)
        for option, (_, text) in models.items()
    ]


def given_models(options: dict[str, Any], models: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Takes the models that the user gave out of `options`, by the path of their module."""
    values = {path: options.pop(option.replace("-", "_")) for option, (path, _) in models.items()}
    return {path: value for path, value in values.items() if value is not None}


def config_options() -> list[click.Parameter]:
    """``--config`` and ``--set``."""
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


def chosen_kinds(
    output: Path | None, save: str | None, known: tuple[str, ...], default: tuple[str, ...]
) -> tuple[str, ...]:
    """The kinds of files that ``--save`` asks for.

    Raises:
        click.UsageError: It is given without ``-o``, or names a kind that is none of `known`.
    """
    if output is None and save is not None:
        raise click.UsageError("--save has no effect without -o DIR")
    return default if save is None else save_kinds(save, known)
