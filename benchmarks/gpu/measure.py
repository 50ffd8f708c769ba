"""What a GPU gives: results and times beside the CPU engine. Run by scripts/test_gpu.

    python benchmarks/gpu/measure.py --device gpu --models FOLDER --images FOLDER --out FILE.json

``--device cpu`` goes through the same steps on the CPU, to try the program without a GPU.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import hpinfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Model to the shapes of its input that are timed.
SHAPES = {
    "PP-OCRv4_mobile_det": ((1, 3, 640, 640), (1, 3, 960, 960)),
    "PP-OCRv4_mobile_rec": ((1, 3, 48, 320), (6, 3, 48, 320)),
    "PP-OCRv6_small_det": ((1, 3, 640, 640), (1, 3, 960, 960)),
    "PP-OCRv6_small_rec": ((1, 3, 48, 320), (6, 3, 48, 320)),
    "ResNet50-like": ((1, 3, 224, 224), (16, 3, 224, 224)),
}
#: Largest difference over largest value, in full fp32 (without TF32).
TOLERANCE = 1e-3
SEARCHES = ("HEURISTIC", "EXHAUSTIVE", "DEFAULT")
CUDA = "CUDAExecutionProvider"


class Bench:
    """The measurements on one device."""

    def __init__(self, device: str, models: Path, images: Path, seconds: float) -> None:
        self.device = device
        self.images = sorted(images.iterdir())
        self.models = models
        self.seconds = seconds
        self._bytes: dict[str, Any] = {"ResNet50-like": resnet50_like()}
        identity = helper.make_node("Identity", ["x"], ["y"])
        self._upload = self.session(one_node(identity), outputs_on_device=True)

    @property
    def on_gpu(self) -> bool:
        """Whether there is a GPU to use."""
        return self.device != "cpu"

    def model(self, name: str) -> Any:  # noqa: ANN401 - a path or bytes
        """The network of a model."""
        return self._bytes.get(name, self.models / name / "inference.onnx")

    def session(self, model: Any, **options: Any) -> hpinfer.Session:  # noqa: ANN401
        """A session on the device; options of the GPU have no place on the CPU."""
        if not self.on_gpu:
            for name in ("outputs_on_device", "providers"):
                options.pop(name, None)
        return hpinfer.Session(model, device=self.device, **options)

    def resident(self, array: Any) -> Any:  # noqa: ANN401
        """The array on the device."""
        return self._upload.run([array])[0] if self.on_gpu else array

    def engine(self) -> Iterator[dict[str, Any]]:
        """Results and times of every network, engine alone."""
        exact = [(CUDA, {"use_tf32": 0})]
        for name, shapes in SHAPES.items():
            cpu = hpinfer.Session(self.model(name))
            plain = self.session(self.model(name))
            full = self.session(self.model(name), providers=exact)
            kept = self.session(self.model(name), outputs_on_device=True)
            for shape in shapes:
                x = random_input(shape)
                (want,) = cpu.run([x])
                resident = self.resident(x)
                error = relative_error(full.run([x])[0], want)
                yield {
                    "model": name,
                    "shape": list(shape),
                    "error_fp32": error,
                    "error_default": relative_error(plain.run([x])[0], want),
                    "equal": error <= TOLERANCE,
                    "cpu_ms": milliseconds(lambda s=cpu, a=x: s.run([a]), self.seconds),
                    "host_ms": milliseconds(lambda s=plain, a=x: s.run([a]), self.seconds),
                    "device_ms": milliseconds(lambda s=kept, a=resident: s.run([a]), self.seconds),
                    "notes": list(plain.notes),
                }

    def varied_shapes(self) -> dict[str, float]:
        """Milliseconds for 16 widths that a new session has never seen, by search of cuDNN."""
        widths = np.random.default_rng(5).permutation(np.arange(96, 96 + 16 * 40, 40))
        times = {}
        for search in SEARCHES if self.on_gpu else ("none",):
            providers = [(CUDA, {"cudnn_conv_algo_search": search})]
            session = self.session(self.model("PP-OCRv4_mobile_rec"), providers=providers)
            session.run([random_input((1, 3, 48, 64))])  # what the first run costs by itself
            start = time.perf_counter()
            for width in widths:
                session.run([random_input((1, 3, 48, int(width)))])
            times[search] = (time.perf_counter() - start) * 1e3
        return times

    def end_to_end(self) -> dict[str, Any]:
        """Pages through the OCR pipeline: texts and times on the CPU and on the device."""
        found: dict[str, Any] = {}
        texts = {}
        for device in dict.fromkeys(("cpu", self.device)):
            pipeline = hpinfer.create_pipeline(self._ocr(), device=device, engine="onnxruntime")
            pages = [str(path) for path in self.images]
            list(pipeline.predict(pages[:2]))  # what the first page costs by itself
            start = time.perf_counter()
            results = list(pipeline.predict(pages))
            seconds = time.perf_counter() - start
            texts[device] = [list(result["rec_texts"]) for result in results]
            found[device] = {"pages": len(pages), "ms_per_page": seconds * 1e3 / len(pages)}
        lines = [zip(*pair, strict=False) for pair in zip(*texts.values(), strict=True)]
        if self.on_gpu:
            same = [a == b for pairs in lines for a, b in pairs]
            found["same_lines"] = sum(same) / max(1, len(same))
        return found

    def _ocr(self) -> dict[str, Any]:
        def model(name: str) -> dict[str, Any]:
            return {"model_name": name, "model_dir": str(self.models / name)}

        return {
            "pipeline_name": "OCR",
            "text_type": "general",
            "use_doc_preprocessor": False,
            "use_textline_orientation": False,
            "SubModules": {
                "TextDetection": model("PP-OCRv4_mobile_det"),
                "TextRecognition": {**model("PP-OCRv4_mobile_rec"), "batch_size": 16},
            },
        }

    def concurrency(self) -> dict[str, Any]:
        """Inferences a second with several threads on one session; results as one after another."""
        session = self.session(self.model("PP-OCRv4_mobile_rec"), num_streams=4)
        inputs = [random_input((2, 3, 48, 160 + 32 * i), seed=i) for i in range(8)]
        want = [session.run([x])[0] for x in inputs]
        found: dict[str, Any] = {"largest_error": 0.0, "per_second": {}}
        for threads in (1, 2, 4, 8):
            end = time.perf_counter() + self.seconds

            def work(index: int, end: float = end) -> int:
                runs = 0
                while time.perf_counter() < end:
                    pick = (index + runs) % len(inputs)
                    error = relative_error(session.run([inputs[pick]])[0], want[pick])
                    found["largest_error"] = max(found["largest_error"], error)
                    runs += 1
                return runs

            with ThreadPoolExecutor(threads) as pool:
                runs = sum(pool.map(work, range(threads)))
            found["per_second"][threads] = runs / self.seconds
        found["equal"] = found["largest_error"] <= TOLERANCE
        return found

    def memory(self) -> dict[str, Any]:
        """Memory of the GPU and of the process while shapes change at random."""
        session = self.session(self.model("PP-OCRv4_mobile_rec"))
        random = np.random.default_rng(11)
        samples: list[tuple[float, float]] = []
        end = time.perf_counter() + 10 * self.seconds
        while time.perf_counter() < end:
            for _ in range(50):
                shape = (int(random.integers(1, 9)), 3, 48, int(random.integers(3, 60)) * 32)
                session.run([random_input(shape)])
            samples.append((gpu_memory_mib() if self.on_gpu else 0.0, resident_mib()))
        first, last = samples[len(samples) // 2], samples[-1]
        return {
            "runs": 50 * len(samples),
            "gpu_mib_half": first[0],
            "gpu_mib_end": last[0],
            "process_mib_half": first[1],
            "process_mib_end": last[1],
            "flat": last[0] <= 1.1 * first[0] + 64 and last[1] <= 1.1 * first[1] + 64,
        }


def one_node(node: Any) -> bytes:  # noqa: ANN401 - a NodeProto
    """A graph of one node from x to y, of any shape."""
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
    graph = helper.make_graph([node], "graph", sides[:1], sides[1:])
    opset = [helper.make_opsetid("", 13)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def resnet50_like() -> bytes:
    """The layers of ResNet-50 with random weights, [n, 3, 224, 224] to [n, 1000]."""
    random = np.random.default_rng(3)
    nodes: list[Any] = []
    constants: list[Any] = []

    def convolve(x: str, channels: tuple[int, int], kernel: int, stride: int, relu: bool) -> str:
        count, fan_in = channels[1], channels[0] * kernel * kernel
        shape = (count, channels[0], kernel, kernel)
        weight = random.standard_normal(shape, dtype=np.float32) * np.float32(fan_in**-0.5)
        name = f"c{len(nodes)}"
        constants.append(numpy_helper.from_array(weight, f"{name}_w"))
        pads = [kernel // 2] * 4
        attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": pads}
        nodes.append(helper.make_node("Conv", [x, f"{name}_w"], [name], **attributes))
        if relu:
            nodes.append(helper.make_node("Relu", [name], [f"{name}_r"]))
        return f"{name}_r" if relu else name

    def block(x: str, source: int, width: int, stride: int) -> str:
        y = convolve(x, (source, width), 1, 1, True)
        y = convolve(y, (width, width), 3, stride, True)
        y = convolve(y, (width, 4 * width), 1, 1, False)
        if source != 4 * width:
            x = convolve(x, (source, 4 * width), 1, stride, False)
        name = f"s{len(nodes)}"
        nodes.append(helper.make_node("Add", [x, y], [f"{name}_a"]))
        nodes.append(helper.make_node("Relu", [f"{name}_a"], [name]))
        return name

    x = convolve("x", (3, 64), 7, 2, True)
    pool = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes.append(helper.make_node("MaxPool", [x], ["pooled"], **pool))
    x, channels = "pooled", 64
    for width, count, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for index in range(count):
            x = block(x, channels, width, stride if index == 0 else 1)
            channels = 4 * width
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["g"]))
    nodes.append(helper.make_node("Flatten", ["g"], ["f"]))
    dense = random.standard_normal((2048, 1000), dtype=np.float32) * np.float32(0.02)
    constants.append(numpy_helper.from_array(dense, "dense"))
    nodes.append(helper.make_node("MatMul", ["f", "dense"], ["y"]))
    ends = [("x", ["n", 3, 224, 224]), ("y", ["n", 1000])]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in ends]
    graph = helper.make_graph(nodes, "resnet50", infos[:1], infos[1:], constants)
    opset = [helper.make_opsetid("", 13)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def random_input(shape: tuple[int, ...], seed: int = 0) -> Any:  # noqa: ANN401
    """Numbers as a normalised picture has them."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def relative_error(found: Any, want: Any) -> float:  # noqa: ANN401
    """Largest difference over largest value."""
    return float(np.abs(found - want).max() / max(1e-12, float(np.abs(want).max())))


def milliseconds(work: Callable[[], object], seconds: float) -> float:
    """Median of as many turns as fit, after a few that are not counted."""
    for _ in range(3):
        work()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def gpu_memory_mib() -> float:
    """Memory in use on the first GPU, by everybody."""
    program = shutil.which("nvidia-smi") or "nvidia-smi"
    command = [program, "--query-gpu=memory.used", "--format=csv,noheader,nounits", "--id=0"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def resident_mib() -> float:
    """Resident memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> int:
    """Measures everything that was not left out; the exit status is 0 if all results are right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    bench = Bench(arguments.device, arguments.models, arguments.images, arguments.seconds)
    versions = {status.name: status.version for status in hpinfer.engines() if status.usable}
    found: dict[str, Any] = {"device": arguments.device, "engines": versions}
    steps: dict[str, Callable[[], Any]] = {
        "engine": lambda: list(bench.engine()),
        "varied_shapes_ms": bench.varied_shapes,
        "end_to_end": bench.end_to_end,
        "concurrency": bench.concurrency,
        "memory": bench.memory,
    }
    for name, step in steps.items():
        start = time.perf_counter()
        found[name] = step()
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
        # What is measured is kept whatever happens next.
        arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    right = [row["equal"] for row in found["engine"]]
    right += [found["concurrency"]["equal"], found["memory"]["flat"]]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
