"""Why a model runs as it does: chosen, rejected, measured, assumed, built."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpinfer.config.hpi import BackendName, PrecisionName
    from hpinfer.hpi.candidates import Candidate
    from hpinfer.hpi.choice import ChoiceSource

_SOURCES = {
    "asked": "asked for",
    "measured": "measured on this machine",
    "prior": "prior knowledge of this model",
    "rule": "rule of the model's family",
    "plain": "plain inference",
}
_LABEL_WIDTH = 11


@dataclass(frozen=True, slots=True)
class ArtifactUse:
    """Something made from the model's files for an engine, and kept.

    Attributes:
        kind: ``"conversion"`` or ``"compilation"``.
        path: Where it is.
        built: Whether it was made now (True) or was there (False).
        seconds: What making it or looking it up took.
        detail: Who made it and what was checked, in words.
    """

    kind: str
    path: str
    built: bool
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a model runs here, and why. ``str()`` is for people, `to_dict` for programs.

    Attributes:
        model: Model name.
        chosen: The candidate that was loaded.
        source: What decided: ``"asked"``, ``"measured"``, ``"prior"``, ``"rule"`` or ``"plain"``.
        reason: One sentence.
        device: Device of the model.
        rejected: Engine or candidate label to the reason.
        fallbacks: Label of each better candidate that could not be loaded, to the reason.
        timings_ms: Measured milliseconds by candidate label.
        agreements: How the results of each measured candidate compare with the reference's.
        assumptions: What had to be taken for granted.
        notes: What the conversion or the engine had to say.
        artifacts: What was converted or compiled.
        threads: Threads of the session.
        load_seconds: What loading took, everything included.
        origins: Setting to where its value came from; what is not there is a default.
    """

    model: str
    chosen: Candidate
    source: ChoiceSource
    reason: str
    device: str = "cpu"
    rejected: Mapping[str, str] = field(default_factory=dict)
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    agreements: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    artifacts: tuple[ArtifactUse, ...] = ()
    threads: int = 0
    load_seconds: float = 0.0
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def engine(self) -> BackendName:
        """Name of the engine that runs the model."""
        return self.chosen.engine

    @property
    def precision(self) -> PrecisionName:
        """Precision of the network."""
        return self.chosen.precision

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        data = asdict(self)
        data["chosen"] = {**asdict(self.chosen), "label": self.chosen.label}
        for name in ("rejected", "fallbacks", "timings_ms", "agreements", "origins"):
            data[name] = dict(getattr(self, name))
        for name in ("assumptions", "notes", "artifacts"):
            data[name] = list(data[name])
        return data

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.model}: {self.chosen.label} on {self.device}"
        yield from _entry("why", [f"{_SOURCES[self.source]}: {self.reason}"])
        yield from _entry("measured", self._timing_rows())
        yield from _entry("could not", _aligned(self.fallbacks))
        yield from _entry("rejected", _aligned(self.rejected))
        yield from _entry("assumed", self.assumptions)
        yield from _entry("note", self.notes)
        for artifact in self.artifacts:
            yield from _entry(artifact.kind, [_artifact_text(artifact)])
        yield from _entry("loaded", [f"in {self.load_seconds:.2f} s, {self.threads} threads"])
        yield from _entry("settings", _aligned(self.origins))

    def _timing_rows(self) -> list[str]:
        width = max((len(name) for name in self.timings_ms), default=0)
        rows = []
        for name, value in sorted(self.timings_ms.items(), key=lambda item: item[1]):
            mark = "chosen" if name == self.chosen.label else ""
            agreement = self.agreements.get(name, "")
            rows.append(f"{name:<{width}} {value:9.2f} ms  {mark:<6}  {agreement}".rstrip())
        return rows


@dataclass(frozen=True, slots=True)
class PipelineExplanation:
    """How every model of a pipeline runs, and why.

    Attributes:
        models: One explanation a model, in the order of loading.
    """

    models: tuple[Explanation, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        return {"models": [model.to_dict() for model in self.models]}

    def __str__(self) -> str:
        return "\n\n".join(str(model) for model in self.models)


def _entry(label: str, rows: list[str] | tuple[str, ...]) -> Iterator[str]:
    for index, row in enumerate(rows):
        yield f"  {label if index == 0 else '':<{_LABEL_WIDTH}} {row}"


def _aligned(pairs: Mapping[str, str]) -> list[str]:
    width = max((len(name) for name in pairs), default=0)
    return [f"{name:<{width}}  {' '.join(text.split())}" for name, text in pairs.items()]


def _artifact_text(artifact: ArtifactUse) -> str:
    how = "made" if artifact.built else "reused"
    detail = f" ({artifact.detail})" if artifact.detail else ""
    return f"{how} in {artifact.seconds:.2f} s{detail}: {artifact.path}"
