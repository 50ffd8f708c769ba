"""Chooses how a model runs: what was asked for, else measured, else known, else its family's rule.

A choice is an order: its head is taken, the rest is what automatic mode falls back on when the head
cannot be loaded. Manual mode and plain inference have nothing to fall back on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from hpinfer.errors import (
    ConfigError,
    EngineUnavailableError,
    HpinferError,
    ModelFormatError,
    UnsupportedError,
)
from hpinfer.hpi.candidates import Rejection, asked_precision, device_kind
from hpinfer.hpi.prior import preference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.config.hpi import BackendName, HPISettings
    from hpinfer.hpi.candidates import Candidate, CandidateSet, ModelFacts
    from hpinfer.hpi.records import TuningRecord

ChoiceSource: TypeAlias = Literal["asked", "measured", "prior", "rule", "plain"]

#: Two measured times closer than this, or than their own uncertainty, are the same to us: prior
#: knowledge then decides, so that noise does not move the choice. Well inside the 5 % that a choice
#: may be slower than the best.
_TIE = 0.02


@dataclass(frozen=True, slots=True)
class Choice:
    """Candidates to try in order, and why in this order.

    Attributes:
        ranked: The first is the choice; the others are tried only if it cannot be loaded.
        source: What decided.
        reason: One sentence.
        rejected: Engine or candidate label to the reason, for what is out.
        assumptions: What had to be taken for granted.
        timings_ms: Measured milliseconds by candidate label.
        agreements: How the results of each compare with the reference's, by candidate label.
    """

    ranked: tuple[Candidate, ...]
    source: ChoiceSource
    reason: str
    rejected: Mapping[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    agreements: Mapping[str, str] = field(default_factory=dict)


def choose(
    model: ModelFacts,
    found: CandidateSet,
    settings: HPISettings,
    *,
    record: TuningRecord | None = None,
) -> Choice:
    """Orders the candidates of a model.

    Args:
        model: The model.
        found: What `candidates` found for it.
        settings: What was asked for.
        record: What was measured here, if anything was.

    Raises:
        ConfigError: Manual mode without a backend.
        EngineUnavailableError: The engine asked for, or every engine, is missing here.
        ModelFormatError: No usable engine takes the model's files.
        UnsupportedError: No usable engine computes in the precision asked for.
    """
    if settings.use_hpip is False:
        return _plain(model, found, settings)
    if not settings.hpi.auto_config:
        return _manual(model, found, settings)
    return _automatic(model, found, settings, record)


def needs_measuring(found: CandidateSet, settings: HPISettings) -> bool:
    """Whether there is anything to measure: automatic mode with more than one candidate."""
    automatic = settings.use_hpip is not False and settings.hpi.auto_config
    return automatic and len(_asked_for(found.usable, settings)) > 1


def by_prior(
    model: ModelFacts, usable: Sequence[Candidate], settings: HPISettings
) -> tuple[Candidate, ...]:
    """Candidates in the order of prior knowledge; each engine's routes keep their order."""
    order = preference(model.name, model.family, device=device_kind(settings.device)).order
    wished = settings.preferred_backend  # of the model's own file
    return tuple(sorted(usable, key=lambda item: (item.engine != wished, order.index(item.engine))))


def _plain(model: ModelFacts, found: CandidateSet, settings: HPISettings) -> Choice:
    everything = (*found.usable, *found.faulty)
    if settings.hpi.backend is not None:
        return _plain_on(settings.hpi.backend, model, found)
    taken = next((item for item in everything if item.engine == "paddle"), None)
    reason = "use_hpip is False: Paddle Inference on the model's own files"
    if taken is None:
        reason = "use_hpip is False: ONNX Runtime on the model's own ONNX file"
        taken = next(
            (i for i in everything if i.engine == "onnxruntime" and i.converter is None), None
        )
    if taken is None:
        converts = Rejection("the model has no ONNX file, and nothing is converted", "format")
        rejected = {name: found.rejected.get(name, converts) for name in ("paddle", "onnxruntime")}
        raise _refusal(model, rejected, "use_hpip=False takes the files as they are")
    return Choice((taken,), "plain", reason)


def _plain_on(backend: BackendName, model: ModelFacts, found: CandidateSet) -> Choice:
    """Plain inference on an engine that was asked for: a named one is never replaced."""
    for candidate in (*found.usable, *found.faulty):
        if candidate.engine == backend and candidate.converter is None:
            return Choice(
                (candidate,), "plain", f"use_hpip is False: {backend} on the model's own files"
            )
    converts = Rejection(
        "it does not read the model's own files, and nothing is converted", "format"
    )
    rejected: dict[str, Rejection] = {backend: found.rejected.get(backend, converts)}
    raise _refusal(model, rejected, f"engine {backend} was asked for with use_hpip=False")


def _manual(model: ModelFacts, found: CandidateSet, settings: HPISettings) -> Choice:
    backend = settings.hpi.backend
    if backend is None:
        raise ConfigError(
            "hpi_config: auto_config is False, so the backend must be named: add "
            "backend: openvino, onnxruntime or paddle"
        )
    for candidate in (*found.usable, *found.faulty):
        if candidate.engine == backend:
            return Choice((candidate,), "asked", f"backend {backend}, in manual mode")
    raise _refusal(model, {backend: found.rejected[backend]}, f"backend {backend} was asked for")


def _automatic(
    model: ModelFacts, found: CandidateSet, settings: HPISettings, record: TuningRecord | None
) -> Choice:
    backend = settings.hpi.backend
    asked = _asked_for(found.usable, settings)
    rejected = {
        name: rejection
        for name, rejection in found.rejected.items()
        if backend is None or name.split()[0] == backend
    }
    if not asked:
        raise _refusal(
            model, rejected, None if backend is None else f"backend {backend} was asked for"
        )
    reasons = {name: rejection.reason for name, rejection in rejected.items()}
    measured = _measured(model, asked, settings, record)
    if measured is not None:
        return _with_reasons(measured, reasons, backend)
    known = preference(
        model.name, model.family, device=device_kind(settings.device), versions=found.versions
    )
    ranked = _unmeasured(by_prior(model, asked, settings), settings)
    assumptions = known.assumptions
    if ranked[0].engine in known.unlisted:
        assumptions = (
            *assumptions,
            f"the lists do not name {ranked[0].engine} for {model.name}; nothing else is usable",
        )
    reason = known.reason
    if ranked[0].engine == settings.preferred_backend:
        reason = f"selected by {settings.origins.get('preferred_backend', 'the model')}"
    choice = Choice(ranked, known.source, reason, {}, assumptions)
    return _with_reasons(choice, reasons, backend)


def _asked_for(usable: Sequence[Candidate], settings: HPISettings) -> list[Candidate]:
    backend = settings.hpi.backend
    return [item for item in usable if backend is None or item.engine == backend]


def _unmeasured(ranked: Sequence[Candidate], settings: HPISettings) -> tuple[Candidate, ...]:
    """Without a measurement a lower precision is taken only if it was asked for by name."""
    if asked_precision(settings) != "auto":
        return tuple(ranked)
    return tuple(item for item in ranked if item.precision == "fp32")


def _measured(
    model: ModelFacts,
    asked: Sequence[Candidate],
    settings: HPISettings,
    record: TuningRecord | None,
) -> Choice | None:
    if record is None:
        return None
    times = record.times()
    timed = [item for item in asked if item.label in times]
    if not timed:
        return None
    refused = record.refused()
    order = by_prior(model, asked, settings)
    best = min(timed, key=lambda item: times[item.label])
    head = next(item for item in order if item in timed and _as_fast(item, best, record))
    rest = sorted((i for i in timed if i is not head), key=lambda item: times[item.label])
    untimed = [i for i in order if i not in timed and i.label not in refused]
    return Choice(
        (head, *rest, *_unmeasured(untimed, settings)),
        "measured",
        _measured_reason(times[head.label], [times[item.label] for item in rest], record),
        {item.label: why for item in asked if (why := record.reasons().get(item.label))},
        timings_ms={item.label: times[item.label] for item in (head, *rest)},
        agreements={item.label: item.agreement for item in record.measurements if item.agreement},
    )


def _as_fast(item: Candidate, best: Candidate, record: TuningRecord) -> bool:
    """Whether the measurement cannot tell a candidate from the best one."""
    off = max(record.uncertainty(item.label), record.uncertainty(best.label), _TIE)
    times = record.times()
    return times[item.label] <= times[best.label] * (1 + off)


def _measured_reason(best: float, others: Sequence[float], record: TuningRecord) -> str:
    when = f" ({record.created[:10]})" if record.created else ""
    if not others:
        return f"the only one that could be measured{when}"
    ratio = min(others) / best
    if ratio < 1 + _TIE:
        told = "as fast as" if ratio * (1 + _TIE) >= 1 else "too few or uneven rounds tell it from"
        return f"{told} the next ({ratio:.2f} times its time), and the usual one{when}"
    return f"the next takes {ratio:.2f} times as long{when}"


def _with_reasons(choice: Choice, reasons: Mapping[str, str], backend: str | None) -> Choice:
    several = len(choice.ranked) > 1
    return Choice(
        choice.ranked,
        choice.source if backend is None else "asked",
        choice.reason
        if backend is None
        else f"backend {backend}"
        + (f"; of its ways to run it, {choice.reason}" if several else ""),
        {**reasons, **choice.rejected},
        choice.assumptions if backend is None else (),
        choice.timings_ms,
        choice.agreements,
    )


def _refusal(
    model: ModelFacts, rejected: Mapping[str, Rejection], context: str | None
) -> HpinferError:
    tried = "; ".join(f"{name}: {rejection.reason}" for name, rejection in rejected.items())
    kinds = {rejection.kind for rejection in rejected.values()}
    asked = f" ({context})" if context else ""
    if kinds == {"options"} and len(rejected) == 1:
        return ConfigError(next(iter(rejected.values())).reason)
    if "precision" in kinds:
        return UnsupportedError(
            f"no usable engine runs {model.name} in the precision asked for{asked}: {tried}"
        )
    if kinds & {"format", "fault"}:
        return ModelFormatError(f"no usable engine reads {model.name}{asked}: {tried}")
    if "options" in kinds:
        return ConfigError(f"backend_config fits no usable engine{asked}: {tried}")
    if set(rejected) == {"om"}:  # no package brings it
        raise_as = UnsupportedError if kinds == {"device"} else EngineUnavailableError
        return raise_as(f"{model.name} cannot run on om{asked}: {rejected['om'].reason}")
    extra = "paddle" if set(rejected) == {"paddle"} else "cpu"
    return EngineUnavailableError(
        f"no usable engine for {model.name}{asked}; install one with: "
        f"pip install 'hpinfer[{extra}]' (tried {tried})"
    )
