"""``hpinfer run``: a single model from PaddleX's module YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from hpinfer.cli.console import say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.output import PaddleXPrinter, Saver
from hpinfer.cli.prediction import read_inputs, run_prediction
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from hpinfer.cli.prediction import Pipeline
    from hpinfer.config.module_run import ModuleRun


@click.command(epilog=EPILOG)
@click.option(
    "-c",
    "--config",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    required=True,
    help="Module YAML, as PaddleX ships it.",
)
@click.option(
    "-o",
    "--override",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Set a key, e.g. Predict.input=a.png or Global.device=cpu; may be repeated.",
)
@click.option("--explain", is_flag=True, help="Say first how the model runs, and why.")
@verbosity_options
def run(file: str, overrides: tuple[str, ...], explain: bool) -> int:
    """Predict with a single model, in the way of PaddleX's main.py.

    Global.model, device and output and everything under Predict are obeyed; the sections for
    training are read over. Results are printed and saved to Global.output.
    """
    import hpinfer
    from hpinfer.config.module_run import load_module_run

    wanted = load_module_run(file, overrides)
    for message in wanted.messages:
        say(message)
    inputs = _inputs(wanted.input)
    saver = None if wanted.output is None else Saver(wanted.output, None)
    given = wanted.given
    model = hpinfer.create_model(
        wanted.model_name,
        model_dir=wanted.model_dir,
        device=_device(wanted),
        engine=given.engine,
        use_hpip=given.use_hpip,
        hpi_config=cast("dict[str, Any] | None", given.hpi_config),
    )
    if explain:
        click.echo(str(model.explain()), err=True)
    return run_prediction(
        cast("Pipeline", model), inputs, dict(wanted.params), PaddleXPrinter(), saver
    )


def _inputs(value: object) -> list[str | bytes]:
    if isinstance(value, str) and value:
        return read_inputs([value])
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return read_inputs(value)
    raise ConfigError(f"Predict.input must be a path or URL, or a list of them; got {value!r}")


def _device(wanted: ModuleRun) -> str | None:
    """The file's device, or the CPU if it is a GPU that nobody asked for and nothing can use."""
    from hpinfer.hpi import engines

    device = wanted.given.device
    if device is None or not device.startswith("gpu") or wanted.device_asked:
        return device
    if any("CUDAExecutionProvider" in status.devices for status in engines()):
        return device
    say(f"device {device!r} of the file: no engine here uses a GPU; taking the CPU")
    return "cpu"
