"""How names and options of ultra-infer that hpinfer does not have are refused."""

from __future__ import annotations

from hpinfer.errors import UnsupportedError


class UnsupportedNameError(UnsupportedError, AttributeError):
    """A name of ultra-infer that this drop-in does not have; `hasattr` says False for it."""


#: Names of the module that belong to parts which ultra-infer's own wheels do not contain either,
#: or which have their own place in hpinfer.
MODULE_NAMES = {
    "vision": "use hpinfer.create_model and hpinfer.create_pipeline for whole models",
    "text": "use the package that the model comes from",
    "ts": "use the package that the model comes from",
    "pipeline": "use hpinfer.create_pipeline",
    "py_only": "use hpinfer.create_model for whole models",
    "UltraInferModel": "use hpinfer.create_model for whole models",
    "ModelInitializationStatus": "creating a Runtime raises when it fails",
    "download": "use hpinfer models pull",
    "download_model": "use hpinfer models pull",
    "download_and_decompress": "use hpinfer models pull",
    "get_default_cuda_directory": "hpinfer doctor says which libraries it found",
    "KunlunXinOption": "there is no engine for this device",
    "CpuName": "there is no engine for this device",
    "CoreMask": "there is no engine for this device",
}

_NO_ENGINE = "hpinfer has no engine for it; it has onnxruntime, openvino, paddle, tensorrt and om"
_PADDLE_ENGINE = "hpinfer's Paddle engine takes no such option"
_NO_STREAM = "hpinfer runs on streams of its own"
#: Methods and sub-options of RuntimeOption that have no counterpart, and why.
OPTION_NAMES = {
    **dict.fromkeys(
        (
            *("use_kunlunxin", "use_rknpu2", "use_sophgo", "use_ipu", "set_ipu_config"),
            *("use_timvx", "use_directml", "use_horizon", "use_poros_backend"),
            *("use_tvm_backend", "use_lite_backend", "use_paddle_lite_backend"),
            *("use_sophgo_backend", "use_horizon_npu_backend", "poros_option"),
            *("paddle_lite_option", "rknpu2_option", "tvm_option"),
            *("set_lite_context_properties", "set_lite_model_cache_dir"),
            *("set_lite_dynamic_shape_info", "set_lite_subgraph_partition_path"),
            "set_lite_subgraph_partition_config_buffer",
            "set_lite_mixed_precision_quantization_config_path",
            *("enable_lite_fp16", "disable_lite_fp16", "set_lite_power_mode"),
        ),
        _NO_ENGINE,
    ),
    **dict.fromkeys(
        (
            *("enable_paddle_to_trt", "enable_paddle_trt_collect_shape"),
            *("disable_paddle_trt_collect_shape", "delete_paddle_backend_pass"),
            *("disable_paddle_trt_ops", "enable_paddle_log_info", "disable_paddle_log_info"),
            *("set_paddle_mkldnn", "set_paddle_mkldnn_cache_size"),
        ),
        _PADDLE_ENGINE,
    ),
    "set_external_stream": _NO_STREAM,
    "set_external_raw_stream": _NO_STREAM,
    "set_encryption_key": "hpinfer does not decrypt models; pass the bytes to set_model_buffer",
    "set_trt_input_data": "tensors that hold shapes are not supported with TensorRT",
}

_FROM_RUNTIME_OPTION = "it follows from use_cpu and use_gpu of RuntimeOption"
#: Fields and methods of the sub-options that have no counterpart, and why.
SUB_OPTION_NAMES = {
    **dict.fromkeys(("device", "device_id", "gpu_id"), _FROM_RUNTIME_OPTION),
    **dict.fromkeys(("external_stream", "external_stream_"), _NO_STREAM),
    "enable_pinned_memory": "the engines keep their own transfer buffers",
    **dict.fromkeys(
        (
            *("switch_ir_debug", "trt_min_subgraph_size", "collect_trt_shape_by_device"),
            *("gpu_mem_init_size", "enable_inference_cutlass", "enable_fixed_size_opt"),
            *("is_quantize_model", "trt_option", "ipu_option", "xpu_option"),
            *("delete_pass", "disable_trt_ops", "set_ipu_config"),
        ),
        _PADDLE_ENGINE,
    ),
}


def refuse_name(owner: str, name: str, known: dict[str, str]) -> UnsupportedNameError:
    """The error for a name that `owner` does not have."""
    if name in known:
        return UnsupportedNameError(
            f"{owner}.{name} is not part of hpinfer's ultra_infer: {known[name]}"
        )
    return UnsupportedNameError(f"{owner} has no attribute {name!r}")
