"""The command line. Each subcommand is a module of its own, imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> None:
    """Runs the command line and exits the process.

    Args:
        args: Arguments without the program name; None takes those of the process.
    """
    from hpinfer.cli.root import root

    root.main(None if args is None else list(args), prog_name="hpinfer")
