"""``hpinfer cache``: what was converted, compiled or measured here, and removing it."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode
from hpinfer.cli.output import json_text

if TYPE_CHECKING:
    from hpinfer.hpi.artifact_inventory import Damage
    from hpinfer.hpi.artifact_root import Entry

_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group(epilog=EPILOG)
def cache() -> None:
    """List, verify and clear converted models, compiled engines and measurements.

    They lie in .cache/hpinfer of the model's folder, or in the user's cache if that folder cannot
    be written. Fetched models are not touched: see 'hpinfer models'.
    """


@cache.command("list")
@_JSON
@verbosity_options
def list_(as_json: bool) -> None:
    """List what is kept, the last used first."""
    from hpinfer.hpi.artifact_inventory import list_artifacts

    entries = list_artifacts()
    if as_json:
        click.echo(json_text([_entry_dict(entry) for entry in entries]))
        return
    header = ("KIND", "MODEL", "SIZE", "LAST USED", "ENGINE", "FOLDER")
    rows = [header, *(_entry_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
    total = sum(entry.size for entry in entries)
    click.echo(f"{len(entries)} artifacts, {_megabytes(total)}")


@cache.command()
@click.argument("what", metavar="[KIND|MODEL]...", nargs=-1)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@verbosity_options
def clear(what: tuple[str, ...], yes: bool) -> int:
    """Remove what is kept: all, or kinds and models.

    Artifacts are made again when they are needed. What a process is making now stays.
    """
    from hpinfer.hpi.artifact_inventory import list_artifacts, remove_artifacts, select_artifacts

    chosen = select_artifacts(list_artifacts(), what)
    size = _megabytes(sum(entry.size for entry in chosen))
    if chosen and not yes and not _confirmed(f"Remove {len(chosen)} artifacts ({size})?"):
        say("nothing was removed")
        return ExitCode.FAILURE
    removed, kept = remove_artifacts(chosen)
    for entry in kept:
        say(f"error: {entry.folder} stays: it is being made now, or it cannot be written")
    freed = _megabytes(sum(entry.size for entry in removed))
    click.echo(f"{len(removed)} artifacts removed, {freed} freed")
    return ExitCode.FAILURE if kept else ExitCode.OK


@cache.command()
@click.option("--fix", is_flag=True, help="Remove what is damaged.")
@_JSON
@verbosity_options
def verify(fix: bool, as_json: bool) -> int:
    """Compare every file with its SHA-256.

    What killed processes left behind is found as well.

    Exit code 4 if something is damaged and not removed. Damaged artifacts are never used in any
    case: they are made again when they are needed.
    """
    from hpinfer.hpi.artifact_inventory import find_damage

    checked, found = find_damage(fix=fix)
    left = [damage for damage in found if not damage.removed]
    if as_json:
        click.echo(json_text([_damage_dict(damage) for damage in found]))
    else:
        for damage in found:
            state = "removed" if damage.removed else "damaged"
            click.echo(f"{damage.path}: {state}: {damage.problem}")
        click.echo(f"{checked} artifacts checked, {len(found)} damaged")
    return ExitCode.UNAVAILABLE if left else ExitCode.OK


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _confirmed(question: str) -> bool:
    if not _is_terminal():
        raise click.UsageError("give --yes: there is no terminal to ask on")
    return click.confirm(question, err=True)


def _entry_dict(entry: Entry) -> dict[str, Any]:
    manifest = entry.manifest
    return {
        "kind": entry.kind,
        "model": manifest.model if manifest else None,
        "digest": entry.digest,
        "path": str(entry.folder),
        "size": entry.size,
        "last_used": _time(entry.last_used).isoformat(timespec="seconds"),
        "created": manifest.created if manifest else None,
        "build_seconds": manifest.build_seconds if manifest else None,
        "layout": manifest.layout if manifest else None,
        "hpinfer": manifest.hpinfer if manifest else None,
        "fields": manifest.key.fields if manifest else None,
        "problem": entry.problem or None,
    }


def _entry_row(entry: Entry) -> tuple[str, ...]:
    used = _time(entry.last_used).astimezone().strftime("%Y-%m-%d %H:%M")
    if entry.manifest is None:
        return entry.kind, "-", _megabytes(entry.size), used, "damaged", str(entry.folder)
    fields = entry.manifest.key.fields
    words = [
        str(fields[name])
        for name in ("engine", "converter", "engine_version", "converter_version", "precision")
        if isinstance(fields.get(name), str)
    ]
    engine = " ".join(words) or "-"
    model = entry.manifest.model or "-"
    return entry.kind, model, _megabytes(entry.size), used, engine, str(entry.folder)


def _damage_dict(damage: Damage) -> dict[str, Any]:
    return {
        "path": str(damage.path),
        "problem": damage.problem,
        "removed": damage.removed,
    }


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
