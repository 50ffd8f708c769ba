"""The ``hpinfer`` command: its subcommands, loaded on demand, and its exit codes."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import logging_restored
from hpinfer.cli.exit_codes import EPILOG, ExitCode
from hpinfer.cli.failures import report_failure

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

#: Subcommands that run a pipeline; cli/pipeline_commands.py describes them.
_PIPELINE_COMMANDS = {
    "ocr": "Read the text of pictures and documents.",
    "classify": "Name what pictures show.",
    "detect": "Find objects in pictures, or the parts of pages.",
    "segment": "Give each pixel of pictures its class.",
    "instances": "Find objects in pictures and the pixels of each.",
    "table": "Find tables in pictures and documents, and read them.",
    "layout": "Read documents part by part, in reading order.",
    "seal": "Read the curved text of seals.",
    "formula": "Read formulas as LaTeX.",
    "doc": "Turn pages upright and flatten curved ones.",
}
#: The other subcommands; the command is in the module of its name.
_COMMANDS = {
    "chat": "Have a language model find values in documents.",
    "run": "Predict with a single model, from PaddleX's module YAML.",
    "config": "Show and check configurations.",
    "bench": "Measure how fast a pipeline or model is here.",
    "tune": "Measure which engine is fastest for a model here.",
    "convert": "Convert a Paddle model to ONNX.",
    "models": "List, fetch and verify models.",
    "cache": "List, verify and clear converted models and compiled engines.",
    "install": "Install the packages of a plugin with pip.",
    "paddlex": "hpinfer as PaddleX's high-performance plugin: on, off, status.",
    "doctor": "Report what hpinfer finds on this machine.",
}
#: Subcommands that the help does not list.
_HIDDEN_COMMANDS = ("paddlex_arguments", "paddle2onnx")


class RootGroup(click.Group):
    """Imports a subcommand when it is called, and maps every failure to one line and a code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the listed subcommands."""
        return [*_PIPELINE_COMMANDS, *_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now."""
        if cmd_name in _PIPELINE_COMMANDS:
            from hpinfer.cli.pipeline_commands import command_named

            return command_named(cmd_name, summary=_PIPELINE_COMMANDS[cmd_name])
        if cmd_name not in _COMMANDS and cmd_name not in _HIDDEN_COMMANDS:
            return None
        module = importlib.import_module(f"hpinfer.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([*_PIPELINE_COMMANDS.items(), *_COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Sends PaddleX's spelling (options only) to the commands that understand it."""
        installation = _install_arguments(args)
        if installation is not None:
            args = ["install", *installation]
        elif args and args[0].startswith("--") and "--paddle2onnx" in args:
            args = ["paddle2onnx", *args]
        elif _is_paddlex_spelling(args):
            args = ["paddlex_arguments", *args]
        return super().parse_args(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:  # noqa: ANN401 - as in click
        """Runs the command; in standalone mode ends the process with an `ExitCode`."""
        with logging_restored():
            if not standalone_mode:
                return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            _accept_any_text(sys.stdout)
            _accept_any_text(sys.stderr)
            code = self._run(args, prog_name, complete_var, extra)
        sys.exit(code)

    def _run(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: MutableMapping[str, Any],
    ) -> int:
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            return _output_closed()
        except Exception as error:  # every failure ends here as one line and a code
            return report_failure(error)
        return code if isinstance(code, int) else ExitCode.OK


def _install_arguments(args: Sequence[str]) -> list[str] | None:
    """The arguments of ``hpinfer install`` in ``hpinfer --install NAME …``, None if it is not."""
    if not args or not args[0].startswith("-"):
        return None
    for index, arg in enumerate(args):
        option, equals, value = arg.partition("=")
        if option == "--install":
            return [*args[:index], *([value] if equals else []), *args[index + 1 :]]
    return None


def _is_paddlex_spelling(args: Sequence[str]) -> bool:
    """True if an option comes first and ``--pipeline`` or ``--input`` is among them."""
    if not args or not args[0].startswith("--"):
        return False
    return any(arg.partition("=")[0] in ("--pipeline", "--input") for arg in args)


def _output_closed() -> int:
    # The reader of our output has gone (`| head`); the interpreter must not complain at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILURE


def _accept_any_text(stream: Any) -> None:  # noqa: ANN401 - any text stream, also a test's
    """Makes text that the terminal's encoding lacks come out escaped instead of as an error."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from hpinfer import __version__

        click.echo(f"hpinfer {__version__}")
        ctx.exit()


@click.group(
    cls=RootGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def root() -> None:
    """Fast, dependable inference for PaddlePaddle and ONNX vision and document models.

    PaddleX's spelling works as well: hpinfer --pipeline OCR --input page.png --save_path out, and
    hpinfer --install hpi-cpu

    Completion: eval "$(_HPINFER_COMPLETE=bash_source hpinfer)" (bash; zsh_source and fish_source
    for the other shells).
    """
