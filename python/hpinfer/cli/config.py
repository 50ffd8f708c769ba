"""``hpinfer config``: shows and checks configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode, code_for
from hpinfer.cli.failures import describe
from hpinfer.cli.hpi import given_hpi, hpi_options
from hpinfer.cli.output import json_text
from hpinfer.errors import HpinferError

if TYPE_CHECKING:
    from hpinfer.config.hpi import PrecisionChoice
    from hpinfer.config.report import ResolvedValue


@click.group(epilog=EPILOG)
def config() -> None:
    """Show and check pipeline and model configurations."""


@config.command()
@click.argument("pipeline", metavar="PIPELINE|FILE", default="OCR")
@click.option("--resolved", is_flag=True, help="Every value in force, with where it came from.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="Set a dotted key.")
@click.option("--device", help="cpu, gpu, gpu:0 ...")
@click.option("--engine", help="Short for --hpi-config '{\"backend\": ENGINE}'.")
@click.option(
    "--precision", type=click.Choice(["fp32", "bf16", "fp16", "auto"]), help="Of the networks."
)
@hpi_options
@verbosity_options
def show(
    pipeline: str,
    resolved: bool,
    as_json: bool,
    settings: tuple[str, ...],
    device: str | None,
    engine: str | None,
    precision: PrecisionChoice | None,
    **options: Any,
) -> None:
    """Print a pipeline's configuration: a YAML that can be edited and passed to --config.

    With --resolved: what holds for each module after the file, the options and the models' own
    files were merged, with the origin of each value. Loads no model and touches no network.
    """
    from hpinfer.cli.pipeline_config import pipeline_document
    from hpinfer.config import Given
    from hpinfer.config.pipelines import plain
    from hpinfer.config.report import resolved_values

    given = Given(
        device=device,
        engine=engine,
        precision=precision,
        origin="command line",
        **given_hpi(options),
    )
    source = pipeline_document(pipeline, settings)
    values = resolved_values(source, given, model_hpi=_cached_model_hpi)
    if resolved:
        click.echo(_resolved_text(values, as_json=as_json))
    elif given != Given(origin="command line"):
        raise click.UsageError("the engine's options show with --resolved only")
    else:
        data = plain(source.config)
        click.echo(json_text(data) if as_json else _yaml_text(data), nl=as_json)


@config.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@verbosity_options
def validate(files: tuple[str, ...]) -> int:
    """Check pipeline YAMLs, module YAMLs and models' inference.yml files."""
    from hpinfer.config.report import describe_file

    code = ExitCode.OK
    for file in files:
        try:
            click.echo(f"{file}: ok ({describe_file(file)})")
        except HpinferError as error:
            say(f"error: {describe(error)}")
            code = max(code, code_for(error))
    return code


def _cached_model_hpi(name: str, model_dir: str | None) -> Any:  # noqa: ANN401 - ModelHPI, imported late
    """The ``Hpi`` section of a model that is on this machine; an empty one if it is not."""
    from pathlib import Path

    from hpinfer import hub
    from hpinfer.config.literals import read_yaml
    from hpinfer.config.model_hpi import ModelHPI, parse_model_hpi

    try:
        directory = hub.path(name) if model_dir is None else Path(model_dir)
        data = read_yaml(directory / "inference.yml", where=name)
    except HpinferError:
        return ModelHPI(model_name=name)
    return parse_model_hpi(data) if isinstance(data, dict) else ModelHPI(model_name=name)


def _resolved_text(values: list[ResolvedValue], *, as_json: bool) -> str:
    if as_json:
        return json_text(
            {item.full_key: {"value": item.value, "origin": item.origin} for item in values}
        )
    import itertools
    import json

    lines: list[str] = []
    for path, group in itertools.groupby(values, key=lambda item: item.path):
        rows = [
            (item.key, json.dumps(item.value, ensure_ascii=False), item.origin) for item in group
        ]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines += ["", path] if path else []
        lines += [
            f"  {key:{widths[0]}}  {value:{min(widths[1], 32)}}  {origin}"
            for key, value, origin in rows
        ]
    return "\n".join(lines)


def _yaml_text(data: dict[str, Any]) -> str:
    import yaml

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
