"""Our kernels beside the best alternative and beside what bounds them, in one interleaved run.

Run ``taskset -c 1 python benchmarks/kernels.py`` (needs opencv-python-headless, pyclipper and
Pillow). Each case first checks that both sides give the same, then times ours, the alternative and
the bound in turns, so that a busy machine slows all; medians and ratios are printed as a table.
``--only TEXT`` picks cases by name, ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"


def write_json(path: Path, about: dict[str, object]) -> None:
    """Writes the figures beside what they were measured on."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105


def main() -> int:
    """Times the cases and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="timed turns a case (default 31)")
    parser.add_argument("--threads", type=int, default=1, help="threads of both sides (default 1)")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args()
    os.environ["HPINFER_NUM_THREADS"] = str(arguments.threads)
    # The references of the parity tests are the alternatives.
    sys.path[:0] = [str(TESTS / "python" / "parity"), str(TESTS / "python"), str(TESTS / "golden")]
    import cv2

    import kernel_decoding
    import kernel_timing
    import kernel_vision
    from hpinfer import _native

    cv2.setNumThreads(arguments.threads)
    cases = [
        case
        for case in kernel_vision.cases() + kernel_decoding.cases()
        if arguments.only in case.name
    ]
    timings = [
        kernel_timing.measure(case, arguments.rounds, threads=arguments.threads) for case in cases
    ]
    print(kernel_timing.markdown(timings))
    if arguments.json is not None:
        about = {"opencv": cv2.__version__, "cpu": _native.cpu_info(), "threads": arguments.threads}
        write_json(arguments.json, {**about, "cases": [asdict(timing) for timing in timings]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
