"""The official hosting, through huggingface_hub when that is installed."""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING, Any

from hpinfer.errors import HpinferError
from hpinfer.hub.assembly import record_delivered
from hpinfer.hub.model_files import KNOWN_FILES, formats_in, open_directory
from hpinfer.hub.sources import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.hub.manifest import ModelEntry, ModelFormat

_OWNER = "PaddlePaddle"


def repository(name: str, model_format: ModelFormat, entry: ModelEntry | None) -> str | None:
    """Return the repository of a model, None when the official hosting is known to have none."""
    if entry is not None:
        return entry.huggingface.get(model_format)
    return f"{_OWNER}/{name}_onnx" if model_format == "onnx" else f"{_OWNER}/{name}"


def download_repository(repo: str, staged: Path, *, name: str, model_format: ModelFormat) -> None:
    """Fill an empty directory from a repository, pinned to the commit that is current now.

    Args:
        repo: ``owner/name``.
        staged: The directory to fill, not yet visible to others.
        name: The model that the repository must hold.
        model_format: The format that must be there.

    Raises:
        SourceError: huggingface_hub is missing, or the download failed or is another model.
    """
    try:
        hub: Any = importlib.import_module("huggingface_hub")
    except ImportError:
        raise SourceError("the package huggingface_hub is not installed") from None
    try:
        commit = hub.HfApi().model_info(repo).sha
        hub.snapshot_download(
            repo, revision=commit, allow_patterns=list(KNOWN_FILES), local_dir=str(staged)
        )
    except Exception as error:  # the library and its transports raise many unrelated types
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SourceError(first_line[:300]) from None
    shutil.rmtree(staged / ".cache", ignore_errors=True)
    try:
        open_directory(staged, name=name)
    except HpinferError as error:
        raise SourceError(str(error).replace(str(staged), repo)) from None
    if model_format not in formats_in(staged):
        raise SourceError(f"{repo} has no {model_format} files")
    record_delivered(staged, name=name, source=f"huggingface {repo}@{commit}")
