"""From a model name to a loaded session: files, configuration, choice of engine, conversion."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer import hub
from hpinfer.config.hpi import HPISettings
from hpinfer.config.inference import InferenceConfig, parse_inference_config
from hpinfer.config.model_hpi import parse_model_hpi
from hpinfer.errors import (
    CacheError,
    EngineError,
    EngineUnavailableError,
    HpinferError,
    ModelFormatError,
    UnsupportedError,
)
from hpinfer.hpi.backend_options import options_problem
from hpinfer.hpi.candidates import Candidate, CandidateSet, ModelFacts, candidates
from hpinfer.hpi.choice import Choice, by_prior, choose, needs_measuring
from hpinfer.hpi.discovery import engines
from hpinfer.hpi.explanation import Explanation
from hpinfer.hpi.family import family_of
from hpinfer.hpi.machine import this_machine
from hpinfer.hpi.records import TUNING_SCHEMA, TuningRecord
from hpinfer.hpi.tuning import QUICK_BUDGET_S, tune
from hpinfer.models.conversion import Paddle2OnnxConverter
from hpinfer.models.opening import CandidateOpener, Opened, as_texts
from hpinfer.models.retuning import tuning_request
from hpinfer.models.shape_collection import shape_collection
from hpinfer.networks import operator_types

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hpinfer.hpi.artifact_manifest import ArtifactKey
    from hpinfer.hub import ModelFiles, ModelFormat
    from hpinfer.models.opening import Converter
    from hpinfer.session import Session

_log = logging.getLogger("hpinfer.hpi")

#: What makes automatic mode go on to the next candidate. A wrong option is the user's: it is told.
_LOAD_FAILURES = (
    CacheError,
    EngineError,
    EngineUnavailableError,
    ModelFormatError,
    UnsupportedError,
)


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """A model's files and configuration; nothing is loaded yet.

    Attributes:
        files: Its files.
        config: Its parsed ``inference.yml``.
    """

    files: ModelFiles
    config: InferenceConfig


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model's configuration and its session.

    Attributes:
        name: Model name.
        config: Its ``inference.yml``.
        session: The loaded network.
        explanation: How it runs, and why.
        directory: Where the files are.
    """

    name: str
    config: InferenceConfig
    session: Session
    explanation: Explanation
    directory: Path


def locate_model(
    name: str,
    *,
    model_dir: str | os.PathLike[str] | None = None,
    settings: HPISettings | None = None,
) -> LocatedModel:
    """Finds a model's files, fetching them if they are nowhere on this machine.

    Args:
        name: Model name, e.g. ``"PP-OCRv4_mobile_det"``.
        model_dir: Its directory, or None to look in the caches and fetch it. A directory may hold
            the network as ONNX, as ``inference.pdmodel`` or as PIR ``inference.json``.
        settings: Decide which format is fetched: the one that the engine asked for reads.

    Raises:
        ModelNotFoundError: The model is unknown, or its files cannot be had.
        ModelFormatError: Its files are incomplete.
    """
    formats = _wanted_formats(settings or HPISettings())
    files = hub.resolve(name, model_dir=model_dir, formats=formats)
    return LocatedModel(files, parse_inference_config(files.config))


def load_model(
    located: LocatedModel, settings: HPISettings | None = None, **session_options: Any
) -> LoadedModel:
    """Chooses how the model runs here and loads it.

    Args:
        located: What `locate_model` found.
        settings: What was asked for; None is automatic mode on the CPU.
        **session_options: Further options of `Session`; ``backend_config`` wins over them.

    Raises:
        ConfigError: A setting is wrong or does not fit the engine asked for.
        ModelFormatError: The network is corrupted, or no usable engine reads its format.
        EngineUnavailableError: No usable engine.
        UnsupportedError: No usable engine has the device or precision asked for.
    """
    return loading_of(located, settings, **session_options).load()


def preview(
    located: LocatedModel, settings: HPISettings | None = None, **session_options: Any
) -> Choice:
    """What `load_model` would try, in order, and why; loads nothing.

    Args:
        located: What `locate_model` found.
        settings: What was asked for; None is automatic mode on the CPU.
        **session_options: Further options of `Session`.

    Raises:
        HpinferError: As `load_model`, for what can be told without loading.
    """
    return loading_of(located, settings, **session_options).choice()


def loading_of(
    located: LocatedModel, settings: HPISettings | None = None, **session_options: Any
) -> ModelLoading:
    """The single steps of `load_model`, for tools that look at every candidate."""
    # What the model's own file says comes last.
    merged = parse_model_hpi(located.config.raw).apply(settings or HPISettings())
    return ModelLoading(located, merged, session_options)


def converter() -> Converter:
    """What turns Paddle files into ONNX."""
    return Paddle2OnnxConverter()


class ModelLoading:
    """One model on its way from files to a session.

    Attributes:
        found: Its candidates.
        opener: Opens them.
    """

    def __init__(
        self, located: LocatedModel, settings: HPISettings, session_options: Mapping[str, Any]
    ) -> None:
        """Looks at the engines and the files; loads nothing."""
        self._files = located.files
        self._config = located.config
        self._settings = settings
        self._options = dict(session_options)
        self._statuses = engines()
        self.opener = CandidateOpener(
            located.files,
            settings,
            session_options,
            versions={item.name: item.version for item in self._statuses if item.usable},
            converter=converter(),
            config=located.config.raw,
        )
        self._model = self._facts()
        self.found = self._candidates()

    def choice(self) -> Choice:
        """What would be tried, in order."""
        return choose(self._model, self.found, self._settings, record=self._record())

    def prior_choice(self) -> Choice:
        """What would be tried if nothing had been measured."""
        return choose(self._model, self.found, self._settings)

    def load(self) -> LoadedModel:
        """Loads the first candidate that can be."""
        start = time.perf_counter()
        choice = self.choice()
        failures: dict[str, str] = {}
        candidate, opened = self._open_first(choice, failures)
        collection = shape_collection()
        if collection is not None:
            collection.watch(self._files, opened.session)
        explanation = Explanation(
            model=self._files.name,
            chosen=candidate,
            source=choice.source,
            reason=choice.reason if not failures else f"the next in order; {choice.reason}",
            device=self._settings.device,
            rejected=self._rejected(choice),
            fallbacks=failures,
            timings_ms=choice.timings_ms,
            agreements=choice.agreements,
            assumptions=choice.assumptions,
            notes=(*self._settings.notes, *opened.notes),
            artifacts=opened.artifacts,
            threads=opened.session.options.num_threads,
            load_seconds=round(time.perf_counter() - start, 3),
            origins=dict(self._settings.origins),
        )
        _log.debug("%s", explanation)
        return LoadedModel(
            self._files.name, self._config, opened.session, explanation, self._files.directory
        )

    def _rejected(self, choice: Choice) -> dict[str, str]:
        stale = self.opener.stale_onnx
        return {**choice.rejected, **({} if stale is None else {"inference.onnx": stale})}

    def _facts(self) -> ModelFacts:
        paths = self.opener.paths
        return ModelFacts(
            name=self._files.name,
            formats=tuple(paths),
            family=family_of(self._config),
            conversion=self.opener.conversion(),
            operators=lambda name: operator_types(paths[name], name),
        )

    def _candidates(self) -> CandidateSet:
        return candidates(
            self._model,
            self._statuses,
            self._settings,
            reduced_precisions=this_machine().reduced_precisions,
            options_problem=options_problem,
        )

    def _open_first(self, choice: Choice, failures: dict[str, str]) -> tuple[Candidate, Opened]:
        """The first candidate that loads; the reasons of those before it go to `failures`."""
        errors: list[HpinferError] = []
        for candidate in choice.ranked:
            try:
                return candidate, self.opener.open(candidate)
            except _LOAD_FAILURES as error:
                reason = " ".join(str(error).split())
                failures[candidate.label] = reason
                errors.append(error)
                _log.info("%s: %s cannot be used: %s", self._files.name, candidate.label, reason)
        if len(errors) == 1:
            raise errors[0]
        raise _nothing_loaded(self._files.name, failures, errors)

    def _record(self) -> TuningRecord | None:
        """What was measured here, measured now if that was asked for."""
        if not needs_measuring(self.found, self._settings):
            return None
        request = tuning_request()
        ranked = self._contenders()
        if len(ranked) < 2:
            return None
        key = self._tuning_key(ranked)
        stored = None if request is not None else self._stored_record(key)
        if stored is not None or (request is None and self._settings.hpi.tune == "off"):
            return stored
        asked_budget = None if request is None else request.budget_s
        try:
            record = tune(
                ranked,
                lambda candidate: self.opener.open(candidate).session,
                self._config,
                self._model.family,
                streams=int(self._options.get("num_streams") or 1),
                budget_s=QUICK_BUDGET_S if asked_budget is None else asked_budget,
            )
        except EngineUnavailableError:  # loading will say what is wrong, candidate by candidate
            return None
        if request is not None:
            request.records[self._files.name] = record
        self._keep_record(key, record)
        return record

    def _contenders(self) -> list[Candidate]:
        """What to measure, the likeliest first.

        Where an engine reads the model's own file, its detour through a conversion comes last: it
        is the same network, and a few percent faster or slower.
        """
        usable = [
            item
            for item in self.found.usable
            # Building an engine takes minutes: nobody waits for that who did not ask for it.
            if item.engine != "tensorrt" or self._settings.hpi.backend == "tensorrt"
        ]
        direct = {(item.engine, item.precision) for item in usable if item.converter is None}
        asked = [
            item
            for item in by_prior(self._model, usable, self._settings)
            if self._settings.hpi.backend in (None, item.engine)
        ]
        return sorted(
            asked,
            key=lambda item: item.converter is not None and (item.engine, item.precision) in direct,
        )

    def _tuning_key(self, ranked: Sequence[Candidate]) -> ArtifactKey:
        from importlib.metadata import version

        from hpinfer.hpi.artifact_keys import this_cpu, tuning_key

        machine = this_machine()
        own = {k: v for k, v in self._settings.hpi.backend_config.items() if k != "precision"}
        return tuning_key(
            model=self.opener.model_hash,
            hpinfer_version=version("hpinfer"),
            engines={item.name: item.version for item in self._statuses if item.usable},
            device=self._settings.device,
            identity=this_cpu(),
            num_threads=machine.threads,
            options={
                "schema": TUNING_SCHEMA,
                "flags": sorted(machine.flags),
                # What may be chosen: formats, converters, precisions, the backend asked for.
                "candidates": [candidate.label for candidate in ranked],
                "backend_config": as_texts(own),
                "session": as_texts(self._options),
            },
        )

    def _stored_record(self, key: ArtifactKey) -> TuningRecord | None:
        try:
            return TuningRecord.from_json(self.opener.store.get_json(key))
        except CacheError as error:
            _log.info("%s: no tuning record is read: %s", self._files.name, error)
            return None

    def _keep_record(self, key: ArtifactKey, record: TuningRecord) -> None:
        try:
            self.opener.store.put_json(key, record.to_json())
        except CacheError as error:
            _log.warning("%s: the tuning record is not kept: %s", self._files.name, error)


def _wanted_formats(settings: HPISettings) -> tuple[ModelFormat, ...]:
    if settings.use_hpip is not False:
        return ("paddle",) if settings.hpi.backend == "paddle" else ("onnx", "paddle")
    return ("paddle", "onnx") if _usable("paddle") else ("onnx", "paddle")


def _usable(engine: str) -> bool:
    return any(status.usable for status in engines() if status.name == engine)


def _nothing_loaded(
    name: str, failures: Mapping[str, str], errors: list[HpinferError]
) -> HpinferError:
    tried = "; ".join(f"{label}: {reason}" for label, reason in failures.items())
    unreadable = next((error for error in errors if isinstance(error, ModelFormatError)), None)
    kind = type(unreadable or errors[0])
    error = kind(f"{name} could not be loaded by any engine: {tried}")
    error.__cause__ = errors[0]
    return error
