"""One subject, one task, resident memory after every few calls; run by `memory.py`.

``memory_worker.py SUBJECT TASK DATA COUNT SECONDS MODELS``. Also runs in the peers' environments,
where hpinfer is not installed.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POINTS = 200


def resident_mb() -> float:
    """Resident memory of this process."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Prints one line of JSON."""
    subject, task, data = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    count, seconds, models = int(sys.argv[4]), float(sys.argv[5]), Path(sys.argv[6])
    with contextlib.redirect_stdout(sys.stderr):
        if task == "trim":
            answer: dict[str, Any] = {"megabytes": around_trim(subject, data)}
        else:
            call, inputs = TASKS[task](subject, data, models)
            answer = measure(call, inputs, count, seconds)
            if subject.startswith("hpinfer"):
                import hpinfer

                hpinfer.trim()
                answer["trimmed"] = resident_mb()
    print(json.dumps(answer))
    return 0


def measure(
    call: Callable[[Any], object], inputs: Iterator[Any], count: int, seconds: float
) -> dict[str, Any]:
    """The curve of resident memory over `count` calls, or as many as there is time for."""
    before = resident_mb()
    curve = []
    end = time.monotonic() + seconds
    step = max(1, count // POINTS)
    for number in range(1, count + 1):
        call(next(inputs))
        late = time.monotonic() > end
        if number % step == 0 or late:
            curve.append((number, resident_mb()))
        if late:
            break
    return {"before": before, "curve": curve}


def session(subject: str, network: Path) -> Callable[[Any], object]:
    """A call from a tensor to the outputs."""
    threads = len(os.sched_getaffinity(0))
    kind, engine = subject.split()
    if kind == "hpinfer":
        import hpinfer

        ours = hpinfer.Session(network, engine=engine)
        return lambda tensor: ours.run([tensor])
    if engine == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        plain = onnxruntime.InferenceSession(
            str(network), options, providers=["CPUExecutionProvider"]
        )
        name = plain.get_inputs()[0].name
        return lambda tensor: plain.run(None, {name: tensor})
    import openvino

    properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = openvino.compile_model(str(network), "CPU", properties).create_infer_request()
    return lambda tensor: [np.array(value) for value in request.infer([tensor]).values()]


def widths(
    subject: str, network: Path, _: Path, *, widest: int = 1600
) -> tuple[Callable[[Any], object], Iterator[Any]]:
    """Recognition: one to four lines of any width."""

    def inputs() -> Iterator[Any]:
        random = np.random.default_rng(19)
        while True:
            lines, width = int(random.integers(1, 5)), int(random.integers(8, widest + 1))
            yield random.random((lines, 3, 48, width), np.float32)

    return session(subject, network), inputs()


def sizes(subject: str, network: Path, _: Path) -> tuple[Callable[[Any], object], Iterator[Any]]:
    """Detection: pages of any size that the network takes."""

    def inputs() -> Iterator[Any]:
        random = np.random.default_rng(23)
        while True:
            height, width = (int(side) * 32 for side in random.integers(1, 24, 2))
            yield random.random((1, 3, height, width), np.float32)

    return session(subject, network), inputs()


def cycles(subject: str, network: Path, _: Path) -> tuple[Callable[[Any], object], Iterator[Any]]:
    """A session a call."""
    tensor = np.zeros((1, 3, 48, 96), np.float32)

    def inputs() -> Iterator[Any]:
        while True:
            yield tensor

    return lambda given: session(subject, network)(given), inputs()


def images(
    subject: str, crops: Path, models: Path
) -> tuple[Callable[[Any], object], Iterator[Any]]:
    """The whole pipeline, from files, each package as `benchmarks/peers` sets it up."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
    from adapters import Networks, load

    read, _ = load(subject, Networks(models, "v4"), len(os.sched_getaffinity(0)))
    paths = sorted(str(path) for path in crops.glob("*.png"))

    def inputs() -> Iterator[str]:
        random = np.random.default_rng(29)
        while True:
            yield paths[int(random.integers(len(paths)))]

    return read, inputs()


TASKS = {
    "widths": widths,
    "narrow": functools.partial(widths, widest=400),
    "sizes": sizes,
    "cycles": cycles,
    "images": images,
}


def around_trim(subject: str, network: Path) -> dict[str, float]:
    """Resident memory around a large page and `hpinfer.trim()`."""
    import hpinfer

    call = session(subject, network)
    call(np.zeros((1, 3, 96, 96), np.float32))
    megabytes = {"before": resident_mb()}
    call(np.zeros((1, 3, 1920, 1920), np.float32))
    megabytes["after the large page"] = resident_mb()
    hpinfer.trim()
    megabytes["after trim()"] = resident_mb()
    call(np.zeros((1, 3, 96, 96), np.float32))
    megabytes["after the small page"] = resident_mb()
    return megabytes


if __name__ == "__main__":
    sys.exit(main())
