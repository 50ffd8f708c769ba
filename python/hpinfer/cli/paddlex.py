"""``hpinfer paddlex``: hpinfer as PaddleX's high-performance plugin."""

from __future__ import annotations

import click

from hpinfer.cli.console import verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode


@click.group(epilog=EPILOG)
def paddlex() -> None:
    """Hpinfer as the module ultra_infer, which PaddleX and PaddleOCR look for.

    The distribution hpinfer-ultra-infer does the same for requirements files; 'hpinfer doctor
    --paddlex' says whether PaddleX can use it.
    """


@paddlex.command(epilog=EPILOG)
@verbosity_options
def status() -> int:
    """Say which ultra_infer PaddleX will import.

    Exit code 4 if it is not hpinfer's.
    """
    from hpinfer.paddlex.drop_in import origin

    found = origin()
    source = f" ({found.source})" if found.source else ""
    words = {
        "hpinfer": f"hpinfer's ultra_infer is on: {found.location}{source}",
        "other": f"another ultra_infer is in use, and left alone: {found.location}{source}",
        "none": "off: there is no ultra_infer in this environment",
    }
    click.echo(words[found.kind])
    return ExitCode.OK if found.kind == "hpinfer" else ExitCode.UNAVAILABLE


@paddlex.command(epilog=EPILOG)
@verbosity_options
def enable() -> int:
    """Make hpinfer's ultra_infer importable in this environment.

    Refuses if another ultra_infer is installed.
    """
    from hpinfer.paddlex import drop_in

    found = drop_in.enable()
    click.echo(f"on, for processes that start from now on: {found.location}")
    return ExitCode.OK


@paddlex.command(epilog=EPILOG)
@verbosity_options
def disable() -> int:
    """Undo 'enable'."""
    from hpinfer.paddlex import drop_in

    click.echo("off" if drop_in.disable() else "it was not on")
    return ExitCode.OK


@paddlex.command(
    epilog=EPILOG,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def accelerate(command: tuple[str, ...]) -> int:
    """Run paddlex, paddleocr or a Python file with PaddleX's text operators replaced.

    COMMAND is what would be typed without it: 'hpinfer paddlex accelerate paddleocr ocr -i
    page.png --enable_hpi True'. Its exit code is passed on.
    """
    from hpinfer.paddlex.programs import run_accelerated

    return run_accelerated(command)
