"""``hpinfer doctor``."""

from __future__ import annotations

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode
from hpinfer.cli.output import json_text


@click.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--paddlex", is_flag=True, help="What PaddleX will do here, and how to fix it.")
@verbosity_options
def doctor(as_json: bool, paddlex: bool) -> int:
    """Report what hpinfer finds on this machine; touches no network.

    Exit code 4 if no engine is usable; with --paddlex, if PaddleX cannot run on hpinfer.
    """
    from hpinfer.doctor import report
    from hpinfer.paddlex.environment import examine

    found = examine() if paddlex else report()
    click.echo(json_text(found.to_dict()) if as_json else found.render())
    return ExitCode.OK if found.healthy else ExitCode.UNAVAILABLE
