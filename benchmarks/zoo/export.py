"""Builds the zoo's networks and writes them as Paddle's static graphs.

    python benchmarks/zoo/export.py --out <folder> [--models ResNet18 PicoDet-S] [--all]

PaddlePaddle 2.6 writes ``<folder>/pdmodel/<model>``, PaddlePaddle 3 ``<folder>/pir/<model>``, each
with an inference.yml as published models have it and zoo.json with what run.py needs. Each
network is built in a process of its own, because the packages keep global settings and a network
that fails must not take the rest along.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feeds
import numpy as np
import registry
import training_only
import weights

if TYPE_CHECKING:
    from network import Input, Network

_TIMEOUT_S = 900.0


def main() -> int:
    """Exports what was asked for; the status is 1 if one failed."""
    options = _options()
    if options.child:
        return _child(options.child, options.out)
    names = options.models or registry.names(everything=options.all)
    failed = [name for name in names if not _in_child(name, options.out)]
    if failed:
        print("not exported:", ", ".join(failed))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the models")
    parser.add_argument("--models", nargs="+", help="only these")
    parser.add_argument("--all", action="store_true", help="every size, not one or two a family")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_child(name: str, out: Path) -> bool:
    if (out / _format() / name / "zoo.json").is_file():
        return True
    command = [sys.executable, __file__, "--out", str(out), "--child", name]
    try:
        done = subprocess.run(
            command, timeout=_TIMEOUT_S, check=False, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: did not end in {_TIMEOUT_S:.0f} s", flush=True)
        return False
    lines = (done.stdout + done.stderr).strip().splitlines()
    print(f"{name}: {'ok' if done.returncode == 0 else lines[-1]}", flush=True)
    return done.returncode == 0


def _format() -> str:
    """Which format the installed PaddlePaddle writes, told without importing it."""
    import importlib.metadata

    return "pdmodel" if importlib.metadata.version("paddlepaddle").startswith("2.") else "pir"


def _child(name: str, out: Path) -> int:
    training_only.install()
    _find_paddleclas()
    try:
        _export(registry.network(name), out / _format() / name)
    except Exception:
        folder = out / _format() / name
        shutil.rmtree(folder, ignore_errors=True)
        failures = out / "failures" / _format()
        failures.mkdir(parents=True, exist_ok=True)
        (failures / f"{name}.txt").write_text(traceback.format_exc(), encoding="utf-8")
        traceback.print_exc()
        return 1
    return 0


def _find_paddleclas() -> None:
    """Makes ``ppcls`` importable, which the wheel hides inside its command-line package."""
    import importlib.util

    found = importlib.util.find_spec("paddleclas")
    if found is not None and found.submodule_search_locations:
        sys.path.insert(0, next(iter(found.submodule_search_locations)))


def _export(network: Network, folder: Path) -> None:
    import yaml

    import paddle

    paddle.set_device("cpu")
    paddle.seed(weights.SEED)
    np.random.seed(weights.SEED)
    layer = network.build()
    arrays = feeds.for_inputs(_examples(network.inputs), seed=weights.SEED)
    tensors = {name: paddle.to_tensor(array) for name, array in arrays.items()}

    def run() -> Any:
        return layer(dict(tensors)) if network.by_name else layer(*tensors.values())

    weights.randomise(layer, run, logits=network.logits)
    if network.finish is not None:
        network.finish(layer, run)
    _merge_branches(layer)
    specs = [
        paddle.static.InputSpec(list(entry.declared), "float32", entry.name)
        for entry in network.inputs
    ]
    if network.by_name:
        specs = [{spec.name: spec for spec in specs}]
    temporary = folder.with_name(folder.name + ".part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    paddle.jit.save(layer, str(temporary / "inference"), input_spec=specs)
    config = {"Global": {"model_name": network.model}, **network.config}
    text = yaml.safe_dump(config, sort_keys=False)
    (temporary / "inference.yml").write_text(text, encoding="utf-8")
    about = {
        "model": network.model,
        "package": network.package,
        "compare": network.compare,
        "inputs": [dataclasses.asdict(entry) for entry in network.inputs],
        "parameters": sum(int(np.prod(value.shape)) for value in layer.parameters()),
        "paddlepaddle": paddle.__version__,
    }
    (temporary / "zoo.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def _merge_branches(layer: Any) -> None:
    """Makes one convolution of those that only training keeps apart, as exporters do."""
    for part in layer.sublayers():
        if hasattr(part, "convert_to_deploy"):
            part.convert_to_deploy()
        elif hasattr(part, "rep") and not getattr(part, "is_repped", True):
            part.rep()


def _examples(inputs: tuple[Input, ...]) -> list[dict[str, Any]]:
    """Inputs with several pictures: statistics of vectors need more than one sample."""
    large = any(int(np.prod(entry.fed[1:])) > 500_000 for entry in inputs)
    count = 2 if large else 4
    return [{**dataclasses.asdict(entry), "fed": (count, *entry.fed[1:])} for entry in inputs]


if __name__ == "__main__":
    sys.exit(main())
