"""Run the long tests of the promises and write their figures as JSON; report.py makes the page."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import concurrency
import determinism
import memory
import processor
from rows import Setting, document, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rows import Row

PARTS: dict[str, tuple[str, Callable[[Setting], Iterator[Row]]]] = {
    "concurrency": (concurrency.PROMISE, concurrency.rows),
    "memory": (memory.PROMISE, memory.rows),
    "processor": (processor.PROMISE, processor.rows),
    "determinism": (determinism.PROMISE, determinism.rows),
}


def main() -> int:
    """Command line entry; exit status 1 if a result differed or a call failed."""
    arguments = parse()
    from hpinfer.bench.machine import describe_machine

    setting = Setting(
        images=tuple(path.resolve() for path in arguments.images),
        work=arguments.work.resolve(),
        kept=arguments.out.resolve().parent / "differing",
        quick=arguments.quick,
        seconds=arguments.seconds,
    )
    whole = {
        "when": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "machine": describe_machine(),
        "promises": [],
    }
    for name in arguments.only:
        promise, rows = PARTS[name]
        done: list[Row] = []
        whole["promises"].append({})
        for row in rows(setting):
            done.append(row)
            whole["promises"][-1] = document(promise, done)
            # After every row, so that a run which is stopped keeps what it has.
            write_text(arguments.out, json.dumps(whole, ensure_ascii=False, indent=1))
            print(f"{time.strftime('%X')} {row.what}: {row.figures}", file=sys.stderr, flush=True)
    wrong = sorted(setting.kept.glob("*.pickle")) if setting.kept.is_dir() else []
    for path in wrong:
        print(f"a result differed: {path}", file=sys.stderr)
    return 1 if wrong else 0


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="pictures to read")
    parser.add_argument("--work", type=Path, required=True, help="folder of peers/prepare.py")
    parser.add_argument("--out", type=Path, required=True, help="JSON; beside it, what differed")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="few calls, to try it")
    parser.add_argument("--seconds", type=float, default=900, help="most for one row")
    parsed = parser.parse_args()
    missing = [str(path) for path in parsed.images if not path.is_file()]
    if missing:
        parser.error(f"not image files: {', '.join(missing)}")
    if not (parsed.work / "models").is_dir():
        parser.error(f"{parsed.work} has no models/: run benchmarks/peers/prepare.py first")
    return parsed


if __name__ == "__main__":
    sys.exit(main())
