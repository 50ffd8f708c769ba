"""One process for each figure about the processor; run by `processor.py`.

``processor_worker.py sessions SUBJECT NETWORK``, ``… idle SUBJECT NETWORK SECONDS``,
``… threads SUBJECT NETWORK PROCESSORS`` or ``… cgroup QUOTA``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from memory_worker import session

PAGE = (1, 3, 640, 640)
LINES = (2, 3, 48, 320)


def main() -> int:
    """Prints one line of JSON."""
    task, *arguments = sys.argv[1:]
    print(json.dumps(TASKS[task](*arguments)))
    return 0


def idle(subject: str, network: str, seconds: str) -> dict[str, Any]:
    """Share of one processor that the process takes while it sleeps after some calls."""
    call = session(subject, Path(network))
    for _ in range(20):
        call(np.zeros(PAGE, np.float32))
    start, wall = time.process_time(), time.perf_counter()
    time.sleep(float(seconds))
    return {"share": (time.process_time() - start) / (time.perf_counter() - wall)}


def threads(subject: str, network: str, processors: str) -> dict[str, Any]:
    """The budget and the threads that really run, on some processors."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(processors)])
    import hpinfer
    from hpinfer import _native

    engine = subject.split()[1]
    opened = hpinfer.Session(Path(network), engine=engine)
    page = np.zeros(PAGE, np.float32)
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            opened.run([page])

    worker = threading.Thread(target=work)
    worker.start()
    most, samples = 0, 0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        most = max(most, _running_threads())
        samples += 1
        time.sleep(0.002)
    over.set()
    worker.join()
    return {
        "budget": _native.thread_info()["threads"],
        "session": opened.options.num_threads,
        "running at once": most,
        "samples": samples,
    }


def _running_threads() -> int:
    """Threads of this process, the sampling one aside, that are running or ready to run."""
    own = threading.get_native_id()
    running = 0
    for folder in Path("/proc/self/task").iterdir():
        if int(folder.name) == own:
            continue
        try:
            state = (folder / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:  # it has just ended
            continue
        running += state == "R"
    return running


def cgroup(quota: str) -> dict[str, Any]:
    """The budget of a process that finds that quota where the kernel shows cgroups."""
    question = "from hpinfer import _native; import json; print(json.dumps(_native.thread_info()))"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cpu.max").write_text(f"{quota}\n", encoding="ascii")
        proc = Path(folder, "cgroup")
        proc.write_text("0::/\n", encoding="ascii")
        inside = (
            f"mount --bind {folder} /sys/fs/cgroup && mount --bind {proc} /proc/$$/cgroup"
            f' && exec {sys.executable} -c "{question}"'
        )
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", inside],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        return {"not possible here": " ".join(done.stderr.split())[:120]}
    said = json.loads(done.stdout)
    return {"quota": said["cgroup_quota"], "affinity": said["affinity"], "budget": said["threads"]}


def sessions(subject: str, network: str) -> dict[str, Any]:
    """Seconds for the same work one session after the other, over all at once."""
    calls = [session(subject, Path(network)) for _ in range(4)]
    lines = np.zeros(LINES, np.float32)

    def work(call: Any) -> None:  # noqa: ANN401 - a session's call
        for _ in range(40):
            call(lines)

    for call in calls:
        call(lines)
    start = time.perf_counter()
    for call in calls:
        work(call)
    serial = time.perf_counter() - start
    workers = [threading.Thread(target=work, args=(call,)) for call in calls]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"ratio": serial / (time.perf_counter() - start)}


TASKS = {"idle": idle, "threads": threads, "sessions": sessions, "cgroup": cgroup}


if __name__ == "__main__":
    sys.exit(main())
