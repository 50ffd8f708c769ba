"""``hpinfer models``: what is known, what is here, whether it is intact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from hpinfer.cli.console import ProgressLine, say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode, code_for
from hpinfer.cli.failures import describe
from hpinfer.cli.output import json_text
from hpinfer.errors import HpinferError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpinfer.hub import ModelInfo, Progress

Command = TypeVar("Command", bound="Callable[..., Any]")

_NAMES = click.argument("names", metavar="[NAME]...", nargs=-1)
_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group(epilog=EPILOG)
def models() -> None:
    """List, fetch and verify models."""


@models.command("list")
@_JSON
@verbosity_options
def list_(as_json: bool) -> None:
    """List the known models and whether they are on this machine."""
    from hpinfer import hub

    known = hub.list_models()
    if as_json:
        click.echo(json_text([_info_dict(info) for info in known]))
        return
    header = ("NAME", "TASK", "SIZE", "CACHED", "LICENCE")
    rows = [header, *(_info_row(info) for info in known)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@models.command()
@_NAMES
@click.option("--all", "every", is_flag=True, help="Fetch every known model.")
@click.option("--force", is_flag=True, help="Fetch again what is already here.")
@_JSON
@verbosity_options
def pull(names: tuple[str, ...], every: bool, force: bool, as_json: bool) -> int:
    """Fetch models into the cache, so that they work without a network."""
    from hpinfer import hub

    def fetch(name: str) -> dict[str, Any]:
        with ProgressLine() as line:
            files = hub.pull(name, force=force, progress=lambda step: line.show(_step_text(step)))
        return {"name": name, "path": str(files.directory)}

    return _for_each(_selected(names, every), fetch, as_json=as_json)


@models.command()
@_NAMES
@click.option("--all", "every", is_flag=True, help="Verify every cached model.")
@_JSON
@verbosity_options
def verify(names: tuple[str, ...], every: bool, as_json: bool) -> int:
    """Compare the files of cached models with their SHA-256."""
    from hpinfer import hub

    def check(name: str) -> dict[str, Any]:
        return {"name": name, "ok": True, "sha256": hub.verify(name)}

    return _for_each(_selected(names, every, cached_only=True), check, as_json=as_json)


@models.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_JSON
@verbosity_options
def path(names: tuple[str, ...], as_json: bool) -> int:
    """Show the directories of cached models."""
    from hpinfer import hub

    def find(name: str) -> dict[str, Any]:
        return {"name": name, "path": str(hub.path(name))}

    return _for_each(list(names), find, as_json=as_json)


def _selected(names: tuple[str, ...], every: bool, *, cached_only: bool = False) -> list[str]:
    from hpinfer import hub

    if bool(names) == every:
        raise click.UsageError("give either the names of models or --all")
    if names:
        return list(dict.fromkeys(names))
    return [info.name for info in hub.list_models() if info.cached or not cached_only]


def _for_each(names: list[str], action: Callable[[str], dict[str, Any]], *, as_json: bool) -> int:
    """Runs `action` on each name; failures are reported and the rest goes on."""
    done: list[dict[str, Any]] = []
    code = ExitCode.OK
    for name in names:
        try:
            outcome = action(name)
        except HpinferError as error:
            say(f"error: {describe(error)}")
            outcome = {"name": name, "error": describe(error)}
            code = max(code, code_for(error))
        done.append(outcome)
        if not as_json and "error" not in outcome:
            click.echo(outcome.get("path", f"{name}: ok"))
    if as_json:
        click.echo(json_text(done))
    return code


def _step_text(step: Progress) -> str:
    part = f" {100 * step.done // step.total}%" if step.total else ""
    return f"{step.model}: {step.stage} {step.detail}{part}"


def _info_dict(info: ModelInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "task": info.task,
        "licence": info.licence,
        "formats": list(info.formats),
        "size": info.size,
        "cached": list(info.cached),
    }


def _info_row(info: ModelInfo) -> tuple[str, ...]:
    cached = ", ".join(info.cached) or "-"
    return info.name, info.task, f"{info.size / 1e6:.1f} MB", cached, info.licence
