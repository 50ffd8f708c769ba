"""Model names to files: manifest, cache, sources, verification. Nothing is fetched at import."""

from __future__ import annotations

from hpinfer.hub.manifest import ModelFormat
from hpinfer.hub.model_files import ModelFiles
from hpinfer.hub.progress import Progress, ProgressCallback
from hpinfer.hub.resolver import ModelInfo, list_models, path, pull, resolve, verify

__all__ = [
    "ModelFiles",
    "ModelFormat",
    "ModelInfo",
    "Progress",
    "ProgressCallback",
    "list_models",
    "path",
    "pull",
    "resolve",
    "verify",
]
