"""Says how much of each pipeline's time is spent in Python.

Every call into the native module is timed from outside (the outermost one, where calls nest); what
is left of the time of ``list(pipeline.predict(pictures))`` is Python: hpinfer's own, and NumPy or
tokenizers called by it, which count as Python here. Beside the share of the time stands the share
of the processor time, which is what a profile of all threads shows: networks use several
processors, Python one. Pictures are decoded before, so that nothing but the pipeline is in the
total; with ``--files`` the pipeline reads and decodes them, and what OpenCV or Pillow take for it
counts as native. Real weights where they can be had; elsewhere networks of the cost of the real
ones (networks.py).

    python benchmarks/python_share/run.py
    python benchmarks/python_share/run.py OCR table_recognition --images DIR --profile
"""

from __future__ import annotations

import argparse
import cProfile
import inspect
import json
import os
import pstats
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

import hpinfer
import pipelines
from hpinfer import _native
from hpinfer.io import sources

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class NativeClock:
    """Adds up the time inside the native module, and counts the calls.

    Attributes:
        seconds: Time inside outermost calls.
        calls: Number of them.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        self._inside = False

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, on this clock."""

        def timed_call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any native function
            if self._inside:
                return call(*args, **kwargs)
            self._inside = True
            start = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start
                self.calls += 1
                self._inside = False

        return timed_call

    def install(self) -> None:
        """Puts the clock around every function, method and property of the native module."""
        for name, item in list(vars(_native).items()):
            if inspect.isclass(item) and not hasattr(item, "__members__"):  # enums stay
                self._install_in(item)
            elif inspect.isbuiltin(item):
                setattr(_native, name, self.timed(item))

    def install_decoding(self) -> None:
        """Puts the clock around the decoding of picture files too."""
        sources.decode_image = self.timed(sources.decode_image)

    def _install_in(self, kind: type) -> None:
        for name, item in list(vars(kind).items()):
            if type(item) is property and item.fget is not None and not name.startswith("_"):
                setattr(kind, name, property(self.timed(item.fget), item.fset))
            elif type(item).__name__ == "instancemethod" and not name.startswith("_"):
                setattr(kind, name, self.timed(item))


@dataclass
class Share:
    """Figures of one pipeline.

    Attributes:
        pipeline: Its name.
        models: Where its networks come from: ``real``, ``stand-in`` or both.
        images: Pictures of a call.
        milliseconds: Median time of a picture.
        python_milliseconds: Median time of a picture outside the native module.
        calls: Native calls of a picture.
        share: Median share of Python in percent.
        cpu_share: The same of the processor time of all threads.
    """

    pipeline: str
    models: str
    images: int
    milliseconds: float
    python_milliseconds: float
    calls: float
    share: float
    cpu_share: float


def measure(
    name: str,
    case: pipelines.Case,
    images: list[Any],
    clock: NativeClock,
    rounds: int,
) -> Share:
    """Runs one pipeline `rounds` times over the pictures, after a run that does not count."""
    list(case.predict(images))
    totals, rests, shares, cpu_shares = [], [], [], []
    for _ in range(rounds):
        inside, count = clock.seconds, clock.calls
        cpu, start = time.process_time(), time.perf_counter()
        list(case.predict(images))
        totals.append(time.perf_counter() - start)
        rests.append(totals[-1] - (clock.seconds - inside))
        shares.append(rests[-1] / totals[-1])
        cpu_shares.append(rests[-1] / (time.process_time() - cpu))  # Python waits for nothing here
        calls = clock.calls - count
    scale = 1000 / len(images)
    return Share(
        name,
        case.models,
        len(images),
        statistics.median(totals) * scale,
        statistics.median(rests) * scale,
        calls / len(images),
        100 * statistics.median(shares),
        100 * statistics.median(cpu_shares),
    )


def profile(case: pipelines.Case, images: list[Any]) -> None:
    """Prints where the time goes, function by function."""
    profiler = cProfile.Profile()
    profiler.enable()
    list(case.predict(images))
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def picture_files(paths: list[Path]) -> list[Path]:
    """The pictures among files and in directories."""
    return [
        file
        for path in paths
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        if file.suffix.lower() in {".png", ".jpg"}
    ]


def decoded(files: list[Path]) -> list[npt.NDArray[np.uint8]]:
    """The pictures as BGR arrays."""
    import numpy as np

    return [
        np.ascontiguousarray(np.asarray(Image.open(file).convert("RGB"))[:, :, ::-1])
        for file in files
    ]


def main() -> None:
    """Measures and prints the table."""
    # One batch after the other: waiting for those of other threads would count as Python.
    os.environ["HPINFER_BATCHES_AT_ONCE"] = "1"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="pipelines; all without")
    parser.add_argument("--images", nargs="+", type=Path, help="files or directories")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=1, help="each picture so often in a call")
    parser.add_argument("--files", action="store_true", help="read and decode them in the pipeline")
    parser.add_argument("--engine", help="of every model; what hpinfer chooses without")
    parser.add_argument("--profile", action="store_true", help="also print functions")
    parser.add_argument("--json", type=Path, help="keep the figures there")
    args = parser.parse_args()
    files = picture_files(args.images or [EXAMPLES / "images", EXAMPLES / "pages"])
    images: list[Any] = (files if args.files else decoded(files)) * args.repeat
    clock = NativeClock()
    clock.install()
    if args.files:
        clock.install_decoding()
    print(f"hpinfer {hpinfer.__version__}, {len(images)} pictures, {args.rounds} rounds")
    print(
        "| pipeline | networks | ms a picture | Python ms | native calls | Python share "
        "| of processor time |"
    )
    print("|---|---|---:|---:|---:|---:|---:|")
    found = []
    with tempfile.TemporaryDirectory() as work:
        for name, make in pipelines.CASES.items():
            if args.names and name not in args.names:
                continue
            case = make(Path(work), args.engine)
            share = measure(name, case, images, clock, args.rounds)
            found.append(share)
            print(
                f"| {name} | {share.models} | {share.milliseconds:.1f} | "
                f"{share.python_milliseconds:.2f} | {share.calls:.1f} | {share.share:.2f} % | "
                f"{share.cpu_share:.2f} % |",
                flush=True,
            )
            if args.profile:
                profile(case, images)
    if args.json:
        args.json.write_text(json.dumps([asdict(share) for share in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
