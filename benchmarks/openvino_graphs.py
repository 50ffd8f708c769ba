"""What OpenVINO gains by the rewriting of graphs (hpinfer.networks.rewriting).

    python benchmarks/openvino_graphs.py
    python benchmarks/openvino_graphs.py --models PP-OCRv6_small_det --side 640 --rounds 31

Each detector as it is written, rewritten, and as it is written with its size fixed, which is the
bound: OpenVINO then compiles for that size alone. In turn, processor time and time of each, and how
far the maps of a random page are apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx

from hpinfer import Session
from hpinfer.hub import resolve
from hpinfer.networks import rewrite_for_openvino

MODELS = ("PP-OCRv4_mobile_det", "PP-OCRv6_small_det")


@dataclass
class Variant:
    """One form of a network.

    Attributes:
        name: Of the form.
        session: The network.
        wall: Seconds of each round.
        cpu: Seconds of processor time of each round.
        output: Of the last round.
    """

    name: str
    session: Session
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    output: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def run(self, page: npt.NDArray[np.float32]) -> None:
        """One inference."""
        wall, cpu = time.perf_counter(), time.process_time()
        (self.output,) = self.session.run([page])
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)


def variants(model: bytes, shape: tuple[int, ...], precision: str) -> list[Variant]:
    """The forms of a network."""
    rewritten = rewrite_for_openvino(model)
    assert rewritten is not None, "nothing is rewritten"
    fixed = onnx.load_from_string(model)
    for size, dim in zip(shape, fixed.graph.input[0].type.tensor_type.shape.dim, strict=True):
        dim.dim_value = size
    forms = {
        "as written": model,
        "rewritten": rewritten.model,
        "of fixed size": fixed.SerializeToString(),
    }
    return [
        Variant(name, Session(form, engine="openvino", precision=precision))
        for name, form in forms.items()
    ]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--side", type=int, default=960, help="of the page in pixels")
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    shape = (1, 3, arguments.side, arguments.side)
    page = np.random.default_rng(0).random(shape, np.float32)
    print("| model | precision | graph | ms | ratio | processor ms | ratio | largest difference |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for name in arguments.models:
        onnx_file = resolve(name, formats=("onnx",)).onnx
        assert onnx_file is not None
        for precision in arguments.precisions:
            forms = variants(onnx_file.read_bytes(), shape, precision)
            for _ in range(arguments.rounds + 2):  # the first two do not count
                for form in forms:
                    form.run(page)
            first = forms[0]
            for form in forms:
                wall, cpu = (statistics.median(times[2:]) for times in (form.wall, form.cpu))
                own = [statistics.median(times[2:]) for times in (first.wall, first.cpu)]
                apart = float(np.abs(form.output - first.output).max())
                print(
                    f"| {name} | {precision} | {form.name} | {wall * 1e3:.1f} | "
                    f"{wall / own[0]:.2f} | {cpu * 1e3:.1f} | {cpu / own[1]:.2f} | {apart:.1g} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
