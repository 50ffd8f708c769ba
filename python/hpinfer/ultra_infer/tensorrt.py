"""TensorRT: hpinfer's own engine where it is part of the build, else ONNX Runtime's provider.

Engines are kept in hpinfer's artifact cache.

``trt_option.serialize_file`` says where: the folder ``hpinfer`` beside that path. What may be
loaded from there is decided by the key alone: model, precision, shapes, versions and device.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, EngineUnavailableError, UnsupportedError
from hpinfer.ultra_infer.enums import Device

if TYPE_CHECKING:
    from hpinfer.hpi.artifact_manifest import ArtifactKey
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.session import Session
    from hpinfer.ultra_infer.backend_options import TrtBackendOption
    from hpinfer.ultra_infer.model_source import ModelSource
    from hpinfer.ultra_infer.runtime_option import RuntimeOption

_PROVIDER = "TensorrtExecutionProvider"
_DRIVER = Path("/proc/driver/nvidia")


def open_tensorrt(option: RuntimeOption, source: ModelSource) -> Session:
    """A session on TensorRT.

    Raises:
        EngineUnavailableError: This machine's ONNX Runtime has no TensorRT.
        ConfigError: No GPU was chosen, or shapes are missing.
        UnsupportedError: An option that has no counterpart.
    """
    from hpinfer.session import Session

    native = _native_version()
    version = _version() if native is None else native
    _check_options(option)
    given = option.trt_option
    if source.network != "onnx":
        raise UnsupportedError(
            "TensorRT reads ONNX models: convert this one with hpinfer convert first"
        )
    _check_shapes(given, _free_inputs(source.path))
    if native is not None:
        return _open_native(option, source, native)
    with artifact_store(given, source).directory_for(artifact_key(option, source, version)) as kept:
        return Session(
            source.path,
            engine="onnxruntime",
            device=f"gpu:{option.device_id}",
            providers=[(_PROVIDER, provider_options(given, kept)), "CUDAExecutionProvider"],
        )


def _native_version() -> str | None:
    """Version of hpinfer's own engine; None where it is not part of the build or not usable."""
    from hpinfer.hpi.discovery import engines

    status = next((item for item in engines() if item.name == "tensorrt"), None)
    return status.version if status is not None and status.usable else None


def _open_native(option: RuntimeOption, source: ModelSource, version: str) -> Session:
    from hpinfer.config.backends import TensorRTConfig
    from hpinfer.hpi.artifacts import content_hash
    from hpinfer.models import tensorrt_opening
    from hpinfer.session import Session

    given = option.trt_option
    shapes = {
        name: [given.min_shape[name], given.opt_shape[name], given.max_shape[name]]
        for name in sorted(given.min_shape)
    }
    task = tensorrt_opening.TensorRTTask(
        network=source.path,
        model=content_hash([source.path]),
        model_dir=source.files.directory,
        name=source.files.name,
        version=version,
        device=f"gpu:{option.device_id}",
        precision="fp16" if given.enable_fp16 else "fp32",
        options={},
        config=TensorRTConfig(
            dynamic_shapes=shapes or None, workspace_mib=max(given.max_workspace_size >> 20, 1)
        ),
        config_source="trt_option",
        asked=True,
    )
    store = artifact_store(given, source)

    def other() -> Session:
        return Session(source.path, engine="onnxruntime")

    return tensorrt_opening.open_tensorrt(task, store, other).session


def artifact_store(given: TrtBackendOption, source: ModelSource) -> ArtifactStore:
    """Where engines are kept: beside ``serialize_file``, else beside the model."""
    from hpinfer.hpi.artifacts import ArtifactStore

    if not given.serialize_file:
        return ArtifactStore.for_model(source.files.directory)
    folder = Path(given.serialize_file).absolute().parent / "hpinfer"
    return ArtifactStore([folder], model=source.files.name)


def artifact_key(option: RuntimeOption, source: ModelSource, version: str) -> ArtifactKey:
    """What an engine depends on."""
    from hpinfer.hpi.artifact_keys import ShapeProfile, tensorrt_engine_key
    from hpinfer.hpi.artifacts import content_hash

    given = option.trt_option
    profile = {
        name: ShapeProfile(
            tuple(given.min_shape[name]), tuple(given.opt_shape[name]), tuple(given.max_shape[name])
        )
        for name in sorted(given.min_shape)
    }
    return tensorrt_engine_key(
        model=content_hash([source.path]),
        engine_version=version,
        device=gpu_identity(),
        precision="fp16" if given.enable_fp16 else "fp32",
        profiles=[profile] if profile else [],
        options={"workspace": given.max_workspace_size, "device_id": option.device_id},
    )


def gpu_identity() -> Any:  # noqa: ANN401 - GpuIdentity, imported when it is needed
    """The GPUs of this machine and their driver, as the driver's own files tell them."""
    from hpinfer.hpi.artifact_keys import GpuIdentity

    models = []
    for path in sorted(_DRIVER.glob("gpus/*/information")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        models += [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    driver = ""
    if (_DRIVER / "version").is_file():
        driver = (_DRIVER / "version").read_text(encoding="utf-8", errors="replace").split("\n")[0]
    # The name stands for the compute capability, which only CUDA itself could tell.
    return GpuIdentity(", ".join(models) or "unknown", "", driver, "")


def provider_options(given: TrtBackendOption, folder: Path | None) -> dict[str, str]:
    """Options of ONNX Runtime's TensorRT provider; without a folder nothing is kept."""
    options = {
        "trt_fp16_enable": str(int(given.enable_fp16)),
        "trt_max_workspace_size": str(given.max_workspace_size),
    }
    if folder is not None:
        options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
    shapes = {"min": given.min_shape, "opt": given.opt_shape, "max": given.max_shape}
    for word, by_name in shapes.items():
        if by_name:
            options[f"trt_profile_{word}_shapes"] = ",".join(
                f"{name}:{'x'.join(map(str, dims))}" for name, dims in sorted(by_name.items())
            )
    return options


def _version() -> str:
    from hpinfer.hpi.discovery import engines

    status = next((item for item in engines() if item.name == "onnxruntime"), None)
    if status is None or _PROVIDER not in status.devices:
        found = "none" if status is None or not status.usable else ", ".join(status.devices)
        raise EngineUnavailableError(
            f"TensorRT is not usable here: ONNX Runtime has no {_PROVIDER} (it has: {found}); "
            "install hpinfer[gpu] and TensorRT, or use the onnxruntime or openvino backend"
        )
    return f"onnxruntime {status.version}"


def _check_options(option: RuntimeOption) -> None:
    given = option.trt_option
    if option.device is not Device.GPU:
        raise ConfigError("TensorRT runs on a GPU: call use_gpu() or set device to 'gpu'")
    if option.cpu_thread_num > 0:
        raise ConfigError("set_cpu_thread_num has no effect on TensorRT; leave it out")
    if given.max_batch_size != 32:
        raise UnsupportedError(
            f"trt_option.max_batch_size = {given.max_batch_size} has no effect: the largest shape "
            "of set_shape is the limit"
        )
    if given.enable_log_info:
        raise UnsupportedError(
            "trt_option.enable_log_info is not supported: set the level of the logger 'hpinfer'"
        )


def _free_inputs(model: Path) -> list[str]:
    """Inputs with free dimensions; the CPU reads the graph without optimising it."""
    from hpinfer.session import Session

    session = Session(model, engine="onnxruntime", graph_optimization="none", num_threads=1)
    return [i.name for i in session.inputs if i.shape is None or None in i.shape]


def _check_shapes(given: TrtBackendOption, free: list[str]) -> None:
    missing = [name for name in free if name not in given.min_shape]
    if not missing:
        return
    hint = ""
    if given.serialize_file and Path(given.serialize_file).exists():
        hint = (
            f"; PaddleX does not pass them because {given.serialize_file} exists: remove that "
            "file, which hpinfer never loads (it says nothing of model, precision or device)"
        )
    raise ConfigError(
        f"TensorRT needs the shapes of {', '.join(missing)}: give dynamic_shapes in backend_config "
        f"or call trt_option.set_shape{hint}"
    )
