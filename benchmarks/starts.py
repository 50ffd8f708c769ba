"""Times the first start of the OCR pipeline, which converts and compiles, and the later ones.

Each start is a new process that makes the pipeline from copies of the model folders; before the
first of a row the copies hold no artifacts. Later starts are the median of --repeat.

    python benchmarks/starts.py
    python benchmarks/starts.py --engines onnxruntime --formats onnx --repeat 9
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hpinfer import hub
from hpinfer.errors import HpinferError

MODULES = {"TextDetection": "PP-OCRv4_mobile_det", "TextRecognition": "PP-OCRv4_mobile_rec"}
ENGINES = ("auto", "openvino", "onnxruntime", "paddle")


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES[:-1])
    parser.add_argument("--formats", nargs="+", choices=("paddle", "onnx"), default=None)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        print(json.dumps(start(json.loads(arguments.child))))
        return
    print("| from | engine | first s | later s | made in the first start | loaded again in |")
    print("|---|---|---:|---:|---|---|")
    for model_format in arguments.formats or ("paddle", "onnx"):
        for engine in arguments.engines:
            print(row(engine, model_format, arguments.repeat), flush=True)


def row(engine: str, model_format: Any, repeat: int) -> str:  # noqa: ANN401 - a literal
    """One line of the table."""
    with tempfile.TemporaryDirectory(prefix="hpinfer-starts-") as folder:
        modules = {}
        for module, name in MODULES.items():
            source = hub.resolve(name, formats=(model_format,)).directory
            copy = Path(folder, name)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".cache"))
            modules[module] = {"model_name": name, "model_dir": str(copy)}
        request: dict[str, Any] = {"config": {"pipeline_name": "OCR", "SubModules": modules}}
        if engine != "auto":
            request["engine"] = engine
        first, *later = (child(request) for _ in range(repeat + 1))
    if "error" in first:
        return f"| {model_format} | {engine} | {first['error']} | | | |"
    chosen = "" if engine != "auto" else f" ({', '.join(sorted(set(first['engines'])))})"
    again = statistics.median(item["seconds"] for item in later)
    return (
        f"| {model_format} | {engine}{chosen} | {first['seconds']:.2f} | {again:.2f} | "
        f"{artifacts(first)} | {artifacts(later[-1])} |"
    )


def artifacts(found: dict[str, Any]) -> str:
    """What was made or reused, and the time of each, summed over the models."""
    kinds = dict.fromkeys(kind for kind, _ in found["artifacts"])
    total = {kind: sum(s for other, s in found["artifacts"] if other == kind) for kind in kinds}
    return ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in total.items()) or "nothing"


def child(request: dict[str, Any]) -> dict[str, Any]:
    """A start in a process of its own."""
    command = [sys.executable, __file__, "--child", json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def start(request: dict[str, Any]) -> dict[str, Any]:
    """Makes the pipeline; imports of hpinfer's own modules count, those of this file do not."""
    import hpinfer

    begin = time.perf_counter()
    try:
        pipeline = hpinfer.create_pipeline(**request)
    except HpinferError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    seconds = time.perf_counter() - begin
    models = pipeline.explain().models
    return {
        "seconds": seconds,
        "engines": [model.engine for model in models],
        "artifacts": [(use.kind, use.seconds) for model in models for use in model.artifacts],
    }


if __name__ == "__main__":
    main()
