"""Turns options into Paddle's configuration object."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer import _native
    from hpinfer.networks import Program
    from hpinfer.paddle_inference.options import PaddleOptions, RunMode

#: PaddleX's default: compiled oneDNN primitives are kept for as many input shapes.
DEFAULT_CACHE_CAPACITY = 10
#: The same with memory "fast": some 13 MB a shape for a text recogniser.
_FAST_CACHE_CAPACITY = 64
_OPTIMIZATION_LEVEL = 3
_GPU_POOL_MB = 100  # where the pool starts; it grows
_TENSORRT_DEFAULTS: dict[str, Any] = {
    "workspace_size": 1 << 30,
    "max_batch_size": 1,
    "min_subgraph_size": 3,
    "use_static": False,
    "use_calib_mode": False,
}


def requested_mode(options: PaddleOptions, common: _native.SessionOptions) -> RunMode | None:
    """The run mode that `run_mode` and `precision` together ask for.

    Raises:
        ConfigError: They contradict each other.
    """
    implied: dict[str, RunMode] = {"bf16": "mkldnn_bf16", "fp16": "paddle_fp16"}
    mode = implied.get(common.precision.name)
    if mode is None or options.run_mode in (None, mode):
        return mode or options.run_mode
    if options.run_mode == "trt_fp16" and mode == "paddle_fp16":
        return "trt_fp16"
    raise ConfigError(
        f"precision {common.precision.name!r} contradicts run_mode {options.run_mode!r}; "
        "give one of them"
    )


def check_common(common: _native.SessionOptions) -> None:
    """Refuses session options that Paddle Inference has nothing for.

    Raises:
        ConfigError: An option is set.
    """
    if common.providers:
        raise ConfigError("providers has no effect on engine 'paddle': it is for 'onnxruntime'")
    if common.graph_optimization.name != "all":
        raise ConfigError(
            "graph_optimization has no effect on engine 'paddle'; leave passes out with delete_pass"
        )
    if str(common.cache_dir) not in ("", "."):
        raise ConfigError("cache_dir has no effect on engine 'paddle': it compiles nothing to keep")
    if str(common.optimized_model) not in ("", "."):
        raise ConfigError("optimized_model has no effect on engine 'paddle': it writes no graph")
    for name in ("outputs_on_device", "gpu_memory_mib"):
        if getattr(common, name):
            raise ConfigError(f"{name} has no effect on engine 'paddle'; it is for onnxruntime")


def total_threads(options: PaddleOptions, common: _native.SessionOptions) -> int:
    """Threads of all streams together.

    Raises:
        ConfigError: `cpu_threads` and `num_threads` contradict each other.
    """
    from hpinfer import _native

    if common.num_threads < 0:
        raise ConfigError(
            f"num_threads must be at least 1, or 0 for all available; got {common.num_threads}"
        )
    given = {options.cpu_threads or 0, common.num_threads} - {0}
    if len(given) == 2:
        raise ConfigError(
            f"cpu_threads {options.cpu_threads} contradicts num_threads {common.num_threads}; "
            "give one of them"
        )
    return given.pop() if given else int(_native.thread_info()["threads"])


def configure(
    inference: Any,  # noqa: ANN401 - paddle has no type information
    *,
    files: tuple[Path, Path | None],
    mode: RunMode,
    options: PaddleOptions,
    common: _native.SessionOptions,
    gpu_index: int,
    program: Program,
    new_ir: bool,
) -> Any:  # noqa: ANN401
    """Paddle's configuration of one session; `common.num_threads` is resolved."""
    config = inference.Config()
    model, params = files
    config.set_prog_file(str(model))
    if params is not None:
        config.set_params_file(str(params))
    config.disable_glog_info()
    config.switch_use_feed_fetch_ops(False)
    config.enable_new_executor()
    config.enable_new_ir(new_ir)
    config.set_optimization_level(_OPTIMIZATION_LEVEL)
    config.enable_memory_optim()
    if options.enable_cinn:
        _enable_cinn(config)
    if common.device.startswith("gpu"):
        _configure_gpu(inference, config, mode, gpu_index)
        if mode.startswith("trt_"):
            _configure_tensorrt(inference, config, mode, options, program)
    else:
        config.disable_gpu()
        threads = max(1, common.num_threads // common.num_streams)
        config.set_cpu_math_library_num_threads(threads)
        _configure_onednn(config, mode, options, common)
    _delete_passes(config, options.delete_pass, new_ir=new_ir)
    return config


def _delete_passes(config: Any, names: tuple[str, ...], *, new_ir: bool) -> None:  # noqa: ANN401
    """Leaves passes out, last of all: the settings before choose the list.

    Paddle ignores names that it does not know. It tells its list for the legacy IR only, so with
    PIR no more can be checked than what all names have in common.
    """
    known = config.pass_builder().all_passes()
    for name in names:
        if not (name.endswith("_pass") if new_ir else name in known):
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            raise ConfigError(f"delete_pass: Paddle runs no pass {name!r} for this model{hint}")
        config.delete_pass(name)


def _configure_onednn(
    config: Any,  # noqa: ANN401
    mode: RunMode,
    options: PaddleOptions,
    common: _native.SessionOptions,
) -> None:
    if not mode.startswith("mkldnn"):
        config.disable_mkldnn()
        return
    config.enable_mkldnn()
    usual = DEFAULT_CACHE_CAPACITY if common.memory.name == "bounded" else _FAST_CACHE_CAPACITY
    config.set_mkldnn_cache_capacity(options.mkldnn_cache_capacity or usual)
    if mode == "mkldnn_bf16":
        config.enable_mkldnn_bfloat16()


def _enable_cinn(config: Any) -> None:  # noqa: ANN401
    paddle: Any = importlib.import_module("paddle")
    if not paddle.is_compiled_with_cinn():
        raise UnsupportedError("enable_cinn needs a PaddlePaddle that is built with CINN")
    config.enable_cinn()


def _configure_gpu(inference: Any, config: Any, mode: RunMode, index: int) -> None:  # noqa: ANN401
    precision = inference.PrecisionType
    half = mode == "paddle_fp16"
    config.enable_use_gpu(_GPU_POOL_MB, index, precision.Half if half else precision.Float32)


def _configure_tensorrt(
    inference: Any,  # noqa: ANN401
    config: Any,  # noqa: ANN401
    mode: RunMode,
    options: PaddleOptions,
    program: Program,
) -> None:
    if program.format == "pir":
        raise UnsupportedError(
            f"run_mode {mode!r} is for .pdmodel files; for a PIR program use backend 'tensorrt'"
        )
    kinds = inference.PrecisionType
    precision = {"trt_fp32": kinds.Float32, "trt_fp16": kinds.Half, "trt_int8": kinds.Int8}[mode]
    settings = {**_TENSORRT_DEFAULTS, **options.trt_cfg_setting}
    config.enable_tensorrt_engine(precision_mode=precision, **settings)
    if not options.trt_use_dynamic_shapes:
        return
    ranges = options.trt_dynamic_shapes
    if options.trt_shape_range_info_path is not None:
        config.enable_tuned_tensorrt_dynamic_shape(
            str(options.trt_shape_range_info_path), options.trt_allow_rebuild_at_runtime
        )
    elif ranges:
        smallest, usual, largest = ({k: v[i] for k, v in ranges.items()} for i in range(3))
        config.set_trt_dynamic_shape_info(smallest, largest, usual)
    else:
        raise ConfigError(f"run_mode {mode!r} needs trt_dynamic_shapes")
