"""Runs in a process of its own: one feed through one engine, for the check of a conversion.

An engine may abort on a bad model. Standard library, NumPy and the engine only: this file is run by
its path. Request: engine, model, params, feed (an .npz file), output (the .npz file to write, its
arrays named by position). Answer: version of the
engine, or error and stage (load or run).
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    Arrays = list[npt.NDArray[np.generic]]
    Feed = dict[str, npt.NDArray[np.generic]]
    Infer = Callable[[Feed], Arrays]


def main() -> None:
    """Reads the request, runs the engine, answers."""
    request = json.load(sys.stdin)
    # What is printed on the way goes to standard error: standard output carries the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:] = request["sys_path"]
    json.dump(run(request), answer)
    answer.flush()
    os._exit(0)  # static destructors of what was loaded have nothing left to say


def run(request: dict[str, Any]) -> dict[str, str]:
    """Runs the model and writes its outputs; the answer."""
    import numpy as np

    with np.load(request["feed"], allow_pickle=False) as stored:
        feed = {name: stored[name] for name in stored.files}
    engine = {"onnxruntime": load_onnxruntime, "openvino": load_openvino, "paddle": load_paddle}
    stage = "load"
    try:
        infer, version = engine[request["engine"]](request)
        stage = "run"
        outputs = infer(feed)
    except Exception as error:
        reason = " ".join(str(error).split())[:400] or type(error).__name__
        return {"error": reason, "stage": stage}
    named: dict[str, Any] = {str(index): array for index, array in enumerate(outputs)}
    np.savez(request["output"], **named)
    return {"version": version}


def load_onnxruntime(request: dict[str, Any]) -> tuple[Infer, str]:
    """An ONNX model in ONNX Runtime, and its version."""
    import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]

    session = onnxruntime.InferenceSession(request["model"], providers=["CPUExecutionProvider"])

    def infer(feed: Feed) -> Arrays:
        used = {item.name: feed[item.name] for item in session.get_inputs()}
        return list(session.run(None, used))

    return infer, str(onnxruntime.__version__)


def load_openvino(request: dict[str, Any]) -> tuple[Infer, str]:
    """A .pdmodel as OpenVINO reads it, and its version."""
    import openvino  # type: ignore[import-not-found,import-untyped,unused-ignore]

    core = openvino.Core()
    # The default precision of some processors is bf16.
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(request["model"]), "CPU", options)

    def infer(feed: Feed) -> Arrays:
        named = {
            name: feed[name] for item in compiled.inputs for name in item.get_names() & feed.keys()
        }
        results = compiled(named)
        return [results[output] for output in compiled.outputs]

    return infer, str(openvino.__version__).partition("-")[0]


def load_paddle(request: dict[str, Any]) -> tuple[Infer, str]:
    """A Paddle model without oneDNN, whose kernels are wrong in some releases, and its version."""
    import paddle  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from paddle import inference

    config = inference.Config(request["model"], request["params"])
    config.disable_gpu()
    config.disable_mkldnn()
    config.disable_glog_info()
    predictor = inference.create_predictor(config)

    def infer(feed: Feed) -> Arrays:
        for name in predictor.get_input_names():
            handle = predictor.get_input_handle(name)
            handle.reshape(list(feed[name].shape))
            handle.copy_from_cpu(feed[name])
        predictor.run()
        handles = [predictor.get_output_handle(name) for name in predictor.get_output_names()]
        return [handle.copy_to_cpu() for handle in handles]

    return infer, str(paddle.__version__)


if __name__ == "__main__":
    main()
