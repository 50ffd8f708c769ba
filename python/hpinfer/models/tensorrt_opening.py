"""Opens a model on TensorRT: ranges of shapes, the plan, and another engine beside it if asked."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, HpinferError, UnsupportedError
from hpinfer.hpi.dynamic_shapes import (
    extended,
    ranges_text,
    read_shapes,
    shapes_file,
    write_shapes,
)
from hpinfer.hpi.explanation import ArtifactUse
from hpinfer.hpi.tensorrt_plans import PlanRequest, find_plan, get_plan
from hpinfer.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hpinfer import _native
    from hpinfer.config.backends import TensorRTConfig
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.hpi.dynamic_shapes import Ranges

_log = logging.getLogger("hpinfer.hpi")

#: Ranges that an engine may have; each costs memory on the GPU and time to build.
_MAX_PROFILES = 8


@dataclass(frozen=True, slots=True)
class TensorRTTask:
    """What to open.

    Attributes:
        network: The ONNX file.
        model: Hash of its content.
        model_dir: The model's folder.
        name: The model's name.
        version: TensorRT's.
        device: ``"gpu:0"``.
        precision: Of the network.
        options: Further options of the session.
        config: ``backend_config``.
        config_source: Where its ``dynamic_shapes`` come from, in words.
        asked: Whether TensorRT was asked for by name.
    """

    network: Path
    model: str
    model_dir: Path
    name: str
    version: str
    device: str
    precision: str
    options: Mapping[str, Any]
    config: TensorRTConfig
    config_source: str
    asked: bool


@dataclass(frozen=True, slots=True)
class OpenedTensorRT:
    """A loaded model.

    Attributes:
        session: The network.
        artifact: Its plan; None while it is being built.
        notes: What it was built for, and what serves it.
    """

    session: Session
    artifact: ArtifactUse | None
    notes: tuple[str, ...]


def open_tensorrt(
    task: TensorRTTask, store: ArtifactStore, other: Callable[[], Session]
) -> OpenedTensorRT:
    """Opens a model.

    Args:
        task: What to open.
        store: Where its plans are kept.
        other: Opens it on the other engine of ``backend_config``.

    Raises:
        ConfigError: The ranges of shapes are missing or do not fit.
        ModelFormatError: TensorRT cannot read the network.
        EngineError: TensorRT cannot build it.
        UnsupportedError: It was not asked for by name, and there are no ranges of shapes.
    """
    from hpinfer._native_log import connect_native_log

    connect_native_log()
    profiles, source = _profiles(task)
    request = PlanRequest(
        network=task.network,
        model=task.model,
        version=task.version,
        device=task.device,
        precision=task.precision,
        profiles=profiles,
        engine_config=task.config.engine_config,
        label=task.name,
    )
    notes = [] if not profiles else [f"TensorRT engine for {ranges_text(profiles)}, from {source}"]
    if task.config.build == "wait" and task.config.outside_shapes == "error":
        native, artifact = _load_now(task, store, request)
        return OpenedTensorRT(Session.of_native(native, engine="tensorrt"), artifact, tuple(notes))
    return _open_routed(task, store, request, other, notes)


def _profiles(task: TensorRTTask) -> tuple[list[Ranges], str]:
    """The ranges of shapes and where they come from."""
    given = task.config.profiles
    file = shapes_file(task.model_dir, task.name)
    if given:
        return list(given), task.config_source
    if file is not None:
        return list(read_shapes(file)), str(file)
    return [], "the model, whose shapes are fixed"


def _load_now(
    task: TensorRTTask, store: ArtifactStore, request: PlanRequest
) -> tuple[_native.Session, ArtifactUse]:
    start = time.perf_counter()
    try:
        plan = get_plan(store, request)
    except ConfigError as error:
        if task.asked or request.profiles:
            raise
        # Automatic mode goes on: there are engines that take any shape.
        raise UnsupportedError(str(error)) from error
    session = _load(task, plan.path, plan.output_order)
    use = ArtifactUse(
        "compilation", str(plan.path), plan.built, time.perf_counter() - start, "TensorRT engine"
    )
    return session, use


def _load(task: TensorRTTask, plan: Path, output_order: Sequence[str]) -> _native.Session:
    # The ranges are in the plan; what the builder was told has no effect on it.
    own = {name: value for name, value in task.options.items() if name != "engine_config"}
    session = Session(
        plan,
        engine="tensorrt",
        **{
            **own,
            "device": task.device,
            "precision": task.precision,
            "output_order": list(output_order),
        },
    )
    return session.native


def _open_routed(
    task: TensorRTTask,
    store: ArtifactStore,
    request: PlanRequest,
    other: Callable[[], Session],
    notes: list[str],
) -> OpenedTensorRT:
    from hpinfer import _native

    main: _native.Session | None = None
    artifact: ArtifactUse | None = None
    if task.config.build == "wait" or find_plan(store, request) is not None:
        main, artifact = _load_now(task, store, request)
        if task.config.outside_shapes == "error":
            alone = Session.of_native(main, engine="tensorrt")
            return OpenedTensorRT(alone, artifact, tuple(notes))
    beside = other()
    builder = BackgroundBuilder(task, store, request)
    refused = None
    if task.config.outside_shapes == "new_profile":
        refused = _teller(builder)
    routed = _native.RoutedSession(
        main, beside.native, task.config.outside_shapes != "error", refused
    )
    builder.attach(routed)
    if task.config.outside_shapes != "error":
        also = ", and an engine for them is built" if refused is not None else ""
        notes.append(f"other shapes run on {beside.engine}{also}")
    if main is None:
        notes.append(f"the TensorRT engine is being built; {beside.engine} serves meanwhile")
        builder.start()
    session = Session.of_native(routed, engine="tensorrt", notes=beside.notes)
    session.background = builder
    return OpenedTensorRT(session, artifact, tuple(notes))


def _teller(builder: BackgroundBuilder) -> Callable[[list[list[int]]], None]:
    """The native session keeps it, so it must not keep the builder, which keeps the session."""
    weak = weakref.ref(builder)

    def tell(shapes: list[list[int]]) -> None:
        found = weak()
        if found is not None:
            found.refused(shapes)

    return tell


class BackgroundBuilder:
    """Builds plans in a thread of its own and puts them into a routed session.

    The thread ends with the build, with `cancel`, or with the program: TensorRT is asked to stop
    then, and what is not finished is not kept.
    """

    def __init__(self, task: TensorRTTask, store: ArtifactStore, request: PlanRequest) -> None:
        """Nothing is built yet."""
        self._task = task
        self._store = store
        self._request = request
        self._routed: _native.RoutedSession | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: list[list[list[int]]] = []
        self._extra: list[Ranges] = []
        self._cancelled = False
        self.failure: HpinferError | None = None
        self.state = ""

    def attach(self, routed: _native.RoutedSession) -> None:
        """Where finished engines go."""
        self._routed = routed

    def start(self) -> None:
        """Begins a build unless one is running; that one then goes on with what is new."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._run, name=f"tensorrt {self._task.name}")
            self._thread.start()

    def refused(self, shapes: list[list[int]]) -> None:
        """Inputs came that no range holds: one that does is built."""
        with self._lock:
            self._waiting.append(shapes)
        self.start()

    def cancel(self) -> None:
        """Asks a running build to stop."""
        self._cancelled = True

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until nothing is being built; False if the time was too short."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._lock:
                thread = self._thread
            if thread is None or not thread.is_alive():
                return True
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            thread.join(left)

    def _progress(self, phase: str, step: int, steps: int) -> bool:
        self.state = f"{phase} {step}/{steps}"
        return not self._cancelled and threading.main_thread().is_alive()

    def _run(self) -> None:
        try:
            if self._routed is not None and not self._routed.has_main:
                self._build(self._request)
            while self._take_refused():
                self._build(replace(self._request, profiles=self._all_profiles()))
                self._remember()
        except HpinferError as error:
            self.failure = error
            reason = " ".join(str(error).split())
            _log.warning("%s: no TensorRT engine: %s", self._task.name, reason)
        finally:
            self.state = ""
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _build(self, request: PlanRequest) -> None:
        plan = get_plan(self._store, request, progress=self._progress)
        native = _load(self._task, plan.path, plan.output_order)
        if self._routed is not None:
            self._routed.set_main(native)
        _log.info("%s: the TensorRT engine serves from now on", self._task.name)

    def _all_profiles(self) -> list[Ranges]:
        return [*self._request.profiles, *self._extra]

    def _take_refused(self) -> bool:
        """Makes one more range of the inputs that came meanwhile, if any did."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            if not waiting:
                self._thread = None  # in one step with the look: what comes later starts another
                return False
        if self._routed is None:
            return False
        names = [info.name for info in self._routed.inputs]
        known = self._all_profiles()
        if len(known) >= _MAX_PROFILES:
            _log.warning(
                "%s: inputs outside all %d ranges of shapes stay on the other engine; widen "
                "dynamic_shapes",
                self._task.name,
                len(known),
            )
            return False
        self._extra.append(extended(names, waiting, known))
        return True

    def _remember(self) -> None:
        """The next start builds for the new range at once, unless the ranges are configured."""
        if self._task.config.profiles:
            return
        try:
            write_shapes(
                self._task.model_dir,
                self._task.name,
                self._all_profiles(),
                source="Extended for inputs that came (outside_shapes: new_profile).",
            )
        except HpinferError as error:
            _log.info("%s: the new range is not kept: %s", self._task.name, error)
