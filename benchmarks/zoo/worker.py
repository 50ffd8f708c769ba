"""Runs cells of the matrix for one model folder and writes one JSON line for each.

    python benchmarks/zoo/worker.py <model folder> <scratch folder> reference onnxruntime …

A cell's start is announced before its result, so that run.py knows what a crash belongs to.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import feeds
import numpy as np
from comparison import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Arrays = list[npt.NDArray[Any]]

_THREADS = 2
_ROUNDS = 3
_SEED = 1
_SLOW_MS = 1500.0
#: Paddle's and OpenMP's threads spin for a while after their work: they must not run into the turn
#: of the other engine.
_REST_S = 0.25


class Cells:
    """The cells of one model folder, each a method."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder = folder
        self._scratch = scratch
        self._about = json.loads((folder / "zoo.json").read_text(encoding="utf-8"))
        self._feed = feeds.for_inputs(self._about["inputs"], seed=_SEED)
        self._paddle: Callable[[], Arrays] | None = None

    def run(self, cell: str) -> dict[str, Any]:
        """One cell: engine and route, joined by ``"@"``."""
        engine, _, route = cell.partition("@")
        if engine == "reference":
            return self._reference()
        if engine == "convert":
            return self._convert()
        if engine == "auto":
            return self._auto(without_paddle=route == "no-paddle")
        return self._engine(engine, self._model(route), self._options(engine))

    def _program(self) -> Path:
        path = self._folder / "inference.pdmodel"
        return path if path.is_file() else self._folder / "inference.json"

    def _model(self, route: str) -> Path:
        return self._converted if route == "onnx" else self._program()

    @property
    def _converted(self) -> Path:
        return self._scratch / "inference.onnx"

    @staticmethod
    def _options(engine: str) -> dict[str, Any]:
        if engine == "paddle":
            return {"engine": "paddle", "engine_config": {"run_mode": "paddle"}}
        if engine == "mkldnn":
            return {"engine": "paddle", "engine_config": {"run_mode": "mkldnn"}}
        if engine == "paddle-default":
            return {"engine": "paddle"}
        return {"engine": engine}

    def _reference(self) -> dict[str, Any]:
        self._paddle = self._paddle_itself()
        outputs = [np.array(one) for one in self._paddle()]
        milliseconds = _milliseconds(self._paddle)
        np.savez(self._scratch / "reference.npz", *outputs)
        spreads = [float(np.std(one)) if one.size else 0.0 for one in outputs]
        return {
            "ms": milliseconds,
            "shapes": [list(one.shape) for one in outputs],
            "spread": spreads,
        }

    def _paddle_itself(self) -> Callable[[], Arrays]:
        """Paddle Inference, oneDNN off: nothing of ours is between."""
        from paddle import inference

        config = inference.Config(str(self._program()), str(self._folder / "inference.pdiparams"))
        config.disable_glog_info()
        config.disable_mkldnn()
        config.set_cpu_math_library_num_threads(_THREADS)
        predictor = inference.create_predictor(config)

        def once() -> Arrays:
            for name in predictor.get_input_names():
                predictor.get_input_handle(name).copy_from_cpu(self._feed[name])
            predictor.run()
            names = predictor.get_output_names()
            return [predictor.get_output_handle(name).copy_to_cpu() for name in names]

        return once

    def _convert(self) -> dict[str, Any]:
        from hpinfer.hpi.conversion import ConversionOptions, convert_into, open_paddle_directory

        begin = time.perf_counter()
        # With its checks, as the product converts: a refusal is a result of the matrix.
        done = convert_into(
            open_paddle_directory(self._folder), self._scratch, options=ConversionOptions()
        )
        return {
            "seconds": time.perf_counter() - begin,
            "converter": done.converter,
            "checks": list(done.checks),
            "warnings": list(done.warnings),
        }

    def _engine(self, engine: str, model: Path, options: Mapping[str, Any]) -> dict[str, Any]:
        from hpinfer import Session

        session = Session(model, num_threads=_THREADS, **options)
        result = self._compared(session)
        if self._paddle is None:
            self._paddle = self._paddle_itself()
            self._paddle()
        feed = self._feed_of(session)
        speed = _times_as_fast(lambda: session.run(feed), self._paddle)
        return {**result, "speed": speed, "notes": list(session.notes)}

    def _auto(self, *, without_paddle: bool) -> dict[str, Any]:
        if without_paddle:
            sys.modules["paddle"] = None  # type: ignore[assignment]  # not to be found
        from hpinfer.models.loading import load_model, locate_model

        located = locate_model(self._about["model"], model_dir=self._folder)
        loaded = load_model(located, num_threads=_THREADS)
        told = loaded.explanation
        return {
            **self._compared(loaded.session),
            "chosen": told.chosen.label,
            "reason": told.reason,
            "rejected": dict(told.rejected),
            "fallbacks": dict(told.fallbacks),
            "notes": list(told.notes),
        }

    def _feed_of(self, session: Any) -> dict[str, Any]:
        return {entry.name: self._feed[entry.name] for entry in session.inputs}

    def _compared(self, session: Any) -> dict[str, Any]:
        outputs = [np.array(one) for one in session.run(self._feed_of(session))]
        with np.load(self._scratch / "reference.npz") as stored:
            reference = [stored[name] for name in stored.files]
        found = compare(self._about["compare"], reference, outputs)
        return {
            "difference": found.amount,
            "unit": found.unit,
            "agrees": found.agrees,
            "detail": found.detail,
        }


def _times_as_fast(engine: Callable[[], Arrays], paddle: Callable[[], Arrays]) -> float:
    """How many times as fast as Paddle an engine is: they take turns, so that both see the load.

    Both have run before. The ratio of the fastest turns: what else runs on the machine only ever
    adds time.
    """
    turns: dict[Callable[[], Arrays], list[float]] = {engine: [], paddle: []}
    for _ in range(_ROUNDS):
        for once, times in turns.items():
            time.sleep(_REST_S)
            times.append(_milliseconds(once))
        if sum(turns[paddle]) > _SLOW_MS:
            break
    return min(turns[paddle]) / min(turns[engine])


def _milliseconds(once: Callable[[], Arrays]) -> float:
    begin = time.perf_counter()
    once()
    return (time.perf_counter() - begin) * 1e3


def main() -> int:
    """Runs the cells named on the command line."""
    folder, scratch = Path(sys.argv[1]), Path(sys.argv[2])
    cells = Cells(folder, scratch)
    for cell in sys.argv[3:]:
        _tell({"begin": cell})
        try:
            result = {"ok": True, **cells.run(cell)}
        except Exception as error:
            text = " ".join(str(error).split())
            result = {"ok": False, "error": f"{type(error).__name__}: {text}"[:1500]}
        _tell({"cell": cell, **result})
    return 0


def _tell(line: Mapping[str, Any]) -> None:
    print("zoo:" + json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
