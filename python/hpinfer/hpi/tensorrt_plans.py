"""TensorRT plans: built once, kept in the artifact cache, never served for anything else."""

from __future__ import annotations

import json
import logging
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpinfer.errors import CacheError
from hpinfer.hpi.artifact_keys import (
    GpuIdentity,
    ShapeProfile,
    tensorrt_engine_key,
    tensorrt_timing_key,
)
from hpinfer.hpi.discovery import library_candidates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hpinfer import _native
    from hpinfer.hpi.artifact_manifest import ArtifactKey
    from hpinfer.hpi.artifacts import Artifact, ArtifactStore
    from hpinfer.hpi.dynamic_shapes import Ranges

    Progress = Callable[[str, int, int], bool | None]

_log = logging.getLogger("hpinfer.hpi")

_PLAN, _FACTS, _TIMING = "engine.plan", "engine.json", "timing.cache"
#: Other processes wait this long for one that builds; building takes minutes.
_WAIT_S = 3600.0
#: Seconds between two lines of progress in the log.
_REPORT_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan is built from.

    Attributes:
        network: The ONNX file.
        model: Hash of its content.
        version: TensorRT's.
        device: ``"gpu:0"``.
        precision: ``"fp32"``, ``"fp16"`` or ``"bf16"``.
        profiles: Ranges of shapes.
        engine_config: The native engine's own keys.
        label: Whose it is, for the log.
    """

    network: Path
    model: str
    version: str
    device: str
    precision: str
    profiles: Sequence[Ranges]
    engine_config: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    def key(self) -> ArtifactKey:
        """What the plan depends on."""
        return tensorrt_engine_key(
            model=self.model,
            engine_version=self.version,
            device=gpu_identity(self.device),
            precision=self.precision,
            profiles=[_as_profile(ranges) for ranges in self.profiles],
            options=dict(sorted(self.engine_config.items())),
        )

    def native_options(self) -> _native.SessionOptions:
        """As options of the native engine."""
        from hpinfer import _native

        options = _native.SessionOptions()
        options.device = self.device
        options.precision = _native.Precision.__members__[self.precision]
        options.profiles = [
            {name: [list(shape) for shape in shapes] for name, shapes in ranges.items()}
            for ranges in self.profiles
        ]
        options.engine_config = dict(self.engine_config)
        return options


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan in the cache.

    Attributes:
        path: The file.
        output_order: Names of the outputs in graph order.
        built: Whether it was built now.
        seconds: What building it took, now or then.
    """

    path: Path
    output_order: tuple[str, ...]
    built: bool
    seconds: float


def gpu_identity(device: str) -> GpuIdentity:
    """What plans depend on, of a GPU.

    Raises:
        EngineError: CUDA cannot tell.
    """
    from hpinfer import _native

    facts = _native.device_identity("tensorrt", library_candidates("tensorrt"), device)
    return GpuIdentity(**facts)


def find_plan(store: ArtifactStore, request: PlanRequest) -> Plan | None:
    """The plan, if it was built before."""
    artifact = store.find(request.key())
    return None if artifact is None else _plan(artifact)


def get_plan(
    store: ArtifactStore, request: PlanRequest, *, progress: Progress | None = None
) -> Plan:
    """The plan, built now if there is none.

    Args:
        store: The model's artifacts.
        request: What to build.
        progress: Called with phase, step and number of steps; False cancels.

    Raises:
        ConfigError: The ranges do not fit the model.
        ModelFormatError: TensorRT cannot read it; the message names the node.
        EngineError: TensorRT cannot build it; the message holds its words.
        CancelledError: `progress` said so.
        CacheError: Nothing can be kept, or another process did not finish in time.
    """

    def build(folder: Path) -> None:
        _build(folder, request, progress)

    return _plan(store.get_or_build(request.key(), build, timeout_s=_WAIT_S))


def _build(folder: Path, request: PlanRequest, progress: Progress | None) -> None:
    from hpinfer import _native

    _log.info("%s: building the TensorRT engine, which may take minutes", request.label)
    start = time.perf_counter()
    timing_key = tensorrt_timing_key(
        engine_version=request.version, device=gpu_identity(request.device)
    )
    known = _read_timing(timing_key)
    plan, timing, outputs = _native.compile_model(
        "tensorrt",
        library_candidates("tensorrt"),
        request.network,
        None,
        request.native_options(),
        known or None,
        _Reporting(request.label, progress),
    )
    (folder / _PLAN).write_bytes(plan)
    (folder / _FACTS).write_text(json.dumps({"outputs": outputs}), encoding="utf-8")
    _log.info("%s: TensorRT engine built in %.1f s", request.label, time.perf_counter() - start)
    if timing and timing != known:
        _write_timing(timing_key, timing)


class _Reporting:
    """Progress to the log every few seconds, and to the caller always."""

    def __init__(self, label: str, progress: Progress | None) -> None:
        self._label = label
        self._progress = progress
        self._last = time.monotonic()

    def __call__(self, phase: str, step: int, steps: int) -> bool:
        now = time.monotonic()
        if now - self._last >= _REPORT_EVERY_S:
            self._last = now
            share = f"{100 * step // steps} % of " if steps else ""
            _log.info("%s: TensorRT is at %s%r", self._label, share, phase)
        return self._progress is None or self._progress(phase, step, steps) is not False


def _plan(artifact: Artifact) -> Plan:
    facts = json.loads((artifact.path / _FACTS).read_text(encoding="utf-8"))
    return Plan(
        artifact.path / _PLAN, tuple(facts["outputs"]), artifact.built, round(artifact.seconds, 3)
    )


def _as_profile(ranges: Ranges) -> dict[str, ShapeProfile]:
    return {
        name: ShapeProfile(*(tuple(int(side) for side in shape) for shape in shapes))
        for name, shapes in sorted(ranges.items())
    }


def _timing_store() -> ArtifactStore:
    """Measurements of layers belong to the GPU, not to a model."""
    from hpinfer.hpi.artifact_places import user_root
    from hpinfer.hpi.artifacts import ArtifactStore

    return ArtifactStore([user_root()], model="TensorRT")


def _read_timing(key: ArtifactKey) -> bytes:
    try:
        with _timing_store().directory_for(key, timeout_s=5.0) as folder:
            file = None if folder is None else folder / _TIMING
            return file.read_bytes() if file is not None and file.is_file() else b""
    except (CacheError, OSError) as error:
        _log.debug("no timing cache is read: %s", error)
        return b""


def _write_timing(key: ArtifactKey, timing: bytes) -> None:
    """The newest wins: two builds at once measure the same layers."""
    try:
        with _timing_store().directory_for(key, timeout_s=5.0) as folder:
            if folder is None:
                return
            temporary = folder / f"{uuid.uuid4().hex}.tmp"
            temporary.write_bytes(timing)
            temporary.replace(folder / _TIMING)
    except (CacheError, OSError) as error:
        _log.info("TensorRT's timing cache is not kept: %s", error)
