"""Runs every exported network on every engine and route and writes the results as JSON.

    python benchmarks/zoo/run.py --models <folder of export.py> --out results.json

Each model folder gets a child process; when an engine ends it, the cell is marked and a new child
goes on with the next. Cells that results.json already has are not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

_CELL_TIMEOUT_S = 240.0
_WORKER = Path(__file__).with_name("worker.py")
_CELLS = {
    "pdmodel": (
        "reference",
        "convert",
        "onnxruntime@onnx",
        "openvino@onnx",
        "openvino@own",
        "paddle@own",
        "mkldnn@own",
        "auto",
        "auto@no-paddle",
    ),
    "pir": (
        "reference",
        "convert",
        "onnxruntime@onnx",
        "openvino@onnx",
        "paddle@own",
        "mkldnn@own",
        "auto",
        "auto@no-paddle",
    ),
}


def main() -> int:
    """Runs what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="folder of export.py")
    parser.add_argument("--out", type=Path, required=True, help="results, JSON")
    parser.add_argument("--only", nargs="+", help="only these models")
    parser.add_argument("--again", nargs="+", default=[], help="cells to run again")
    parser.add_argument("--formats", nargs="+", choices=tuple(_CELLS), default=tuple(_CELLS))
    options = parser.parse_args()
    results = _load(options.out)
    results["machine"] = _machine()
    for model_format in options.formats:
        cells = _CELLS[model_format]
        for folder in sorted((options.models / model_format).glob("*/zoo.json")):
            name = folder.parent.name
            if name.endswith(".part") or (options.only and name not in options.only):
                continue
            entry = results["models"].setdefault(name, {}).setdefault(model_format, {})
            entry["about"] = json.loads(folder.read_text(encoding="utf-8"))
            missing = [cell for cell in cells if cell not in entry or cell in options.again]
            _run(folder.parent, entry, missing, options.models / "scratch" / model_format / name)
            _store(options.out, results)
    return 0


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {"models": {}}
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stored


def _store(path: Path, results: dict[str, Any]) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(results, indent=1, sort_keys=True), encoding="utf-8")
    temporary.replace(path)


def _machine() -> dict[str, str]:
    import importlib.metadata
    import platform

    packages = ("hpinfer", "onnxruntime", "openvino", "paddlepaddle")
    versions = {name: importlib.metadata.version(name) for name in packages}
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {**versions, "processor": model, "python": platform.python_version()}


def _run(folder: Path, entry: dict[str, Any], cells: list[str], scratch: Path) -> None:
    """Runs the cells in as many children as they need and puts their results into `entry`."""
    scratch.mkdir(parents=True, exist_ok=True)
    left = list(cells)
    while left:
        done = _child(folder, left, scratch)
        for cell, result in done.items():
            entry[cell] = result
            print(f"{folder.parent.name}/{folder.name} {cell}: {_short(result)}", flush=True)
        left = [cell for cell in left if cell not in done]
        if left and not done:
            for cell in left:
                entry[cell] = {"ok": False, "error": "the worker did not start"}
            return


def _short(result: dict[str, Any]) -> str:
    if not result["ok"]:
        return str(result["error"])[:150]
    words = [str(result.get("chosen", ""))]
    if "difference" in result:
        words.append(f"{result['difference']:.1e} {'' if result['agrees'] else 'WRONG'}")
    return " ".join(words)


def _child(folder: Path, cells: list[str], scratch: Path) -> dict[str, dict[str, Any]]:
    """Results of one child: all cells, or those up to the one that ended it."""
    child = subprocess.Popen(
        [sys.executable, str(_WORKER), str(folder), str(scratch), *cells],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2", "GLOG_minloglevel": "3"},
    )
    assert child.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_forward, args=(child.stdout, lines), daemon=True).start()
    found: dict[str, dict[str, Any]] = {}
    current = cells[0]
    while True:
        try:
            line = lines.get(timeout=_CELL_TIMEOUT_S)
        except queue.Empty:
            child.kill()
            found[current] = {"ok": False, "error": f"did not end in {_CELL_TIMEOUT_S:.0f} s"}
            break
        if line is None:
            code = child.wait()
            if current not in found:
                found[current] = {"ok": False, "error": f"the process ended with status {code}"}
            break
        if not line.startswith("zoo:"):
            continue
        told = json.loads(line[4:])
        current = told.pop("begin", None) or current
        if "cell" in told:
            found[told.pop("cell")] = told
    child.wait()
    return found


def _forward(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


if __name__ == "__main__":
    sys.exit(main())
