"""What hpinfer finds on this machine, to paste into a bug report. No network is touched."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer._tiny_model import tiny_add_model, tiny_add_program
from hpinfer.errors import HpinferError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hpinfer.hpi.discovery import EngineStatus

_LIBRARIES = ("numpy", "pillow", "pypdfium2", "pydantic", "onnxruntime", "openvino", "paddlepaddle")
_OPENCV = "opencv-"
_ONNXRUNTIME = "onnxruntime"
_ULTRA_INFER = "ultra-infer"


@dataclass(frozen=True, slots=True)
class CpuReport:
    """The processor.

    Attributes:
        name: Brand string.
        isas: Kernel variants that it can run, slowest first.
        active_isa: The variant in use.
    """

    name: str
    isas: tuple[str, ...]
    active_isa: str


@dataclass(frozen=True, slots=True)
class ThreadReport:
    """The thread budget and its origin.

    Attributes:
        threads: Threads that will be used.
        affinity: Processors that this process may run on.
        cgroup_quota: Processors granted by the container, None if unlimited.
        forced: ``HPINFER_NUM_THREADS``, None if unset.
    """

    threads: int
    affinity: int
    cgroup_quota: float | None
    forced: int | None


@dataclass(frozen=True, slots=True)
class EngineReport:
    """One engine.

    Attributes:
        name: Engine name.
        usable: Whether it loads and passes the self-test.
        version: Its own version.
        library: Path of the loaded library.
        devices: Its devices or execution providers.
        reason: Why it is not usable, in the loader's or the engine's words.
        self_test_ms: Milliseconds that loading and running a tiny model took; None if not run.
    """

    name: str
    usable: bool
    version: str = ""
    library: str = ""
    devices: tuple[str, ...] = ()
    reason: str = ""
    self_test_ms: float | None = None


@dataclass(frozen=True, slots=True)
class CacheReport:
    """The model cache.

    Attributes:
        directory: Where it is.
        size: Bytes in it.
        free: Bytes free on its disk, None if unknown.
        offline: Whether ``HPINFER_OFFLINE`` keeps hpinfer from the network.
    """

    directory: str
    size: int
    free: int | None
    offline: bool


@dataclass(frozen=True, slots=True)
class ModelReport:
    """How a default model of the OCR pipeline would run here; nothing is loaded to find out.

    Attributes:
        name: Model name.
        expected: The candidate that automatic mode would take; empty if unknown.
        source: What decides: ``"measured"``, ``"prior"`` or ``"rule"``; empty if unknown.
        reason: Why, or why it is unknown.
        timings_ms: Measured milliseconds by candidate, if it was tuned.
        agreements: How the results of each measured candidate compare with the reference's.
        assumptions: What had to be taken for granted.
        rejected: Engine or candidate to the reason why it is out.
    """

    name: str
    expected: str = ""
    source: str = ""
    reason: str = ""
    timings_ms: dict[str, float] = field(default_factory=dict)
    agreements: dict[str, str] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    rejected: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Everything that `report` found.

    Attributes:
        version: Of hpinfer.
        location: Folder of the package.
        python: Version and implementation.
        platform: Operating system and architecture.
        cpu: The processor, None if the native module is missing.
        threads: The thread budget, None if the native module is missing.
        engines: Every engine that this build can talk to.
        cache: The model cache, None if its settings are wrong.
        models: How the default models of the OCR pipeline would run.
        libraries: Version of each installed library that matters.
        problems: What is wrong or will cause trouble, one sentence each.
    """

    version: str
    location: str
    python: str
    platform: str
    cpu: CpuReport | None = None
    threads: ThreadReport | None = None
    engines: tuple[EngineReport, ...] = ()
    cache: CacheReport | None = None
    models: tuple[ModelReport, ...] = ()
    libraries: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether at least one engine is usable."""
        return any(engine.usable for engine in self.engines)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        return {**asdict(self), "healthy": self.healthy}

    def render(self) -> str:
        """Everything as text for people."""
        from hpinfer._doctor_text import render_report

        return render_report(self)


def report() -> DoctorReport:
    """Looks at everything. A part that cannot be read becomes a problem, never an error."""
    problems: list[str] = []
    installed = _installed_distributions()
    cpu, threads, engines = _native_parts(problems)
    cache = _cache(problems)
    problems.extend(_conflicts(installed))
    problems.extend(_engine_problems(engines))
    return DoctorReport(
        version=installed.get("hpinfer", "unknown (not installed)"),
        location=str(Path(__file__).parent),
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        platform=platform.platform(),
        cpu=cpu,
        threads=threads,
        engines=engines,
        cache=cache,
        models=() if threads is None else _models(threads.threads),
        libraries=_libraries(installed),
        problems=tuple(problems),
    )


def _installed_distributions() -> dict[str, str]:
    """Version of each installed distribution by its normalised name."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions(path=_search_path()):
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(name.lower().replace("_", "-"), distribution.version)
    return found


def _search_path() -> list[str]:
    return list(sys.path)


def _native_parts(
    problems: list[str],
) -> tuple[CpuReport | None, ThreadReport | None, tuple[EngineReport, ...]]:
    try:
        from hpinfer import _native

        cpu, threads = _native.cpu_info(), _native.thread_info()
    except (ImportError, HpinferError) as error:
        problems.append(f"the native module does not work: {_one_line(error)}")
        return None, None, ()
    from hpinfer.hpi.discovery import engines

    return (
        CpuReport(cpu["name"], tuple(cpu["isas"]), cpu["active_isa"]),
        ThreadReport(
            threads=threads["threads"],
            affinity=threads["affinity"],
            cgroup_quota=threads["cgroup_quota"],
            forced=threads["forced"],
        ),
        tuple(_engine(status) for status in engines()),
    )


def _engine(status: EngineStatus) -> EngineReport:
    milliseconds, reason = None, status.reason
    if status.usable:
        milliseconds, reason = _self_test(status.name)
    return EngineReport(
        name=status.name,
        usable=status.usable and not reason,
        version=status.version,
        library=status.library,
        devices=status.devices,
        reason=reason,
        self_test_ms=milliseconds,
    )


def _self_test(engine: str) -> tuple[float | None, str]:
    """Milliseconds, and what went wrong."""
    import numpy as np

    from hpinfer.session import Session

    if engine == "om":  # nothing here compiles a model for it; loading AscendCL is what is tried
        return None, ""
    addend = (0.5, -1.0, 2.0, 4.0)
    given = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    start = time.perf_counter()
    try:
        model = tiny_add_program(addend) if engine == "paddle" else tiny_add_model(addend)
        device = "gpu" if engine == "tensorrt" else "cpu"
        session = Session(model, engine=engine, device=device, num_threads=1)
        (got,) = session.run({"x": given})
    except HpinferError as error:
        return None, f"self-test failed: {_one_line(error)}"
    expected = given + np.array(addend, np.float32)
    if not np.array_equal(got, expected):
        return None, f"self-test failed: expected {expected.tolist()}, got {got.tolist()}"
    return round((time.perf_counter() - start) * 1000, 1), ""


def _models(threads: int) -> tuple[ModelReport, ...]:
    # The pipeline recognises many lines at once and detects one page at a time.
    streams = {"PP-OCRv4_mobile_det": {}, "PP-OCRv4_mobile_rec": {"num_streams": threads}}
    return tuple(_model(name, options) for name, options in streams.items())


def _model(name: str, options: dict[str, int]) -> ModelReport:
    from hpinfer import hub
    from hpinfer.config.inference import parse_inference_config
    from hpinfer.models.loading import LocatedModel, preview

    try:
        files = hub.resolve(name, offline=True)
        located = LocatedModel(files, parse_inference_config(files.config))
        choice = preview(located, None, **options)
    except HpinferError as error:
        missing = isinstance(error, FileNotFoundError)
        return ModelReport(name, reason="not on this machine" if missing else _one_line(error))
    return ModelReport(
        name,
        choice.ranked[0].label,
        choice.source,
        choice.reason,
        dict(choice.timings_ms),
        dict(choice.agreements),
        choice.assumptions,
        dict(choice.rejected),
    )


def _cache(problems: list[str]) -> CacheReport | None:
    try:
        from hpinfer._settings import Settings

        settings = Settings.from_env()
    except HpinferError as error:
        problems.append(_one_line(error))
        return None
    directory = Path(settings.cache_dir)
    return CacheReport(
        directory=str(directory),
        size=_size_of(directory),
        free=_free_space(directory),
        offline=settings.offline,
    )


def _size_of(directory: Path) -> int:
    total = 0
    for root, _, files in os.walk(directory):
        for name in files:
            try:
                total += Path(root, name).lstat().st_size
            except OSError:  # removed meanwhile by another process
                continue
    return total


def _free_space(directory: Path) -> int | None:
    existing = next((p for p in (directory, *directory.parents) if p.is_dir()), None)
    try:
        return None if existing is None else shutil.disk_usage(existing).free
    except OSError:
        return None


def _libraries(installed: dict[str, str]) -> dict[str, str]:
    return {
        name: version
        for name, version in sorted(installed.items())
        if name in _LIBRARIES or name.startswith((_OPENCV, _ONNXRUNTIME + "-", _ULTRA_INFER))
    }


def _conflicts(installed: dict[str, str]) -> list[str]:
    opencv = [name for name in sorted(installed) if name.startswith(_OPENCV)]
    runtimes = [name for name in sorted(installed) if (name + "-").startswith(_ONNXRUNTIME + "-")]
    ultra = [name for name in sorted(installed) if name.startswith(_ULTRA_INFER)]
    found = []
    if len(opencv) > 1:
        found.append(f"{_listing(opencv)} overwrite each other's cv2: keep one of them")
    if len(runtimes) > 1:
        found.append(
            f"{_listing(runtimes)} overwrite each other's files: uninstall all, install one"
        )
    if ultra:
        found.append(f"{_listing(ultra)} is installed: PaddleX uses it, hpinfer does not need it")
    return found


def _engine_problems(engines: Iterable[EngineReport]) -> list[str]:
    reports = list(engines)
    if any(engine.usable for engine in reports):
        return []
    return ["no engine is usable: pip install onnxruntime, or openvino, or 'hpinfer[cpu]'"]


def _listing(names: list[str]) -> str:
    return " and ".join(names)


def _one_line(error: BaseException) -> str:
    return "; ".join(part.strip() for part in str(error).splitlines() if part.strip())
