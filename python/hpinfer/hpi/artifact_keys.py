"""The keys of every kind of artifact: what each of them depends on.

The rule: whatever can change the bytes of the product, or whether the product may be used, is a
field. A field too many costs one build; a field too few serves a wrong engine.

OpenVINO's compiled models: the engine keeps them itself, through its own ``cache_dir`` (csrc/
engines/openvino/cache.cc makes a folder in it for each model content). hpinfer points ``cache_dir``
at the folder that `hpinfer.hpi.artifacts.ArtifactStore.directory_for` gives for
`openvino_blob_key`, instead of exporting the compiled model and keeping the file: one import path
in the engine is enough, and OpenVINO's own check of blob against processor and release stays in
force. List, verification, size budget and clearing treat the folder like any other artifact.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from hpinfer.hpi.artifact_manifest import JSON, ArtifactKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class CpuIdentity:
    """What compiled code for a processor depends on.

    Attributes:
        name: Brand string.
        isas: Instruction sets, e.g. ``("scalar", "avx2")``.
    """

    name: str
    isas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GpuIdentity:
    """What a compiled engine for a GPU depends on.

    Attributes:
        name: Of the device.
        compute_capability: E.g. ``"8.6"``.
        driver: Version of the driver.
        cuda: Version of the CUDA runtime.
    """

    name: str
    compute_capability: str
    driver: str
    cuda: str


@dataclass(frozen=True, slots=True)
class ShapeProfile:
    """Shapes of one input that an engine is built for; each a list of dimensions.

    Attributes:
        smallest: Lower bound of every dimension.
        usual: The shape to be fastest at.
        largest: Upper bound of every dimension.
    """

    smallest: tuple[int, ...]
    usual: tuple[int, ...]
    largest: tuple[int, ...]


def this_cpu() -> CpuIdentity:
    """The processor that this process runs on."""
    from hpinfer import _native

    info = _native.cpu_info()
    return CpuIdentity(info["name"], tuple(info["isas"]))


def converted_onnx_key(
    *,
    model: str,
    converter: str,
    converter_version: str,
    opset: int,
    repairs: Sequence[str] = (),
    options: Mapping[str, JSON] | None = None,
) -> ArtifactKey:
    """Key of an ONNX file made from a Paddle model.

    Args:
        model: `content_hash` of program and weights.
        converter: Which converter.
        converter_version: Its version.
        opset: ONNX opset asked for.
        repairs: Names and versions of what is changed in the graph before or after.
        options: The converter's other options.
    """
    fields: dict[str, JSON] = {
        "model": model,
        "converter": converter,
        "converter_version": converter_version,
        "opset": opset,
        "repairs": list(repairs),
        "options": dict(options or {}),
    }
    return ArtifactKey("onnx", fields)


def onnxruntime_graph_key(
    *,
    model: str,
    engine_version: str,
    providers: Sequence[str],
    device: CpuIdentity | GpuIdentity,
    precision: str,
    optimization: str,
    options: Mapping[str, JSON] | None = None,
) -> ArtifactKey:
    """Key of a graph that ONNX Runtime has optimised for this machine.

    Args:
        model: `content_hash` of the ONNX file and of its external data.
        engine_version: Of ONNX Runtime.
        providers: Execution providers in their order: they decide which nodes are fused.
        device: Layouts of blocked convolutions depend on the processor.
        precision: Of the network.
        optimization: Level, e.g. ``"all"``.
        options: Session options that change the graph.
    """
    fields: dict[str, JSON] = {
        "model": model,
        "engine": "onnxruntime",
        "engine_version": engine_version,
        "providers": list(providers),
        "device": _identity(device),
        "precision": precision,
        "optimization": optimization,
        "options": dict(options or {}),
    }
    return ArtifactKey("onnxruntime-graph", fields)


def openvino_blob_key(
    *,
    model: str,
    engine_version: str,
    device: str,
    identity: CpuIdentity | GpuIdentity,
    precision: str,
    num_threads: int,
    shapes: Mapping[str, Sequence[int]] | None = None,
    options: Mapping[str, JSON] | None = None,
) -> ArtifactKey:
    """Key of the folder in which OpenVINO keeps a compiled model.

    Args:
        model: `content_hash` of the model's files.
        engine_version: Of OpenVINO, with its build.
        device: OpenVINO's name of the device, e.g. ``"CPU"``.
        identity: The device itself.
        precision: Inference precision.
        num_threads: OpenVINO compiles streams and partitions for it.
        shapes: Fixed input shapes, -1 for a free dimension; None leaves them as in the model.
        options: The engine's own properties.
    """
    fields: dict[str, JSON] = {
        "model": model,
        "engine": "openvino",
        "engine_version": engine_version,
        "device": device,
        "identity": _identity(identity),
        "precision": precision,
        "num_threads": num_threads,
        "shapes": None if shapes is None else {name: list(dims) for name, dims in shapes.items()},
        "options": dict(options or {}),
    }
    return ArtifactKey("openvino-blob", fields)


def tensorrt_engine_key(
    *,
    model: str,
    engine_version: str,
    device: GpuIdentity,
    precision: str,
    profiles: Sequence[Mapping[str, ShapeProfile]],
    options: Mapping[str, JSON] | None = None,
) -> ArtifactKey:
    """Key of a serialised TensorRT engine.

    Args:
        model: `content_hash` of the ONNX file and of its external data.
        engine_version: Of TensorRT.
        device: The GPU.
        precision: ``"fp32"``, ``"fp16"`` …
        profiles: Optimisation profiles in their order: input name to shapes.
        options: Every builder option: workspace, optimisation level, flags …
    """
    fields: dict[str, JSON] = {
        "model": model,
        "engine": "tensorrt",
        "engine_version": engine_version,
        "device": _identity(device),
        "precision": precision,
        "profiles": [
            {
                name: [list(shape.smallest), list(shape.usual), list(shape.largest)]
                for name, shape in profile.items()
            }
            for profile in profiles
        ],
        "options": dict(options or {}),
    }
    return ArtifactKey("tensorrt-engine", fields)


def tensorrt_timing_key(*, engine_version: str, device: GpuIdentity) -> ArtifactKey:
    """Key of TensorRT's timing cache: measurements of layers, shared by all models of a GPU."""
    fields: dict[str, JSON] = {
        "engine": "tensorrt",
        "engine_version": engine_version,
        "device": _identity(device),
    }
    return ArtifactKey("tensorrt-timing", fields)


def tuning_key(
    *,
    model: str,
    hpinfer_version: str,
    engines: Mapping[str, str],
    device: str,
    identity: CpuIdentity | GpuIdentity,
    num_threads: int,
    inputs: Mapping[str, Sequence[int]] | None = None,
    options: Mapping[str, JSON] | None = None,
) -> ArtifactKey:
    """Key of the times measured for a model on this machine.

    Args:
        model: `content_hash` of the model's files, of every format that took part.
        hpinfer_version: Measurements of another release are not comparable.
        engines: Name to version of every engine that is usable here.
        device: ``"cpu"`` or ``"gpu:N"``.
        identity: The device itself.
        num_threads: Thread budget of the process.
        inputs: Input shapes that were measured.
        options: What else the measurement depended on, e.g. the precisions allowed.
    """
    fields: dict[str, JSON] = {
        "model": model,
        "hpinfer": hpinfer_version,
        "engines": dict(engines),
        "device": device,
        "identity": _identity(identity),
        "num_threads": num_threads,
        "inputs": None if inputs is None else {name: list(dims) for name, dims in inputs.items()},
        "options": dict(options or {}),
    }
    return ArtifactKey("tuning", fields)


def _identity(device: CpuIdentity | GpuIdentity) -> JSON:
    return {"type": "cpu" if isinstance(device, CpuIdentity) else "gpu", **asdict(device)}
