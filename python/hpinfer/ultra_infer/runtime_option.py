"""``RuntimeOption``: what a runtime shall load, where, and on which engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import ConfigError, InvalidTypeError
from hpinfer.ultra_infer.backend_options import (
    OpenVINOBackendOption,
    OrtBackendOption,
    PaddleBackendOption,
    TrtBackendOption,
)
from hpinfer.ultra_infer.enums import Backend, Device, ModelFormat
from hpinfer.ultra_infer.unsupported import OPTION_NAMES, refuse_name

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Profiling:
    """How `Runtime.infer` measures itself.

    Attributes:
        include_copies: Count the copies between host and device.
        repeat: Runs that are measured.
        warmup: Runs before them.
    """

    include_copies: bool
    repeat: int
    warmup: int


class RuntimeOption:
    """Options of a `Runtime`; the device is the CPU unless another one is asked for.

    Attributes:
        model_file: Path of the model, or None.
        params_file: Path of its weights, empty if they are in the model's file or beside it.
        model_buffer: The model itself, if it is in memory.
        params_buffer: Its weights, if they are in memory.
        model_format: What the model's file holds.
        backend: The engine; `Backend.UNKNOWN` lets hpinfer take one.
        device: Where the model runs.
        device_id: Which of those devices.
        cpu_thread_num: Threads; -1 leaves it to the thread budget.
        profiling: How to measure, or None.
        ort_option: Options of ONNX Runtime.
        openvino_option: Options of OpenVINO.
        trt_option: Options of TensorRT.
        paddle_infer_option: Options of Paddle Inference.
    """

    __slots__ = (
        "backend",
        "cpu_thread_num",
        "device",
        "device_id",
        "model_buffer",
        "model_file",
        "model_format",
        "openvino_option",
        "ort_option",
        "paddle_infer_option",
        "params_buffer",
        "params_file",
        "profiling",
        "trt_option",
    )

    def __init__(self) -> None:
        self.model_file: str | None = None
        self.params_file = ""
        self.model_buffer: bytes | None = None
        self.params_buffer = b""
        self.model_format = ModelFormat.PADDLE
        self.backend = Backend.UNKNOWN
        self.device = Device.CPU
        self.device_id = 0
        self.cpu_thread_num = -1
        self.profiling: Profiling | None = None
        self.ort_option = OrtBackendOption()
        self.openvino_option = OpenVINOBackendOption()
        self.trt_option = TrtBackendOption()
        self.paddle_infer_option = PaddleBackendOption()

    def __getattr__(self, name: str) -> object:
        raise refuse_name("RuntimeOption", name, OPTION_NAMES)

    @property
    def model_from_memory(self) -> bool:
        """Whether the model was given as bytes."""
        return self.model_buffer is not None

    def set_model_path(
        self,
        model_path: str,
        params_path: str = "",
        model_format: ModelFormat = ModelFormat.PADDLE,
    ) -> None:
        """The model's files.

        Args:
            model_path: The model.
            params_path: Its weights; empty if it has no such file, or if the file lies beside it
                with the usual name.
            model_format: What the files hold.
        """
        self.model_file, self.params_file = str(model_path), str(params_path)
        self.model_buffer, self.params_buffer = None, b""
        self.model_format = ModelFormat(model_format)

    def set_model_buffer(
        self,
        model_buffer: bytes,
        params_buffer: bytes | str = b"",
        model_format: ModelFormat = ModelFormat.PADDLE,
    ) -> None:
        """The model itself, in memory.

        Args:
            model_buffer: The model.
            params_buffer: Its weights; empty if the format has none.
            model_format: What the buffers hold.

        Raises:
            InvalidTypeError: Something else than bytes.
        """
        self.model_buffer = _checked_bytes("model_buffer", model_buffer)
        self.params_buffer = _checked_bytes("params_buffer", params_buffer or b"")
        self.model_file, self.params_file = None, ""
        self.model_format = ModelFormat(model_format)

    def use_cpu(self) -> None:
        """Run on the CPU."""
        self.device, self.device_id = Device.CPU, 0

    def use_gpu(self, device_id: int = 0) -> None:
        """Run on an NVIDIA GPU; creating the runtime fails if there is none."""
        self.device, self.device_id = Device.GPU, _checked_device_id(device_id)

    def use_ascend(self, device_id: int = 0) -> None:
        """Run on an Ascend NPU; creating the runtime fails if CANN is not installed."""
        self.device, self.device_id = Device.ASCEND, _checked_device_id(device_id)

    def set_cpu_thread_num(self, thread_num: int = -1) -> None:
        """Number of threads.

        Args:
            thread_num: Threads; more than the process may use are cut to that number, and the log
                says so once. 0 or less leaves it to the thread budget.
        """
        if not isinstance(thread_num, int) or isinstance(thread_num, bool):
            raise InvalidTypeError(f"set_cpu_thread_num takes a whole number; got {thread_num!r}")
        self.cpu_thread_num = thread_num if thread_num > 0 else -1

    def use_ort_backend(self) -> None:
        """Use ONNX Runtime."""
        self.backend = Backend.ORT

    def use_openvino_backend(self) -> None:
        """Use OpenVINO."""
        self.backend = Backend.OPENVINO

    def use_trt_backend(self) -> None:
        """Use TensorRT."""
        self.backend = Backend.TRT

    def use_om_backend(self) -> None:
        """Use Ascend's offline models."""
        self.backend = Backend.OMONNPU

    def use_paddle_infer_backend(self) -> None:
        """Use Paddle Inference."""
        self.backend = Backend.PDINFER

    use_paddle_backend = use_paddle_infer_backend

    def enable_profiling(
        self, inclue_h2d_d2h: bool = False, repeat: int = 100, warmup: int = 50
    ) -> None:
        """Makes every `Runtime.infer` run `warmup` + `repeat` times and measure the latter.

        Args:
            inclue_h2d_d2h: Count the copies between host and device (ultra-infer's spelling).
            repeat: Runs that are measured.
            warmup: Runs before them.

        Raises:
            ConfigError: No run to measure.
        """
        if repeat < 1 or warmup < 0:
            raise ConfigError(
                f"enable_profiling needs repeat >= 1 and warmup >= 0; got {repeat} and {warmup}"
            )
        self.profiling = Profiling(bool(inclue_h2d_d2h), int(repeat), int(warmup))

    def disable_profiling(self) -> None:
        """Measure nothing."""
        self.profiling = None

    def enable_valid_backend_check(self) -> None:
        """Checks whether the backend can read the model; hpinfer always does."""

    def disable_valid_backend_check(self) -> None:
        """Not supported: the check is not optional.

        Raises:
            UnsupportedError: Always.
        """
        raise refuse_name(
            "RuntimeOption",
            "disable_valid_backend_check",
            {"disable_valid_backend_check": "hpinfer always checks whether an engine can read it"},
        )

    def enable_pinned_memory(self) -> None:
        """Not supported.

        Raises:
            UnsupportedError: Always.
        """
        raise refuse_name(
            "RuntimeOption",
            "enable_pinned_memory",
            {"enable_pinned_memory": "the engines keep their own transfer buffers"},
        )

    def disable_pinned_memory(self) -> None:
        """Pinned memory is not used; nothing to switch off."""

    def set_ort_graph_opt_level(self, level: int = -1) -> None:
        """The same as ``ort_option.graph_optimization_level = level``."""
        self.ort_option.graph_optimization_level = level

    def set_openvino_device(self, name: str = "CPU") -> None:
        """The same as ``openvino_option.set_device(name)``."""
        self.openvino_option.set_device(name)

    def set_openvino_shape_info(self, shape_info: dict[str, list[int]]) -> None:
        """The same as ``openvino_option.set_shape_info(shape_info)``."""
        self.openvino_option.set_shape_info(shape_info)

    def set_openvino_cpu_operators(self, operators: Sequence[str]) -> None:
        """The same as ``openvino_option.set_cpu_operators(operators)``."""
        self.openvino_option.set_cpu_operators(operators)

    def set_trt_input_shape(
        self,
        tensor_name: str,
        min_shape: Sequence[int],
        opt_shape: Sequence[int] | None = None,
        max_shape: Sequence[int] | None = None,
    ) -> None:
        """The same as ``trt_option.set_shape``."""
        self.trt_option.set_shape(tensor_name, min_shape, opt_shape, max_shape)

    def set_trt_cache_file(self, cache_file_path: str) -> None:
        """The same as ``trt_option.serialize_file = cache_file_path``."""
        self.trt_option.serialize_file = cache_file_path

    def enable_trt_fp16(self) -> None:
        """The same as ``trt_option.enable_fp16 = True``."""
        self.trt_option.enable_fp16 = True

    def disable_trt_fp16(self) -> None:
        """The same as ``trt_option.enable_fp16 = False``."""
        self.trt_option.enable_fp16 = False

    def set_trt_max_workspace_size(self, trt_max_workspace_size: int) -> None:
        """The same as ``trt_option.max_workspace_size = …``."""
        self.trt_option.max_workspace_size = trt_max_workspace_size

    def set_trt_max_batch_size(self, trt_max_batch_size: int) -> None:
        """The same as ``trt_option.max_batch_size = …``."""
        self.trt_option.max_batch_size = trt_max_batch_size

    def __repr__(self) -> str:
        hidden = ("model_buffer", "params_buffer")
        values = (f"  {name}: {getattr(self, name)!r}" for name in self.__slots__)
        lines = [line for line in values if not line.strip().startswith(hidden)]
        return "\n".join(["RuntimeOption(", *lines, ")"])


def _checked_device_id(value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigError(f"a device id must be a whole number of at least 0; got {value!r}")
    return value


def _checked_bytes(name: str, value: object) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise InvalidTypeError(
            f"set_model_buffer: {name} must be bytes; got {type(value).__name__}. For files use "
            "set_model_path"
        )
    return bytes(value)
