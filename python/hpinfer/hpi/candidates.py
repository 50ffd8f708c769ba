"""What could run a model here: engine, file format, converter and precision together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from hpinfer.config.hpi import BackendName
from hpinfer.errors import ConfigError
from hpinfer.hpi.devices import single_devices
from hpinfer.hpi.engine_faults import known_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hpinfer.config.hpi import HPISettings, PrecisionName
    from hpinfer.hpi.discovery import EngineStatus
    from hpinfer.hpi.family import Family
    from hpinfer.networks import NetworkFormat

RejectionKind: TypeAlias = Literal["engine", "device", "format", "precision", "fault", "options"]

#: Formats that each engine reads, preferred first. OpenVINO's Paddle reader takes networks that
#: its ONNX reader does not, hence the order.
_READABLE: dict[str, tuple[NetworkFormat, ...]] = {
    "openvino": ("pdmodel", "onnx"),
    "onnxruntime": ("onnx",),
    "tensorrt": ("onnx",),
    "paddle": ("pdmodel", "pir"),
    "om": ("om",),
}
_PADDLE_FORMATS: tuple[NetworkFormat, ...] = ("pdmodel", "pir")
#: Engines that compute below fp32 on a processor; the others compute as the file says.
_REDUCING_ENGINES = frozenset({"openvino"})
_FILE_NAMES = {"onnx": ".onnx", "pdmodel": ".pdmodel", "pir": "PIR .json", "om": ".om"}
_GPU_PACKAGES = {"onnxruntime": "onnxruntime-gpu", "paddle": "paddlepaddle-gpu"}
DeviceKind: TypeAlias = Literal["cpu", "gpu", "npu"]
_NOT_IN_THIS_BUILD = "not part of this build"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to run a model.

    Attributes:
        engine: Engine name.
        model_format: Format of the model's own file that this starts from.
        converter: What turns that file into ONNX first; None if the engine reads it as it is.
        precision: Of the network.
    """

    engine: BackendName
    model_format: NetworkFormat
    converter: str | None = None
    precision: PrecisionName = "fp32"

    @property
    def label(self) -> str:
        """E.g. ``"openvino bf16 from .pdmodel"``; unique among a model's candidates."""
        route = f"{self.engine} {self.precision} from {_FILE_NAMES[self.model_format]}"
        return route if self.converter is None else f"{route} by {self.converter}"


@dataclass(frozen=True, slots=True)
class Conversion:
    """Whether the model's Paddle files can become ONNX here.

    Attributes:
        converter: Name and version of what would convert them; None if nothing would.
        refusal: Why nothing would; empty otherwise.
    """

    converter: str | None = None
    refusal: str = "the model has no Paddle files"


def _no_operators(_format: str) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the choice depends on, of a model.

    Attributes:
        name: Model name.
        formats: Network files that it has.
        family: What it does.
        conversion: Whether its Paddle files can become ONNX here.
        operators: Gives the operator types of its file of a format.
    """

    name: str
    formats: tuple[NetworkFormat, ...]
    family: Family = "unknown"
    conversion: Conversion = field(default_factory=Conversion)
    operators: Callable[[NetworkFormat], frozenset[str]] = _no_operators


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why something is not a candidate.

    Attributes:
        reason: In words.
        kind: What stands in the way.
    """

    reason: str
    kind: RejectionKind


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """Candidates for a model on this machine.

    Attributes:
        usable: In no particular order between engines; for each engine, its best route first.
        faulty: Candidates that are known to fail, which only manual mode takes.
        rejected: Engine or candidate label to the reason, for what is not a candidate.
        versions: Of the usable engines.
    """

    usable: tuple[Candidate, ...]
    faulty: tuple[Candidate, ...]
    rejected: Mapping[str, Rejection]
    versions: Mapping[str, str] = field(default_factory=dict)


def candidates(
    model: ModelFacts,
    statuses: Sequence[EngineStatus],
    settings: HPISettings,
    *,
    reduced_precisions: Sequence[PrecisionName] = (),
    options_problem: Callable[[BackendName, HPISettings], str | None] | None = None,
) -> CandidateSet:
    """Every way to run a model here, and why the rest is out.

    Args:
        model: The model.
        statuses: What is installed.
        settings: Device, precision and ``auto_paddle2onnx``.
        reduced_precisions: Precisions below fp32 that the processor has instructions for; they are
            candidates only if the precision asked for is ``"auto"``.
        options_problem: Says why ``backend_config`` does not fit an engine.

    Raises:
        ConfigError: The device is not one that hpinfer knows.
    """
    kind = device_kind(settings.device)
    known = {status.name: status for status in statuses}
    found = _Found([], [], {})
    devices = len(single_devices(settings.device))
    for engine in get_args(BackendName):
        rejection = _engine_rejection(engine, known.get(engine), kind, devices)
        if rejection is None and options_problem is not None:
            problem = options_problem(engine, settings)
            rejection = None if problem is None else Rejection(problem, "options")
        if rejection is not None:
            found.rejected[engine] = rejection
            continue
        routes = list(_routes(engine, model, auto_paddle2onnx=settings.hpi.auto_paddle2onnx))
        if not routes:
            found.rejected[engine] = _unreadable(engine, model, settings)
        for route in routes:
            found.add(route, model, settings, reduced_precisions)
    versions = {status.name: status.version for status in statuses if status.usable}
    return CandidateSet(tuple(found.usable), tuple(found.faulty), found.rejected, versions)


def device_kind(device: str) -> DeviceKind:
    """``"cpu"``, ``"gpu"`` or ``"npu"``.

    Raises:
        ConfigError: Another device.
    """
    kind, colon, number = device.partition(":")
    if kind == "cpu" and not colon:
        return "cpu"
    if kind == "gpu" and (not colon or all(item.isdigit() for item in number.split(","))):
        return "gpu"
    if kind == "npu" and (not colon or number.isdigit()):
        return "npu"
    raise ConfigError(
        f"device must be 'cpu', 'gpu', 'gpu:N', 'gpu:N,M', 'npu' or 'npu:N'; got {device!r}"
    )


def asked_precision(settings: HPISettings) -> str | None:
    """``"auto"`` or the precision asked for, for the pipeline or in ``backend_config``."""
    own = None if settings.use_hpip is False else settings.hpi.backend_config.get("precision")
    asked = own or settings.precision
    return None if asked is None else str(asked)


@dataclass(frozen=True, slots=True)
class _Found:
    usable: list[Candidate]
    faulty: list[Candidate]
    rejected: dict[str, Rejection]

    def add(
        self,
        route: Candidate,
        model: ModelFacts,
        settings: HPISettings,
        reduced: Sequence[PrecisionName],
    ) -> None:
        fault = known_fault(
            route, model_name=model.name, family=model.family, operators=model.operators
        )
        for candidate in _precisions(route, settings, reduced):
            if isinstance(candidate, Rejection):
                self.rejected[route.engine] = candidate
            elif fault is None:
                self.usable.append(candidate)
            else:
                self.faulty.append(candidate)
                self.rejected[candidate.label] = Rejection(fault, "fault")


def _engine_rejection(
    engine: BackendName, status: EngineStatus | None, device: str, devices: int
) -> Rejection | None:
    if status is None:
        return Rejection(_NOT_IN_THIS_BUILD, "engine")
    if engine == "om" and device != "npu":  # whether it is installed matters to nobody here
        return Rejection("it runs on an Ascend NPU only: set the device to npu", "device")
    if not status.usable:
        return Rejection(status.reason, "engine")
    if engine == "om" and not status.devices:
        return Rejection("there is no Ascend NPU here, or no driver that works", "device")
    if device == "npu" and engine != "om":
        return Rejection(
            "it does not run on an NPU; om does, with models compiled by atc", "device"
        )
    if device == "gpu" and engine == "openvino":
        return Rejection("hpinfer runs it on the CPU only", "device")
    if engine == "tensorrt" and (device != "gpu" or not status.devices):
        reason = "there is no NVIDIA GPU here, or no driver that works"
        if device != "gpu":
            reason = "it runs on a GPU only: set the device to gpu"
        return Rejection(reason, "device")
    if device == "gpu" and not _has_gpu(status):
        return Rejection(
            f"its build has no GPU (it has {', '.join(status.devices) or 'no devices'}): "
            f"install {_GPU_PACKAGES[engine]}",
            "device",
        )
    if devices > 1 and engine != "onnxruntime":
        return Rejection("it runs on one device; several are for onnxruntime", "device")
    return None


def _has_gpu(status: EngineStatus) -> bool:
    devices = " ".join(status.devices).upper()
    return any(word in devices for word in ("CUDA", "TENSORRT", "GPU"))


def _routes(
    engine: BackendName, model: ModelFacts, *, auto_paddle2onnx: bool
) -> Iterator[Candidate]:
    for name in _READABLE[engine]:
        if name in model.formats:
            yield Candidate(engine, name)
    converter = model.conversion.converter
    reads_onnx = "onnx" in _READABLE[engine] and "onnx" not in model.formats
    if reads_onnx and auto_paddle2onnx and converter is not None:
        yield Candidate(engine, paddle_format(model.formats), converter)


def paddle_format(formats: Sequence[NetworkFormat]) -> NetworkFormat:
    """The Paddle format that would be converted: ``.pdmodel`` needs less for it."""
    return next(name for name in _PADDLE_FORMATS if name in formats)


def _unreadable(engine: BackendName, model: ModelFacts, settings: HPISettings) -> Rejection:
    reads = ", ".join(_FILE_NAMES[name] for name in _READABLE[engine])
    has = ", ".join(_FILE_NAMES[name] for name in model.formats) or "none"
    reason = f"reads {reads}; the model has {has}"
    convertible = any(name in model.formats for name in _PADDLE_FORMATS)
    if "onnx" in _READABLE[engine] and convertible:
        if not settings.hpi.auto_paddle2onnx:
            reason += "; conversion is switched off (auto_paddle2onnx)"
        else:
            reason += f"; not converted: {model.conversion.refusal}"
    if engine == "om":
        reason += ": compile it with atc and put inference.om beside inference.yml"
    return Rejection(reason, "format")


def _precisions(
    route: Candidate, settings: HPISettings, reduced: Sequence[PrecisionName]
) -> Iterator[Candidate | Rejection]:
    asked = asked_precision(settings)
    on_cpu = device_kind(settings.device) == "cpu"
    can_reduce = (route.engine in _REDUCING_ENGINES and on_cpu) or route.engine == "tensorrt"
    if asked in (None, "auto", "fp32"):
        yield route
        for precision in reduced if asked == "auto" and can_reduce and on_cpu else ():
            yield _with_precision(route, precision)
    elif not can_reduce and settings.hpi.auto_config:
        yield Rejection(
            f"computes in the precision that the model is stored in; {asked} is not to be had",
            "precision",
        )
    elif asked == "bf16":
        yield _with_precision(route, "bf16")
    elif asked == "fp16":
        yield _with_precision(route, "fp16")
    else:
        raise ConfigError(f"precision must be fp32, bf16, fp16 or auto; got {asked!r}")


def _with_precision(route: Candidate, precision: PrecisionName) -> Candidate:
    return Candidate(route.engine, route.model_format, route.converter, precision)
