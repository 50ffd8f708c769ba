"""What the OCR pipeline costs beside its networks: time of a call over time inside the engines.

One thread, one page a call, so that nothing overlaps and the two times can be divided. The time in
engines comes from the timers that every result carries (`timing`): from the moment when
`Session::run` hands over to the engine to the moment when it comes back.

    python benchmarks/overhead.py IMAGE... --engines onnxruntime openvino --precisions fp32 bf16
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from hpinfer.bench import BenchPlan, run_plan, sweep
from hpinfer.bench.report import machine_line, table
from hpinfer.results.files import write_text


def plan(arguments: argparse.Namespace) -> BenchPlan:
    """A case for each engine and precision that go together."""
    cases = []
    for precision in arguments.precisions:
        engines = [e for e in arguments.engines if precision == "fp32" or e == "openvino"]
        options: dict[str, Any] = {"precision": precision}
        if arguments.generation == "v6":
            options["config"] = {
                "pipeline_name": "OCR",
                "SubModules": {
                    "TextDetection": {"model_name": "PP-OCRv6_small_det"},
                    "TextRecognition": {"model_name": "PP-OCRv6_small_rec"},
                },
            }
        cases += sweep("OCR", is_pipeline=True, engines=engines, threads=[1], options=options)
    inputs = [str(path) for path in arguments.images]
    return BenchPlan(cases, inputs, warmup=arguments.warmup, rounds=arguments.rounds)


def ratio(samples: list[dict[str, Any]]) -> float:
    """Seconds of the calls over seconds in engines, summed over the pages of a round."""
    networks = sum(sample["stages"]["network"] for sample in samples)
    return float(sum(sample["seconds"] for sample in samples) / networks)


def row(case: dict[str, Any]) -> list[str]:
    """One case: the ratio, its spread, and where the rest goes, in % of the time in engines."""
    rounds = [item["calls"]["samples"] for item in case["rounds"]]
    ratios = [ratio(samples) for samples in rounds]
    samples = [sample for item in rounds for sample in item]
    sums = {
        name: sum(sample["stages"].get(name, 0.0) for sample in samples)
        for name in dict.fromkeys(name for sample in samples for name in sample["stages"])
    }
    network = sums["network"]
    stages = ("decode", "detection", "crops", "recognition")
    own = {name: sums[name] - sums.get(f"{name}.network", 0.0) for name in stages}
    rest = sum(sample["seconds"] for sample in samples) - network - sum(own.values())
    return [
        f"{case['case']['engine']} {case['case']['options']['precision']}",
        f"{statistics.median(ratios):.4f}",
        f"{min(ratios):.4f} to {max(ratios):.4f}",
        *(f"{seconds / network:.2%}" for seconds in own.values()),
        f"{rest / network:.2%}",
        f"{network / len(rounds):.2f}",
    ]


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--engines", nargs="+", default=["onnxruntime", "openvino"])
    parser.add_argument("--precisions", nargs="+", default=["fp32"], choices=["fp32", "bf16"])
    parser.add_argument("--generation", choices=["v4", "v6"], default="v4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every sample here")
    arguments = parser.parse_args()
    document = run_plan(plan(arguments), progress=lambda text: print(text, file=sys.stderr))
    header = ["engine", "call / engines", "spread", "decode", "detection", "crops", "recognition",
              "rest", "engines s"]  # fmt: skip
    print(machine_line(document["machine"]), "\n")
    print(table(header, [row(case) for case in document["cases"]]))
    if arguments.json:
        write_text(arguments.json, json.dumps(document, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
