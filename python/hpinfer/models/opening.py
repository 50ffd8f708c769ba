"""Opens one candidate: converts the files if it needs that, and keeps what the engine compiles."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from hpinfer.errors import (
    ConversionError,
    HpinferError,
    InternalError,
    ModelFormatError,
)
from hpinfer.hpi.backend_options import backend_options
from hpinfer.hpi.candidates import Conversion
from hpinfer.hpi.explanation import ArtifactUse
from hpinfer.hpi.machine import this_machine
from hpinfer.models.openvino_opening import open_openvino
from hpinfer.models.optimized_graph import open_optimized, pays
from hpinfer.networks import REWRITING, read_onnx_external_files
from hpinfer.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hpinfer.config.hpi import HPISettings
    from hpinfer.hpi.artifact_manifest import ArtifactKey
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.hpi.candidates import Candidate
    from hpinfer.hub import ModelFiles
    from hpinfer.models.openvino_opening import OpenedOpenVINO
    from hpinfer.models.tensorrt_opening import OpenedTensorRT, TensorRTTask
    from hpinfer.networks import NetworkFormat


class Converted(Protocol):
    """What a conversion gives."""

    @property
    def path(self) -> Path:
        """The ONNX file, only to be read."""

    @property
    def converter(self) -> str:
        """What made it."""

    @property
    def checks(self) -> tuple[str, ...]:
        """What was verified, in words."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be verified, or is doubtful."""

    @property
    def built(self) -> bool:
        """Whether it was made now, not found."""


class Converter(Protocol):
    """Turns Paddle files into ONNX."""

    def offer(self, files: ModelFiles) -> Conversion:
        """What would convert these files here, or why nothing would; cheap."""

    def stale_onnx(self, files: ModelFiles) -> str | None:
        """Why the model's ONNX file is not that of its Paddle files any more; None if it is good.

        Only a file that was made by an earlier conversion can be stale, never the user's own.
        """

    def convert(self, files: ModelFiles, store: ArtifactStore) -> Converted:
        """Converts them, or finds the product of an earlier conversion.

        Raises:
            ConversionError: They cannot be converted, or not correctly.
        """


@dataclass(frozen=True, slots=True)
class Opened:
    """A loaded candidate.

    Attributes:
        session: The network.
        artifacts: What was converted or compiled for it.
        notes: What the conversion or the engine had to say.
    """

    session: Session
    artifacts: tuple[ArtifactUse, ...]
    notes: tuple[str, ...] = ()


class CandidateOpener:
    """Opens the candidates of one model under one set of settings."""

    def __init__(
        self,
        files: ModelFiles,
        settings: HPISettings,
        session_options: Mapping[str, Any],
        *,
        versions: Mapping[str, str],
        converter: Converter,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            files: The model.
            settings: Device, precision, options of the engine.
            session_options: What the pipeline asks of the session; ``backend_config`` wins.
            versions: Version of each usable engine.
            converter: What converts Paddle files.
            config: The model's parsed ``inference.yml``.
        """
        self._config = dict(config or {})
        self._files = files
        self._settings = settings
        self._session_options = dict(session_options)
        self._versions = versions
        self._converter = converter
        self._conversion: tuple[Converted, float] | ConversionError | None = None

    @cached_property
    def store(self) -> ArtifactStore:
        """Where what is made from the model is kept."""
        from hpinfer.hpi.artifacts import ArtifactStore

        return ArtifactStore.for_model(self._files.directory)

    @cached_property
    def model_hash(self) -> str:
        """Hash of all network files of the model."""
        from hpinfer.hpi.artifacts import content_hash

        paths = network_paths(self._files)
        weights = () if self._files.pdiparams is None else (self._files.pdiparams,)
        onnx_weights = with_weights(paths["onnx"])[1:] if "onnx" in paths else ()
        return content_hash([*paths.values(), *weights, *onnx_weights])

    @cached_property
    def stale_onnx(self) -> str | None:
        """Why the model's ONNX file must not be used; None if it may, or there is none."""
        several = self._files.onnx is not None and self._files.pdiparams is not None
        return self._converter.stale_onnx(self._files) if several else None

    @cached_property
    def paths(self) -> dict[NetworkFormat, Path]:
        """The network file of each format that may be used."""
        paths = network_paths(self._files)
        if self.stale_onnx is not None:
            paths.pop("onnx")
        return paths

    def conversion(self) -> Conversion:
        """Whether the Paddle files can become ONNX here."""
        if self._files.pdiparams is None:
            return Conversion()
        return self._converter.offer(self._files)

    def open(self, candidate: Candidate) -> Opened:
        """Loads a candidate.

        Raises:
            ConfigError: An option that its engine does not have.
            ConversionError: The files cannot be converted.
            ModelFormatError: The engine cannot read the network.
            EngineError: The engine failed.
            UnsupportedError: The engine or the processor cannot do what was asked.
        """
        network = self.paths[candidate.model_format]
        artifacts: list[ArtifactUse] = []
        notes: list[str] = []
        if candidate.converter is not None:
            converted, seconds = self._convert()
            network = converted.path
            artifacts.append(_conversion_use(converted, seconds))
            notes += converted.warnings
        options = self._options(candidate)
        if candidate.engine == "tensorrt":
            opened = self._open_tensorrt(candidate, network, options)
            artifacts += [] if opened.artifact is None else [opened.artifact]
            return Opened(opened.session, tuple(artifacts), (*notes, *opened.notes))
        if candidate.engine == "openvino" and "cache_dir" not in options:
            compiled = self._open_compiled(candidate, network, options)
            session = compiled.session
            artifacts += [] if compiled.artifact is None else [compiled.artifact]
            notes += compiled.notes
        elif candidate.engine == "onnxruntime" and self._settings.use_hpip is not False:
            session, use = self._open_optimized(candidate, network, options)
            artifacts += [] if use is None else [use]
        else:
            session = Session(network, engine=candidate.engine, **options)
        return Opened(session, tuple(artifacts), (*notes, *session.notes))

    def _convert(self) -> tuple[Converted, float]:
        """The conversion and its seconds, tried once however many candidates start from it."""
        if self._conversion is None:
            start = time.perf_counter()
            try:
                converted = self._converter.convert(self._files, self.store)
                self._conversion = converted, time.perf_counter() - start
            except ConversionError as error:
                self._conversion = error
        if isinstance(self._conversion, ConversionError):
            raise self._conversion
        return self._conversion

    def _options(self, candidate: Candidate) -> dict[str, Any]:
        return {
            **self._session_options,
            **backend_options(candidate.engine, self._settings),
            "device": self._settings.device,
            "precision": candidate.precision,
        }

    def _open_tensorrt(
        self, candidate: Candidate, network: Path, options: Mapping[str, Any]
    ) -> OpenedTensorRT:
        from hpinfer.config.backends import TensorRTConfig
        from hpinfer.config.model_hpi import parse_model_hpi
        from hpinfer.hpi.artifacts import content_hash
        from hpinfer.models.tensorrt_opening import TensorRTTask, open_tensorrt

        own = self._settings.hpi.options_for("tensorrt")
        model_hpi = parse_model_hpi(self._config)
        filled = model_hpi.fill("tensorrt", own, device=self._settings.device)
        if not isinstance(filled, TensorRTConfig):  # for the type checker: fill keeps the type
            raise InternalError("the options of tensorrt are of another backend")
        given = "dynamic_shapes" in own.model_fields_set
        key = "hpi_config.backend_config.dynamic_shapes"
        origin = self._settings.origins.get(key, "backend_config") if given else model_hpi.origin
        device = self._settings.device
        task = TensorRTTask(
            network=network,
            model=content_hash(with_weights(network)),
            model_dir=self._files.directory,
            name=self._files.name,
            version=self._versions.get("tensorrt", ""),
            device=device if ":" in device else f"{device}:0",
            precision=candidate.precision,
            options=options,
            config=filled,
            config_source=origin,
            asked=self._settings.hpi.backend == "tensorrt",
        )
        return open_tensorrt(task, self.store, lambda: self._other_engine(task, network))

    def _other_engine(self, task: TensorRTTask, network: Path) -> Session:
        """What serves beside TensorRT: on the same GPU if that engine has one, else on the CPU."""
        engine = task.config.other_engine
        kept = ("num_threads", "num_streams")
        own = {name: self._session_options[name] for name in kept if name in self._session_options}
        if engine == "onnxruntime":
            with contextlib.suppress(HpinferError):
                return Session(network, engine=engine, device=task.device, **own)
        return Session(network, engine=engine, **own)

    def _open_compiled(
        self, candidate: Candidate, network: Path, options: Mapping[str, Any]
    ) -> OpenedOpenVINO:
        rewrite = self._settings.use_hpip is not False
        key = self._blob_key(candidate, options, rewrite=rewrite)
        return open_openvino(network, options, store=self.store, key=key, rewrite=rewrite)

    def _open_optimized(
        self, candidate: Candidate, network: Path, options: Mapping[str, Any]
    ) -> tuple[Session, ArtifactUse | None]:
        """A session of ONNX Runtime, which starts 1.1 to 3 times faster from what it rewrote."""
        files = with_weights(network)
        if not pays(files, options):
            return Session(network, engine=candidate.engine, **options), None
        key = self._graph_key(candidate, files, options)
        return open_optimized(network, options, store=self.store, key=key)

    def _blob_key(
        self, candidate: Candidate, options: Mapping[str, Any], *, rewrite: bool
    ) -> ArtifactKey:
        from hpinfer.hpi.artifact_keys import openvino_blob_key, this_cpu

        machine = this_machine()
        return openvino_blob_key(
            model=self.model_hash,
            engine_version=self._versions.get(candidate.engine, ""),
            device="CPU",
            identity=this_cpu(),
            precision=candidate.precision,
            num_threads=int(options.get("num_threads") or machine.threads),
            options={
                "route": candidate.label,
                "rewriting": REWRITING if rewrite else 0,
                "flags": sorted(machine.flags),
                "session": as_texts(options),
            },
        )

    def _graph_key(
        self, candidate: Candidate, files: Sequence[Path], options: Mapping[str, Any]
    ) -> ArtifactKey:
        from hpinfer.hpi.artifact_keys import onnxruntime_graph_key, this_cpu
        from hpinfer.hpi.artifacts import content_hash

        return onnxruntime_graph_key(
            model=content_hash(files),
            engine_version=self._versions.get(candidate.engine, ""),
            providers=("CPUExecutionProvider",),
            device=this_cpu(),
            precision=candidate.precision,
            optimization=str(options.get("graph_optimization") or "all"),
            options={"flags": sorted(this_machine().flags), "session": as_texts(options)},
        )


def with_weights(onnx: Path) -> tuple[Path, ...]:
    """An ONNX file and the files that hold its weights, as far as they exist."""
    try:
        external = read_onnx_external_files(onnx)
    except ModelFormatError:  # the engine says it better
        external = ()
    return (onnx, *(file for file in external if file.is_file()))


def as_texts(options: Mapping[str, Any]) -> dict[str, str]:
    """Options as part of a key, whatever their types; those that are None are left out."""
    return {name: str(value) for name, value in sorted(options.items()) if value is not None}


def network_paths(files: ModelFiles) -> dict[NetworkFormat, Path]:
    """The network file of each format that the model has completely."""
    paths: dict[NetworkFormat, Path] = {}
    if files.onnx is not None:
        paths["onnx"] = files.onnx
    if files.pdiparams is not None and files.pdmodel is not None:
        paths["pdmodel"] = files.pdmodel
    if files.pdiparams is not None and files.program_json is not None:
        paths["pir"] = files.program_json
    if files.om is not None:
        paths["om"] = files.om
    return paths


def _conversion_use(converted: Converted, seconds: float) -> ArtifactUse:
    detail = "; ".join((converted.converter, *converted.checks))
    return ArtifactUse("conversion", str(converted.path), converted.built, seconds, detail)
