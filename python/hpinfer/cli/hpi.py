"""The options that choose and configure the engine, in our spelling and in PaddleX's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from hpinfer.cli.console import say
from hpinfer.cli.parameters import paddlex_bool

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., Any]")

_CONFIG_HELP = (
    "auto_config, backend, backend_config …: JSON, a Python literal, or @FILE (YAML or JSON)."
)


def hpi_options(command: Command) -> Command:
    """Adds ``--use-hpip/--no-hpip`` and ``--hpi-config``; underscores and ``--enable_hpi`` too."""
    use_hpip = click.option(
        "--use-hpip/--no-hpip",
        "--use_hpip/--no_hpip",
        "use_hpip",
        default=None,
        help="The best engine for each model (default), or plain inference.",
    )
    hpi_config = click.option(
        "--hpi-config", "--hpi_config", "hpi_config", metavar="CONFIG", help=_CONFIG_HELP
    )
    return use_hpip(hpi_config(_old_options(command)))


def paddlex_hpi_options(command: Command) -> Command:
    """Adds ``--use_hpip``, ``--hpi_config``, ``--enable_hpi`` and the beta's licence options."""
    use_hpip = click.option(
        "--use_hpip",
        is_flag=True,
        default=None,
        help="The best engine for each model; this is the default.",
    )
    hpi_config = click.option("--hpi_config", metavar="CONFIG", help=_CONFIG_HELP)
    return use_hpip(hpi_config(_old_options(command)))


def _old_options(command: Command) -> Command:
    enable_hpi = click.option(
        "--enable-hpi",
        "--enable_hpi",
        "enable_hpi",
        type=paddlex_bool,
        metavar="True|False",
        hidden=True,
        help="The same as --use-hpip and --no-hpip.",
    )
    serial_number = click.option(
        "--serial_number",
        expose_value=False,
        hidden=True,
        callback=_no_licence,
        help="Has no effect: no licence is needed.",
    )
    update_license = click.option(
        "--update_license",
        is_flag=True,
        expose_value=False,
        hidden=True,
        callback=_no_licence,
        help="Has no effect: no licence is needed.",
    )
    return enable_hpi(serial_number(update_license(command)))


def _no_licence(_ctx: click.Context, param: click.Parameter, value: object) -> None:
    if value:
        from hpinfer.config.paddlex_arguments import NO_LICENCE

        say(NO_LICENCE.format(f"--{param.name}"))


def given_hpi(options: dict[str, Any]) -> dict[str, Any]:
    """Takes the options of `hpi_options` out of `options`, as arguments of ``create_pipeline``.

    Raises:
        ConfigError: They contradict each other, or ``--hpi_config`` is no mapping.
        InputNotFoundError: The file of ``--hpi_config @FILE`` does not exist.
    """
    from hpinfer.config.literals import parse_mapping
    from hpinfer.config.paddlex_arguments import one_use_hpip

    use_hpip = one_use_hpip(
        options.pop("use_hpip"), options.pop("enable_hpi"), where="command line"
    )
    text = options.pop("hpi_config")
    hpi_config = None if text is None else parse_mapping(text, where="--hpi_config")
    return {"use_hpip": use_hpip, "hpi_config": hpi_config}
