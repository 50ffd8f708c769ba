"""One case in one process: loads once, then answers each line of stdin with a line of JSON.

The first line of stdin is the case, with its inputs. Then ``calls`` predicts input by input, and
``stream`` all inputs in one call of `predict`. Whatever a library prints goes to stderr.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpinfer.results import Result

    Predict = Callable[[Any], list[Result]]


def peak_mb() -> float:
    """Most memory that this process had resident so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Answers until stdin ends; a failure is an answer too, and the last one."""
    answers = _claim_stdout()
    try:
        case = json.loads(sys.stdin.readline())
        start = time.perf_counter()
        predict = _load(case)
        load_seconds = time.perf_counter() - start
        groups = _groups(case)
        _say(answers, {"load_seconds": load_seconds, "peak_mb": peak_mb()})
        for line in sys.stdin:
            measure = {"calls": _calls, "stream": _stream}[line.strip()]
            _say(answers, measure(predict, groups))
    except Exception as error:
        _say(answers, {"error": type(error).__name__, "message": str(error)})
        return 1
    return 0


def _claim_stdout() -> TextIO:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), file=answers, flush=True)


def _load(case: Mapping[str, Any]) -> Predict:
    import hpinfer

    options = {"engine": case["engine"], **case["options"]}
    if case["is_pipeline"]:
        pipeline = hpinfer.create_pipeline(options.pop("config", case["target"]), **options)
        return lambda inputs: list(pipeline.predict(inputs))
    target = case["target"]
    if os.sep in target or os.path.isdir(target):  # noqa: PTH112 - a name, mostly
        from pathlib import Path

        from hpinfer import hub

        options["model_dir"] = target
        target = hub.resolve(Path(target)).name
    model = hpinfer.create_model(target, **options)
    batch = case["batch"]
    return lambda inputs: list(model.predict(inputs, batch_size=batch))


def _groups(case: Mapping[str, Any]) -> list[Any]:
    """What each call is given: an input, or as many as a batch, the inputs in turn."""
    inputs: list[Any] = list(case["inputs"])
    if case["cached"]:
        from hpinfer.io import iter_images

        inputs = [image.bgr for image in iter_images(inputs)]
    if case["batch"] == 1:
        return [[item] for item in inputs]
    # Every input leads once, so that all are measured whatever their number.
    turns = itertools.cycle(inputs)
    calls = -(-len(inputs) // case["batch"])
    return [[next(turns) for _ in range(case["batch"])] for _ in range(calls)]


def _calls(predict: Predict, groups: Sequence[Any]) -> dict[str, Any]:
    """Each group in a call of its own."""
    samples = []
    for group in groups:
        start = time.perf_counter()
        results = predict(group)
        seconds = time.perf_counter() - start
        timings = [dict(result.timing) for result in results]
        names = dict.fromkeys(name for timing in timings for name in timing)
        stages = {name: sum(timing.get(name, 0.0) for timing in timings) for name in names}
        samples.append({"seconds": seconds, "images": len(results), "stages": stages})
    return {"samples": samples, "peak_mb": peak_mb()}


def _stream(predict: Predict, groups: Sequence[Any]) -> dict[str, Any]:
    """All inputs in one call."""
    inputs = [item for group in groups for item in group]
    wall, cpu = time.perf_counter(), time.process_time()
    images = len(predict(inputs))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"seconds": wall, "cpu_seconds": cpu, "images": images, "peak_mb": peak_mb()}


if __name__ == "__main__":
    sys.exit(main())
