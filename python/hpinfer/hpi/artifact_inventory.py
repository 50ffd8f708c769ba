"""All artifacts of this user: what there is, what is damaged, and removing some of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import InvalidInputError
from hpinfer.hpi.artifact_manifest import KINDS
from hpinfer.hpi.artifact_places import known_roots
from hpinfer.hpi.artifact_root import ArtifactRoot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hpinfer.hpi.artifact_root import Entry


@dataclass(frozen=True, slots=True)
class Damage:
    """Something below a root that must not be used.

    Attributes:
        root: The root.
        path: The artifact, or the work folder that a killed process left.
        problem: What is wrong with it.
        removed: Whether it has been removed.
    """

    root: Path
    path: Path
    problem: str
    removed: bool = False


def list_artifacts(roots: Iterable[Path] | None = None) -> list[Entry]:
    """Every artifact, the one used last first; the contents of files are not read.

    Args:
        roots: Where to look; None takes every root that hpinfer has written for this user.
    """
    entries = [
        entry
        for root in (known_roots() if roots is None else roots)
        for entry in ArtifactRoot(root).entries()
    ]
    return sorted(entries, key=lambda entry: entry.last_used, reverse=True)


def select_artifacts(entries: Iterable[Entry], wanted: Iterable[str]) -> list[Entry]:
    """The artifacts of the kinds and models named.

    Args:
        entries: What to choose from.
        wanted: Kinds and names of models; none at all selects everything.

    Raises:
        InvalidInputError: A word is neither a kind nor a model that has artifacts.
    """
    entries, words = list(entries), list(wanted)
    models = {model_of(entry) for entry in entries} - {""}
    for word in words:
        if word not in KINDS and word not in models:
            known = ", ".join((*KINDS, *sorted(models)))
            raise InvalidInputError(
                f"{word!r} is neither a kind of artifact nor a model that has some: {known}"
            )
    if not words:
        return entries
    return [entry for entry in entries if entry.kind in words or model_of(entry) in words]


def model_of(entry: Entry) -> str:
    """Name of the model that an artifact belongs to; empty if unknown."""
    return entry.manifest.model if entry.manifest is not None else ""


def remove_artifacts(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Remove artifacts; those that a process is making now or that are read-only stay.

    Returns:
        What was removed, and what was not.
    """
    removed: list[Entry] = []
    kept: list[Entry] = []
    for entry in entries:
        gone = ArtifactRoot(entry.folder.parent.parent).try_remove(entry.folder)
        (removed if gone else kept).append(entry)
    return removed, kept


def find_damage(
    *, fix: bool = False, roots: Iterable[Path] | None = None
) -> tuple[int, list[Damage]]:
    """Read every file of every artifact and compare it with its manifest.

    What a process is making now is left out.

    Args:
        fix: Remove what is damaged and what killed processes left.
        roots: Where to look; None takes every root that hpinfer has written for this user.

    Returns:
        Number of artifacts looked at; damaged and foreign ones among them, and leftovers of killed
        processes.
    """
    checked, found = 0, []
    for path in known_roots() if roots is None else roots:
        root = ArtifactRoot(path)
        for entry in root.entries(fresh=True, hashes=True):
            checked += 1
            if entry.problem and not root.is_locked(entry.digest):
                removed = fix and root.try_remove(entry.folder)
                found.append(Damage(path, entry.folder, entry.problem, removed))
        for folder in root.leftovers():
            if fix:
                shutil.rmtree(folder, ignore_errors=True)
            problem = "left by a process that ended while it was building"
            found.append(Damage(path, folder, problem, fix and not folder.exists()))
    return checked, found
