"""From a `RuntimeOption` to a session of hpinfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from hpinfer.config.hpi import BackendName, HPISettings
from hpinfer.errors import (
    ConfigError,
    EngineError,
    EngineUnavailableError,
    HpinferError,
    ModelFormatError,
    UnsupportedError,
)
from hpinfer.hpi.candidates import Candidate
from hpinfer.ultra_infer.backend_options import changed_fields
from hpinfer.ultra_infer.enums import Backend, Device
from hpinfer.ultra_infer.logs import once
from hpinfer.ultra_infer.model_source import ModelSource, model_source, paddle_model_beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpinfer.hpi.discovery import EngineStatus
    from hpinfer.session import Session
    from hpinfer.ultra_infer.runtime_option import RuntimeOption

_ENGINES: Mapping[Backend, BackendName] = {
    Backend.ORT: "onnxruntime",
    Backend.OPENVINO: "openvino",
    Backend.PDINFER: "paddle",
    Backend.TRT: "tensorrt",
    Backend.OMONNPU: "om",
}
_GRAPH_LEVELS = {0: "none", 1: "basic", 2: "extended", 99: "all"}
_HINTS = ("LATENCY", "THROUGHPUT", "CUMULATIVE_THROUGHPUT")
_PINNING = {"NO": "NO", "CORE": "YES", "HYBRID_AWARE": "YES"}


def open_session(option: RuntimeOption) -> tuple[Session, ModelSource]:
    """The session that an option asks for, and the files that it must outlive.

    Raises:
        ConfigError: An option has a wrong value, or one without effect on this engine.
        UnsupportedError: An option, a format or a device that hpinfer does not have.
        EngineUnavailableError: The engine is not installed, or not part of this build.
        ModelNotFoundError: A file does not exist.
        ModelFormatError: The engine cannot read the model.
        ConversionError: A Paddle model cannot be converted for this engine.
    """
    source = model_source(option)
    engine = _engine(option)
    _check_format(source, engine)
    _check_usable(engine)
    _check_foreign_options(option, engine)
    if engine == "tensorrt":
        from hpinfer.ultra_infer.tensorrt import open_tensorrt

        return open_tensorrt(option, source), source
    options = _session_options(option, engine)
    try:
        return _open(source, engine, _device(option), options), source
    except (EngineError, ModelFormatError) as error:
        other = paddle_model_beside(source)
        if other is None or isinstance(error, EngineError):
            raise type(error)(f"{error}{_another_engine(engine)}") from error
        return _open_instead(source, other, error, engine, _device(option), options), other


def _open_instead(
    source: ModelSource,
    other: ModelSource,
    error: ModelFormatError,
    engine: BackendName,
    device: str,
    options: Mapping[str, Any],
) -> Session:
    """The Paddle model that an unreadable ONNX file was made from; its error if that fails too.

    PaddleX converts with whatever paddle2onnx is installed and asks for opset 7: the product of
    release 2.1.0 for PP-OCRv4's recogniser is one that no engine loads.
    """
    try:
        session = _open(other, engine, device, options)
    except HpinferError as second:
        raise error from second
    once.warn(
        str(source.path),
        f"{source.path} cannot be read ({' '.join(str(error).split())}): {engine} runs the Paddle "
        f"model beside it instead, {other.path.name}; hpinfer convert --force "
        f"{source.path.parent} replaces the ONNX file",
    )
    return session


def _another_engine(engine: str) -> str:
    """What to try with a network that OpenVINO has no operators for; empty for other engines."""
    from hpinfer.hpi.discovery import engines

    usable = [status.name for status in engines() if status.usable]
    if engine != "openvino" or "onnxruntime" not in usable:
        return ""
    return (
        "; give this model the onnxruntime backend: in PaddleX use_hpip: True and hpi_config: "
        "{auto_config: False, backend: onnxruntime} at its module in the pipeline file"
    )


def _engine(option: RuntimeOption) -> BackendName:
    """The engine asked for, or the first one of the device that can be used."""
    if option.backend is not Backend.UNKNOWN:
        engine = _ENGINES.get(option.backend)
        if engine is None:
            raise UnsupportedError(
                f"Backend.{option.backend.name} is not supported: hpinfer has "
                f"{', '.join(get_args(BackendName))}"
            )
        return engine
    wanted: tuple[BackendName, ...] = ("onnxruntime",)
    if option.device is Device.ASCEND:
        wanted = ("om",)
    if option.device is Device.CPU:
        wanted = ("openvino", "onnxruntime")
    usable = [name for name, status in _engine_statuses().items() if status.usable]
    return next((engine for engine in wanted if engine in usable), wanted[0])


def _engine_statuses() -> dict[str, EngineStatus]:
    from hpinfer.hpi.discovery import engines

    return {status.name: status for status in engines()}


def _check_usable(engine: BackendName) -> None:
    if engine == "tensorrt":  # also reached through ONNX Runtime
        return
    status = _engine_statuses().get(engine)
    if status is None:
        raise EngineUnavailableError(
            f"the {engine} engine is not part of this build of hpinfer; hpinfer doctor lists those "
            "that are"
        )
    if not status.usable:
        raise EngineUnavailableError(f"the {engine} engine is not usable: {status.reason}")


def _device(option: RuntimeOption) -> str:
    if option.device is Device.CPU:
        return "cpu"
    if option.device is Device.GPU:
        return f"gpu:{option.device_id}"
    if option.device is Device.ASCEND:
        return f"npu:{option.device_id}"
    raise UnsupportedError(
        f"device {option.device.name} is not supported by this engine; hpinfer runs on CPU, GPU "
        "and Ascend NPU"
    )


def _check_format(source: ModelSource, engine: str) -> None:
    """Compiled models are for their own engine, which reads nothing else."""
    if (source.network == "om") == (engine == "om"):
        return
    if engine == "om":
        raise UnsupportedError(
            f"the om engine reads models compiled by atc (ModelFormat.OM), not {source.path.name}"
        )
    raise UnsupportedError(
        f"{source.path.name} is compiled for Ascend NPUs and the engine is {engine}: call "
        "use_ascend() and use_om_backend()"
    )


def _check_foreign_options(option: RuntimeOption, engine: str) -> None:
    """Options of another engine than the one in use would have no effect."""
    owners = {
        "onnxruntime": option.ort_option,
        "openvino": option.openvino_option,
        "tensorrt": option.trt_option,
        "paddle": option.paddle_infer_option,
    }
    for owner, values in owners.items():
        changed = changed_fields(values)
        if owner != engine and changed:
            raise ConfigError(
                f"{', '.join(sorted(changed))} of the {owner} options have no effect: the engine "
                f"is {engine}"
            )


def _session_options(option: RuntimeOption, engine: str) -> dict[str, Any]:
    translate = {"onnxruntime": _ort, "openvino": _openvino, "paddle": _paddle}
    found = translate[engine](option) if engine in translate else {}
    threads = found.pop("num_threads", -1)
    if engine == "om":  # the NPU computes
        return found
    return {**found, "num_threads": thread_count(option.cpu_thread_num, threads)}


def thread_count(*asked: int) -> int:
    """The first positive number of threads asked for, at most those that the process may use.

    PaddleX asks for 10 on every machine. 0 leaves it to the budget.
    """
    from hpinfer import _native

    budget = int(_native.thread_info()["threads"])
    wanted = next((count for count in asked if count > 0), 0)
    if wanted <= budget:
        return wanted
    once.warn(
        "threads",
        f"{wanted} threads were asked for and this process may use {budget}: taking {budget} "
        "(PaddleX asks for 10 unless cpu_num_threads or PADDLE_PDX_CPU_NUM_THREADS says otherwise)",
    )
    return budget


def _ort(option: RuntimeOption) -> dict[str, Any]:
    given = option.ort_option
    level = given.graph_optimization_level
    if level not in (-1, *_GRAPH_LEVELS):
        raise ConfigError(
            f"ort_option.graph_optimization_level must be -1, 0, 1, 2 or 99; got {level}"
        )
    _only("ort_option.inter_op_num_threads", given.inter_op_num_threads, (-1, 0, 1))
    _only("ort_option.execution_mode", given.execution_mode, (-1, 0))
    _only("ort_option.optimized_model_filepath", given.optimized_model_filepath, ("",))
    _only("ort_option.ort_disabled_ops_fp16", given.ort_disabled_ops_fp16, ([],))
    found: dict[str, Any] = {"num_threads": given.intra_op_num_threads}
    if level != -1:
        found["graph_optimization"] = _GRAPH_LEVELS[level]
    if given.enable_fp16:
        found["precision"] = "fp16"
    return found


def _openvino(option: RuntimeOption) -> dict[str, Any]:
    given = option.openvino_option
    _only("openvino_option.device", given.device, ("CPU",))
    _only("openvino_option.shape_infos", given.shape_infos, ({},))
    _only("openvino_option.cpu_operators", given.cpu_operators, ([],))
    if given.num_streams < 1:
        raise ConfigError(
            f"openvino_option.num_streams must be at least 1; got {given.num_streams}"
        )
    config: dict[str, str] = {}
    if given.affinity != "YES":
        _only("openvino_option.affinity", given.affinity, ("YES", *_PINNING))
        config["ENABLE_CPU_PINNING"] = _PINNING[given.affinity]
    if given.hint != "UNDEFINED":
        _only("openvino_option.hint", given.hint, ("UNDEFINED", *_HINTS))
        config["PERFORMANCE_HINT"] = given.hint
    found: dict[str, Any] = {"num_threads": given.cpu_thread_num, "num_streams": given.num_streams}
    return {**found, "engine_config": config} if config else found


def _paddle(option: RuntimeOption) -> dict[str, Any]:
    changed = changed_fields(option.paddle_infer_option)
    threads = changed.pop("cpu_thread_num", -1)
    mkldnn = changed.pop("enable_mkldnn", True)
    if changed:
        name = sorted(changed)[0]
        raise UnsupportedError(
            f"paddle_infer_option.{name} = {changed[name]!r} is not supported: the Paddle engine "
            "keeps ultra-infer's default"
        )
    found: dict[str, Any] = {"num_threads": threads}
    return found if mkldnn else {**found, "engine_config": {"run_mode": "paddle"}}


def _only(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        listed = ", ".join(repr(item) for item in allowed)
        raise UnsupportedError(f"{name} can only be {listed}; got {value!r}")


def _open(
    source: ModelSource, engine: BackendName, device: str, options: Mapping[str, Any]
) -> Session:
    from hpinfer.models.conversion import Paddle2OnnxConverter
    from hpinfer.models.opening import CandidateOpener

    opener = CandidateOpener(
        source.files,
        HPISettings(device=device),
        {name: value for name, value in options.items() if name != "precision"},
        versions=_versions(),
        converter=Paddle2OnnxConverter(),
    )
    converter = None
    if source.network != "onnx" and not _reads(engine, source):
        offer = opener.conversion()
        converter = offer.converter or "paddle2onnx"
    precision = options.get("precision", "fp32")
    return opener.open(Candidate(engine, source.network, converter, precision)).session


def _reads(engine: str, source: ModelSource) -> bool:
    """Whether an engine takes the model's files as they are."""
    return engine in ("paddle", "om") or (engine == "openvino" and source.network == "pdmodel")


def _versions() -> dict[str, str]:
    from hpinfer.hpi.discovery import engines

    return {status.name: status.version for status in engines() if status.usable}
