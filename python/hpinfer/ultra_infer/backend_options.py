"""Options of the single engines, with ultra-infer's names and defaults.

Every field keeps what it is given; `hpinfer.ultra_infer.session_choice` turns the options into
those of a session and refuses the values that would have no effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidInputError, UnsupportedError
from hpinfer.ultra_infer.unsupported import SUB_OPTION_NAMES, refuse_name

if TYPE_CHECKING:
    from collections.abc import Sequence


class _KnownFields:
    """Options whose other names are refused with a reason, read or written."""

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        raise refuse_name(type(self).__name__, name, SUB_OPTION_NAMES)

    def __setattr__(self, name: str, value: object) -> None:
        try:
            super().__setattr__(name, value)
        except AttributeError:
            raise refuse_name(type(self).__name__, name, SUB_OPTION_NAMES) from None


@dataclass(slots=True)
class OrtBackendOption(_KnownFields):
    """Options of ONNX Runtime.

    Attributes:
        graph_optimization_level: -1 the default, 0 none, 1 basic, 2 extended, 99 all.
        intra_op_num_threads: Threads; -1 leaves it to the thread budget.
        inter_op_num_threads: -1 or 1: operators run one after the other.
        execution_mode: -1 or 0: operators run one after the other.
        enable_fp16: Compute in half precision.
        optimized_model_filepath: Must stay empty.
        ort_disabled_ops_fp16: Must stay empty.
    """

    graph_optimization_level: int = -1
    intra_op_num_threads: int = -1
    inter_op_num_threads: int = -1
    execution_mode: int = -1
    enable_fp16: bool = False
    optimized_model_filepath: str = ""
    ort_disabled_ops_fp16: list[str] = field(default_factory=list)

    def disable_ort_fp16_op_types(self, names: Sequence[str]) -> None:
        """Names of operators to keep in single precision; refused when the model is loaded."""
        self.ort_disabled_ops_fp16 = list(names)


@dataclass(slots=True)
class OpenVINOBackendOption(_KnownFields):
    """Options of OpenVINO.

    Attributes:
        device: ``"CPU"``; others are refused when the model is loaded.
        cpu_thread_num: Threads; -1 leaves it to the thread budget.
        num_streams: Inferences that are expected at the same time; they share the threads.
        affinity: ``"YES"`` lets OpenVINO decide; ``"NO"`` leaves threads unbound.
        hint: ``"UNDEFINED"``, ``"LATENCY"``, ``"THROUGHPUT"`` or ``"CUMULATIVE_THROUGHPUT"``.
        shape_infos: Input name to fixed shape; refused when the model is loaded.
        cpu_operators: Must stay empty: everything runs on the CPU.
    """

    device: str = "CPU"
    cpu_thread_num: int = -1
    num_streams: int = 1
    affinity: str = "YES"
    hint: str = "UNDEFINED"
    shape_infos: dict[str, list[int]] = field(default_factory=dict)
    cpu_operators: list[str] = field(default_factory=list)

    def set_device(self, name: str = "CPU") -> None:
        """Sets `device`."""
        self.device = name

    def set_shape_info(self, shape_info: dict[str, list[int]]) -> None:
        """Sets `shape_infos`."""
        self.shape_infos = dict(shape_info)

    def set_cpu_operators(self, operators: Sequence[str]) -> None:
        """Sets `cpu_operators`."""
        self.cpu_operators = list(operators)

    def set_affinity(self, affinity: str) -> None:
        """Sets `affinity`."""
        self.affinity = affinity

    def set_performance_hint(self, hint: str) -> None:
        """Sets `hint`."""
        self.hint = hint

    def set_stream_num(self, num_streams: int) -> None:
        """Sets `num_streams`."""
        self.num_streams = num_streams


@dataclass(slots=True)
class TrtBackendOption(_KnownFields):
    """Options of TensorRT.

    Attributes:
        max_batch_size: Only 32, the default: profiles say which sizes are possible.
        max_workspace_size: Bytes that the builder may use.
        enable_log_info: Must stay False; use the logger ``hpinfer``.
        enable_fp16: Compute in half precision.
        serialize_file: Where engines are kept: a folder beside this path, one engine for each
            model, precision, device, TensorRT and set of shapes. The file itself is never written
            and never loaded.
        min_shape: Smallest shape by input name.
        opt_shape: Shape to be fastest at by input name.
        max_shape: Largest shape by input name.
    """

    max_batch_size: int = 32
    max_workspace_size: int = 1 << 30
    enable_log_info: bool = False
    enable_fp16: bool = False
    serialize_file: str = ""
    min_shape: dict[str, list[int]] = field(default_factory=dict)
    opt_shape: dict[str, list[int]] = field(default_factory=dict)
    max_shape: dict[str, list[int]] = field(default_factory=dict)

    def set_shape(
        self,
        tensor_name: str,
        min: Sequence[int],
        opt: Sequence[int] | None = None,
        max: Sequence[int] | None = None,
    ) -> None:
        """Shapes of an input that the engine is built for.

        Args:
            tensor_name: Name of the input.
            min: Smallest shape.
            opt: Shape to be fastest at; missing or empty means `min`.
            max: Largest shape; missing or empty means `min`.

        Raises:
            InvalidInputError: The shapes have different ranks, or are not in ascending order.
        """
        smallest = _dimensions(tensor_name, min)
        usual = _dimensions(tensor_name, opt) if opt else smallest
        largest = _dimensions(tensor_name, max) if max else smallest
        if not len(smallest) == len(usual) == len(largest):
            raise InvalidInputError(
                f"shapes of {tensor_name!r} must have one rank; got {smallest}, {usual}, {largest}"
            )
        triples = zip(smallest, usual, largest, strict=True)
        if any(not low <= middle <= high for low, middle, high in triples):
            raise InvalidInputError(
                f"shapes of {tensor_name!r} must ascend (min, opt, max); "
                f"got {smallest}, {usual}, {largest}"
            )
        self.min_shape[tensor_name] = smallest
        self.opt_shape[tensor_name] = usual
        self.max_shape[tensor_name] = largest

    def set_input_data(self, tensor_name: str, *data: Sequence[float]) -> None:
        """Values of inputs that hold shapes; not supported.

        Raises:
            UnsupportedError: Always.
        """
        raise UnsupportedError(
            f"trt_option.set_input_data({tensor_name!r}, …): inputs that hold shapes are not "
            "supported with TensorRT; use the onnxruntime backend for this model"
        )


@dataclass(slots=True)
class PaddleBackendOption(_KnownFields):
    """Options of Paddle Inference: those whose defaults hpinfer can keep.

    Attributes:
        enable_mkldnn: Use oneDNN on the CPU.
        mkldnn_cache_size: Only -1, the default.
        cpu_thread_num: Threads; 8, the default, leaves it to the thread budget.
        enable_memory_optimize: Only True, the default.
        switch_ir_optimize: Only True, the default.
        enable_log_info: Only False, the default.
        enable_trt: Only False, the default; use the TensorRT backend.
        collect_trt_shape: Only False, the default.
        inference_precision: Only ``"float32"``, the default.
    """

    enable_mkldnn: bool = True
    mkldnn_cache_size: int = -1
    cpu_thread_num: int = 8
    enable_memory_optimize: bool = True
    switch_ir_optimize: bool = True
    enable_log_info: bool = False
    enable_trt: bool = False
    collect_trt_shape: bool = False
    inference_precision: str = "float32"


def changed_fields(option: Any) -> dict[str, Any]:  # noqa: ANN401 - one of the classes above
    """Fields of an option that have not their default, with their values."""
    untouched = type(option)()
    return {
        item.name: getattr(option, item.name)
        for item in fields(option)
        if getattr(option, item.name) != getattr(untouched, item.name)
    }


def _dimensions(name: str, shape: Sequence[int]) -> list[int]:
    try:
        dimensions = [int(value) for value in shape]
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"a shape of {name!r} must be whole numbers; got {shape!r}"
        ) from None
    if not dimensions or min(dimensions) < 1:
        raise InvalidInputError(f"a shape of {name!r} must hold numbers above 0; got {shape!r}")
    return dimensions
