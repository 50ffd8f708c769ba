"""What PaddleX 3.0.0 to 3.7.2 does with ``ultra_infer``, call by call, without PaddleX.

The sequences are those of its high-performance runner as observed at the boundary: the questions of
automatic mode, the building of a runtime for each backend, and the way inputs are handed over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np


def available_backends(ui, *, has_onnx, has_paddle=False, device="cpu"):
    """What automatic mode asks, in its order."""
    built = {
        "om": ui.is_built_with_om(),
        "openvino": ui.is_built_with_openvino(),
        "onnxruntime": ui.is_built_with_ort(),
        "tensorrt": ui.is_built_with_trt(),
    }
    found = ["paddle"] if has_paddle else []
    if built["openvino"] and has_onnx and device == "cpu":
        found.append("openvino")
    if built["onnxruntime"] and has_onnx and device in ("cpu", "gpu"):
        found.append("onnxruntime")
    if built["tensorrt"] and has_onnx and device == "gpu":
        found.append("tensorrt")
    return found


def build(ui, model_dir, backend, *, device="cpu", device_id=None, config=None):
    """A runtime, built with the same calls in the same order."""
    config = dict(config or {})
    option = ui.RuntimeOption()
    if device == "gpu":
        option.use_gpu(device_id or 0)
    elif device == "npu":
        option.use_ascend(device_id or 0)
    if backend == "om":
        option.set_model_path(str(Path(model_dir) / "inference.om"), "", ui.ModelFormat.OM)
    else:
        option.set_model_path(str(Path(model_dir) / "inference.onnx"), "", ui.ModelFormat.ONNX)
    if backend == "openvino":
        option.use_openvino_backend()
        option.set_cpu_thread_num(config.get("cpu_num_threads", 10))
    elif backend == "onnxruntime":
        option.use_ort_backend()
        option.set_cpu_thread_num(config.get("cpu_num_threads", 10))
    elif backend == "tensorrt":
        option.use_trt_backend()
        folder = Path(model_dir) / ".cache" / "tensorrt"
        folder.mkdir(parents=True, exist_ok=True)
        option.trt_option.serialize_file = str(folder / "trt_serialized.trt")
        if config.get("precision") == "fp16":
            option.trt_option.enable_fp16 = True
        if not Path(option.trt_option.serialize_file).exists():
            for name, shapes in config.get("dynamic_shapes", {}).items():
                option.trt_option.set_shape(name, *shapes)
    else:
        option.use_om_backend()
    return ui.Runtime(option)


class Runner:
    """A runtime as PaddleX's predictors use it."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.names = [runtime.get_input_info(i).name for i in range(runtime.num_inputs())]

    def __call__(self, arrays):
        """Arrays in alphabetical order of the input names."""
        if len(arrays) != len(self.names):
            raise ValueError(f"Expected {len(self.names)} inputs but got {len(arrays)} instead")
        alphabetical = sorted(range(len(self.names)), key=self.names.__getitem__)
        ordered = [None] * len(arrays)
        for position, index in enumerate(alphabetical):
            ordered[index] = np.ascontiguousarray(arrays[position])
        return self.runtime.infer(dict(zip(self.names, ordered, strict=True)))
