"""Calls a second of one object in some threads on as many cores; run by `concurrency.py`."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from subjects import line_tensors, network_runner, reader, small_pages

SECONDS = 4.0


def main() -> int:
    """``throughput.py ENGINE session|pipeline THREADS NETWORK IMAGE…``."""
    engine, kind, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    if kind == "session":
        call = network_runner(Path(sys.argv[4]), engine, num_threads=threads, num_streams=threads)
        inputs = line_tensors(40)
    else:
        call = reader(engine)
        inputs = small_pages([Path(path) for path in sys.argv[5:]])
    for item in inputs:
        call(item)
    counts = [0] * threads
    end = time.perf_counter() + SECONDS

    def work(thread: int) -> None:
        number = thread
        while time.perf_counter() < end:
            call(inputs[number % len(inputs)])
            counts[thread] += 1
            number += threads

    start = time.perf_counter()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - start
    print(json.dumps({"calls_per_second": sum(counts) / seconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
