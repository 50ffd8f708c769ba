"""One peer in one process: load once, then answer image paths from stdin with JSON lines.

A line is a path, or a JSON list of paths that are read in one call, where the peer has such a call.

The first line on stdout says what was loaded. Whatever a library prints goes to stderr.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from adapters import Networks, Reader, StreamReader, load
from registry import PEERS


def claim_stdout() -> TextIO:
    """Keep stdout for our answers; everybody else's prints go to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def limit_cpus(threads: int) -> None:
    """Keep this process on the first `threads` of its CPUs and cap OpenMP likewise."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cpus)
    os.environ["OMP_NUM_THREADS"] = str(threads)


def cap_opencv(threads: int) -> None:
    """Give OpenCV the same number of threads, where the peer brings OpenCV."""
    cv2 = sys.modules.get("cv2")
    if cv2 is not None:
        cv2.setNumThreads(threads)


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Installed versions of those packages that are there."""
    found = {}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def answer(read: Reader, path: str) -> dict[str, Any]:
    """Time one call from path to texts; lines without text are not counted."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        texts = read(path)
    except Exception as error:  # a peer's failure is a result of the comparison
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    lines = [text for text in texts if text.strip()]
    joined = "\n".join(lines)
    return {
        "seconds": wall,
        "cpu_seconds": cpu,
        "lines": len(lines),
        "sha256": hashlib.sha256(joined.encode()).hexdigest(),
        "text": joined,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def answer_stream(read_all: StreamReader, paths: list[str]) -> dict[str, Any]:
    """Time one call for all paths; `busy` is the share of the usable cores that it kept busy."""
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        pages = read_all(paths)
    except Exception as error:  # a peer's failure is a result of the comparison
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "seconds": wall,
        "cpu_seconds": cpu,
        "pages": len(pages),
        "busy": cpu / wall / len(os.sched_getaffinity(0)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("--models", type=Path, required=True, help="folder of make_model_dirs.py")
    parser.add_argument("--generation", choices=["v4", "v6"], required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    answers = claim_stdout()
    limit_cpus(arguments.threads)
    started = time.perf_counter()
    networks = Networks(arguments.models, arguments.generation)
    read, read_all = load(arguments.peer, networks, arguments.threads)
    cap_opencv(arguments.threads)
    peer = PEERS[arguments.peer]
    ready = {
        "peer": peer.name,
        "load_seconds": time.perf_counter() - started,
        "versions": versions(peer.packages),
    }
    print(json.dumps(ready), file=answers, flush=True)
    for line in sys.stdin:
        asked = line.rstrip("\n")
        if asked.startswith("["):
            reply = answer_stream(read_all, json.loads(asked))
        else:
            reply = answer(read, asked)
        print(json.dumps(reply), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
