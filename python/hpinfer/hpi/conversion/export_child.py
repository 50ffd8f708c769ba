"""Runs in a process of its own: converts a Paddle model with paddle2onnx's compiled extension.

The converter aborts, or ends the process, on what it does not know. Standard library only: this
file is run by its path, so that neither hpinfer nor the converter's Python package is imported.
Request: library, needs_paddle, program, params, opset, output. Answer: size of the ONNX file in
bytes, 0 if the converter gave none.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

_NAME = "paddle2onnx_cpp2py_export"


def main() -> None:
    """Reads the request, converts, answers."""
    request = json.load(sys.stdin)
    # What is printed on the way goes to standard error: standard output carries the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:] = request["sys_path"]
    size = convert(request)
    json.dump({"size": size}, answer)
    answer.flush()
    os._exit(0)  # static destructors of what was loaded have nothing left to say


def convert(request: dict[str, Any]) -> int:
    """Writes the ONNX file; its size."""
    if request["needs_paddle"]:
        # The extension finds libpaddle among the loaded libraries.
        import paddle  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
    spec = importlib.util.spec_from_file_location(_NAME, request["library"])
    if spec is None or spec.loader is None:
        raise ImportError(f"{request['library']} is not an extension of this Python")
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    upgrade = checker = experimental = optimize = True
    verbose, half_precision = False, False
    model = extension.export(
        *(request["program"], request["params"], request["opset"]),
        *(upgrade, verbose, checker, experimental, optimize),
        *({}, "onnxruntime", "", "", half_precision),
    )
    Path(request["output"]).write_bytes(model)
    return len(model)


if __name__ == "__main__":
    main()
