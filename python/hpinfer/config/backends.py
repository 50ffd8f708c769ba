"""``backend_config``: the options of each backend, in PaddleX's keys."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Field, field_validator, model_validator

from hpinfer.config.validation import StrictModel

BackendName: TypeAlias = Literal["paddle", "openvino", "onnxruntime", "tensorrt", "om"]
PrecisionName: TypeAlias = Literal["fp32", "fp16", "bf16"]
#: ``auto`` takes a lower precision where it was measured faster and close enough, else fp32.
PrecisionChoice: TypeAlias = Literal["fp32", "fp16", "bf16", "auto"]
RunMode: TypeAlias = Literal[
    "paddle",
    "paddle_fp32",
    "paddle_fp16",
    "trt_fp32",
    "trt_fp16",
    "trt_int8",
    "mkldnn",
    "mkldnn_bf16",
]


def _checked_ranges(shapes: dict[str, list[list[int]]]) -> dict[str, list[list[int]]]:
    for name, ranges in shapes.items():
        if len(ranges) != 3 or len({len(shape) for shape in ranges}) != 1 or not ranges[0]:
            raise ValueError(
                f"input {name!r} needs its smallest, usual and largest shape, all of one rank; "
                f"got {ranges}"
            )
        if any(not 1 <= low <= usual <= high for low, usual, high in zip(*ranges, strict=True)):
            raise ValueError(
                f"the shapes of input {name!r} must grow from smallest to usual to largest, "
                f"from 1 on; got {ranges}"
            )
    return shapes


#: Input name to its smallest, usual and largest shape.
DynamicShapes: TypeAlias = Annotated[dict[str, list[list[int]]], AfterValidator(_checked_ranges)]


class EngineOptions(StrictModel):
    """Base of every ``backend_config``."""

    def session_options(self) -> dict[str, Any]:
        """The options that were given, in the names of `hpinfer.Session`."""
        return {}


class CPUBackendConfig(EngineOptions):
    """``backend_config`` that ``openvino`` and ``onnxruntime`` share.

    Attributes:
        cpu_num_threads: Threads of the model; None takes what the process may use.
        precision: Of the network; None is fp32. ``"auto"`` takes a lower one if a tuning record
            says that it is faster and close enough.
        memory: ``"bounded"`` for varied shapes, ``"fast"`` for fixed ones; None is bounded.
        engine_config: The engine's own keys and values, passed through.
    """

    #: How the engine spells yes and no in its own options.
    YES_NO: ClassVar[tuple[str, str]] = ("YES", "NO")

    cpu_num_threads: int | None = Field(default=None, ge=1)
    precision: PrecisionChoice | None = None
    memory: Literal["bounded", "fast"] | None = None
    engine_config: dict[str, str | int | float | bool] = Field(default_factory=dict)

    def session_options(self) -> dict[str, Any]:
        """The options that were given, in the names of `hpinfer.Session`."""
        yes, no = self.YES_NO
        texts = {
            key: (yes if value else no) if isinstance(value, bool) else str(value)
            for key, value in self.engine_config.items()
        }
        given = {
            "num_threads": self.cpu_num_threads,
            "precision": None if self.precision == "auto" else self.precision,
            "memory": self.memory,
            "engine_config": texts or None,
        }
        return {name: value for name, value in given.items() if value is not None}


class OpenVINOConfig(CPUBackendConfig):
    """``backend_config`` of ``openvino``."""


class ONNXRuntimeConfig(CPUBackendConfig):
    """``backend_config`` of ``onnxruntime``.

    Attributes:
        graph_optimization: How far the graph is rewritten when it is loaded.
        providers: Execution providers, best first: names or ``[name, {option: value}]``.
        gpu_memory_mib: The most that the arena on the GPU may hold; None is no limit.
    """

    YES_NO: ClassVar[tuple[str, str]] = ("1", "0")

    graph_optimization: Literal["none", "basic", "extended", "all"] | None = None
    providers: list[str | tuple[str, dict[str, Any]]] | None = None
    gpu_memory_mib: int | None = Field(default=None, ge=1)

    def session_options(self) -> dict[str, Any]:
        """The options that were given, in the names of `hpinfer.Session`."""
        own = {
            "graph_optimization": self.graph_optimization,
            "providers": self.providers,
            "gpu_memory_mib": self.gpu_memory_mib,
        }
        given = {name: value for name, value in own.items() if value is not None}
        return {**super().session_options(), **given}


class TensorRTConfig(EngineOptions):
    """``backend_config`` of ``tensorrt``.

    Attributes:
        precision: Of the network. TensorRT 11 takes it from the file: only ``"fp32"`` (as stored).
        use_dynamic_shapes: Must be True: engines are built for ranges of shapes.
        dynamic_shapes: Input name to its smallest, usual and largest shape, or a list of such
            mappings, one for each range; None takes those of the model's inference.yml, or those
            that ``hpinfer tune --collect-shapes`` has written.
        outside_shapes: What to do with inputs outside every range: ``"error"``, run them on
            ``"other_engine"``, or do that and build a ``"new_profile"`` for them meanwhile.
        build: ``"wait"`` for an engine that is not in the cache, or build it in the
            ``"background"`` while the other engine serves.
        other_engine: That engine. It runs on the same device if it can, else on the CPU.
        optimization_level: From 0, quick to build, to 5, quickest to run.
        workspace_mib: Memory of the GPU that building may use; None is all of it.
        tf32: Whether fp32 products may be computed in 19 bits, which is TensorRT's default.
    """

    precision: PrecisionName = "fp32"
    use_dynamic_shapes: bool = True
    dynamic_shapes: DynamicShapes | list[DynamicShapes] | None = None
    outside_shapes: Literal["error", "other_engine", "new_profile"] = "error"
    build: Literal["wait", "background"] = "wait"
    other_engine: Literal["onnxruntime", "openvino"] = "onnxruntime"
    optimization_level: int = Field(default=3, ge=0, le=5)
    workspace_mib: int | None = Field(default=None, ge=1)
    tf32: bool = True

    @property
    def profiles(self) -> list[dict[str, list[list[int]]]]:
        """`dynamic_shapes` as a list of ranges; empty if none are given."""
        shapes = self.dynamic_shapes or []
        return [shapes] if isinstance(shapes, dict) else shapes

    @property
    def engine_config(self) -> dict[str, str]:
        """The native engine's own keys."""
        keys = {"optimization_level": str(self.optimization_level), "tf32": str(int(self.tf32))}
        if self.workspace_mib is not None:
            keys["workspace_mib"] = str(self.workspace_mib)
        return keys

    def session_options(self) -> dict[str, Any]:
        """What every session needs; ranges of shapes and policies are its opener's."""
        return {"engine_config": self.engine_config}

    @field_validator("use_dynamic_shapes")
    @classmethod
    def _only_dynamic(cls, value: bool) -> bool:
        if not value:
            raise ValueError(
                "engines are built for ranges of shapes, so it must be True; "
                "for one fixed shape give it three times in dynamic_shapes"
            )
        return value


#: Options of Paddle that a session takes beside ``engine_config``.
_SET_ELSEWHERE = {"device_type", "device_id", "cpu_threads"}


class PaddleConfig(EngineOptions):
    """``backend_config`` of ``paddle``, in the keys of PaddleX's Paddle Inference runner.

    Attributes:
        run_mode: How Paddle Inference runs the network; None takes oneDNN where it is safe.
        device_type: As PaddleX writes it; the device itself is set beside ``hpi_config``.
        device_id: Likewise.
        cpu_threads: Threads, also as ``cpu_num_threads``; None takes what the process may use.
        delete_pass: Graph passes to leave out.
        enable_new_ir: Whether to use PIR; None decides by the model.
        enable_cinn: Whether to use the CINN compiler.
        trt_cfg_setting: Paddle's own TensorRT settings, passed through.
        trt_use_dynamic_shapes: Whether TensorRT sub-graphs take ranges of shapes.
        trt_collect_shape_range_info: Whether to find those ranges by running the model, which
            hpinfer does not.
        trt_discard_cached_shape_range_info: Whether to find them again; likewise.
        trt_dynamic_shapes: Input name to its smallest, usual and largest shape.
        trt_dynamic_shape_input_data: Input name to the values to find the ranges with, one flat
            list for each of the three shapes.
        trt_shape_range_info_path: Where the ranges are kept.
        trt_allow_rebuild_at_runtime: Whether a shape out of range rebuilds the sub-graphs.
        mkldnn_cache_capacity: Shapes whose oneDNN kernels are kept.
    """

    run_mode: RunMode | None = None
    device_type: str | None = None
    device_id: int | None = Field(default=None, ge=0)
    cpu_threads: int | None = Field(default=None, ge=1)
    delete_pass: list[str] = Field(default_factory=list)
    enable_new_ir: bool | None = None
    enable_cinn: bool = False
    trt_cfg_setting: dict[str, Any] = Field(default_factory=dict)
    trt_use_dynamic_shapes: bool = True
    trt_collect_shape_range_info: bool = False
    trt_discard_cached_shape_range_info: bool = False
    trt_dynamic_shapes: DynamicShapes | None = None
    trt_dynamic_shape_input_data: dict[str, list[list[float]]] | None = None
    trt_shape_range_info_path: str | None = None
    trt_allow_rebuild_at_runtime: bool = True
    mkldnn_cache_capacity: int = Field(default=10, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _threads_of_any_name(cls, data: object) -> object:
        if not isinstance(data, dict) or "cpu_num_threads" not in data:
            return data
        if "cpu_threads" in data:
            raise ValueError("cpu_threads and cpu_num_threads mean the same: give one of them")
        renamed = dict(data)
        renamed["cpu_threads"] = renamed.pop("cpu_num_threads")
        return renamed

    def session_options(self) -> dict[str, Any]:
        """The options that were given, in the names of `hpinfer.Session`."""
        own = self.model_dump(exclude_unset=True, exclude=_SET_ELSEWHERE)
        given = {"num_threads": self.cpu_threads, "engine_config": own or None}
        return {name: value for name, value in given.items() if value is not None}

    @model_validator(mode="after")
    def _three_feeds(self) -> PaddleConfig:
        for name, feeds in (self.trt_dynamic_shape_input_data or {}).items():
            if len(feeds) != 3:
                raise ValueError(
                    f"trt_dynamic_shape_input_data of {name!r} needs three lists, one for each "
                    f"shape; got {len(feeds)}"
                )
        return self


class AscendConfig(EngineOptions):
    """``backend_config`` of ``om``: there are no options."""


BackendConfig: TypeAlias = (
    PaddleConfig | OpenVINOConfig | ONNXRuntimeConfig | TensorRTConfig | AscendConfig
)

#: Backend to the model of its ``backend_config``.
BACKEND_CONFIGS: dict[BackendName, type[BackendConfig]] = {
    "paddle": PaddleConfig,
    "openvino": OpenVINOConfig,
    "onnxruntime": ONNXRuntimeConfig,
    "tensorrt": TensorRTConfig,
    "om": AscendConfig,
}


def accepted_keys(backend: BackendName) -> set[str]:
    """Every key that `backend` accepts in its ``backend_config``."""
    extra = {"cpu_num_threads"} if backend == "paddle" else set()
    return set(BACKEND_CONFIGS[backend].model_fields) | extra
