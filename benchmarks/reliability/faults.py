"""The promise "Faults" in figures: what was made to fail, how often, and how long it took to end.

    python benchmarks/reliability/faults.py --out faults.json [--ctest build/release]

Runs tests/python/faults, the C++ test that fails every allocation, and measures how soon Ctrl-C and
a `timeout` end a call here. Needs the test extras; about two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "examples" / "images" / "receipt.png"
#: Reads one page again and again, as one `predict` of many pages; tells when it was interrupted.
READING = """
import itertools, os, sys, time
import hpinfer
engine, page, at_once = sys.argv[1:]
os.environ["HPINFER_BATCHES_AT_ONCE"] = at_once
pipeline = hpinfer.create_pipeline("OCR", engine=engine)
list(pipeline.predict(page))
print("ready", flush=True)
try:
    for result in pipeline.predict(itertools.repeat(page)):
        pass
except KeyboardInterrupt:
    print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True)
"""
#: How much later than its limit a call ends, in seconds.
LIMITED = """
import itertools, json, sys, time
import hpinfer
engine, page = sys.argv[1:]
pipeline = hpinfer.create_pipeline("OCR", engine=engine)
list(pipeline.predict(page))
late = []
for limit in (0.05, 0.1, 0.2, 0.4, 0.8):
    start = time.monotonic()
    try:
        list(pipeline.predict(itertools.repeat(page), timeout=limit))
    except hpinfer.errors.TimeLimitError:
        late.append(time.monotonic() - start - limit)
print(json.dumps(late))
"""


def main() -> None:
    """Writes the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ctest", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    rows = [*tests(), *allocations(arguments.ctest)]
    for engine in ("onnxruntime", "openvino"):
        rows += [interrupts(engine, at_once, arguments.rounds) for at_once in (1, 2)]
        rows.append(limits(engine))
    arguments.out.write_text(json.dumps({"promise": "Faults", "rows": rows}, indent=1) + "\n")


def row(what: str, how: str, figures: str) -> dict[str, str]:
    """One row of the page."""
    return {"what": what, "how": how, "figures": figures}


def tests() -> list[dict[str, str]]:
    """The Python tests, a row a file."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
        subprocess.run([*command, "tests/python/faults"], cwd=ROOT, check=False)
        cases = list(ElementTree.parse(report).iter("testcase"))
    found = []
    for name in sorted({case.get("classname", "") for case in cases}):
        own = [case for case in cases if case.get("classname") == name]
        bad = sum(any(child.tag in ("failure", "error") for child in case) for case in own)
        seconds = sum(float(case.get("time", 0)) for case in own)
        file = f"{name.replace('.', '/')}.py"
        title = name.rpartition(".")[2].removeprefix("test_").replace("_", " ")
        found.append(row(title, file, f"{len(own)} cases, {bad} failed, {seconds:.0f} s"))
    return found


def allocations(build: Path) -> list[dict[str, str]]:
    """Every allocation of every native entry fails once."""
    program = build / "tests" / "cpp" / "memory_faults_test"
    if not program.exists():
        return [row("out of memory", str(program.name), "not built")]
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    counts = [int(n) for n in re.findall(r"(\d+) allocations, each failed", done.stdout)]
    figures = f"{len(counts)} entries, {sum(counts)} allocations failed, exit {done.returncode}"
    return [row("out of memory", "tests/cpp/memory_faults_test.cc", figures)]


def interrupts(engine: str, at_once: int, rounds: int) -> dict[str, str]:
    """From SIGINT to KeyboardInterrupt in the caller."""
    latencies = []
    for number in range(rounds):
        child = subprocess.Popen(
            [sys.executable, "-c", READING, engine, str(PAGE), str(at_once)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.3 + 0.037 * number)
        sent = time.clock_gettime(time.CLOCK_MONOTONIC)
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=120)
        latencies.append(float(output) - sent)
    return row(
        f"Ctrl-C in a long run, {engine}",
        f"SIGINT to KeyboardInterrupt, {at_once} at once, {rounds} rounds",
        milliseconds(latencies),
    )


def limits(engine: str) -> dict[str, str]:
    """How late a call with a time limit ends."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, engine, str(PAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    late = json.loads(done.stdout)
    return row(f"timeout, {engine}", f"later than the limit, {len(late)} calls", milliseconds(late))


def milliseconds(seconds: list[float]) -> str:
    """Median and most."""
    return f"median {statistics.median(seconds) * 1e3:.1f} ms, at most {max(seconds) * 1e3:.1f} ms"


if __name__ == "__main__":
    main()
