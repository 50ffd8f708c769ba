"""Makes an int8 copy of a text recognition or detection model, calibrated on lines or pages.

The tools need an environment of their own:

    python -m venv quant && quant/bin/pip install -r benchmarks/accuracy/requirements-quantize.txt
    python benchmarks/accuracy/quantize.py lines lines.npz --work WORK --images IMAGES
    quant/bin/python benchmarks/accuracy/quantize.py MODEL_DIRECTORY lines.npz OUT --with nncf

The first step, which needs hpinfer, saves the inputs of calibration lines: half of them rendered
with another seed than run.py's, half cut out of pages whose text is not known to run.py. With the
word `pages` instead of `lines` it saves those pages, as text detection takes them. The second
writes OUT/inference.onnx with QuantizeLinear nodes and copies inference.yml, so that OUT is a model
directory: give it to run.py as the fourth part of a variant, or to detection.py. `--with nncf` or
`--with onnxruntime` chooses the tool; both quantise weights per channel, activations of 8 bit, and
leave the last layers in float with --float.
"""

from __future__ import annotations

import argparse
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Input = npt.NDArray[np.float32]

_HEIGHT = 48
_LONGEST = 960  # side of a page for text detection
_STEP = 32
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
_SEED = 1
_OPSET = 13  # the first with a scale for each channel


def main() -> None:
    """Saves calibration inputs, or quantises."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path, help="model directory, or lines or pages")
    parser.add_argument("lines", type=Path, help="npz file of calibration inputs")
    parser.add_argument("out", type=Path, nargs="?", help="model directory to write")
    parser.add_argument("--with", dest="tool", choices=("nncf", "onnxruntime"), default="nncf")
    parser.add_argument("--float", nargs="*", default=[], help="operators to leave, e.g. MatMul")
    parser.add_argument("--work", type=Path, help="folder for the fetched fonts")
    parser.add_argument("--images", type=Path, help="folder of pages")
    parser.add_argument("--count", type=int, default=200, help="calibration lines")
    arguments = parser.parse_args()
    if str(arguments.model) == "lines":
        save_lines(arguments.lines, arguments.work, arguments.images, arguments.count)
        return
    if str(arguments.model) == "pages":
        save_pages(arguments.lines, arguments.images)
        return
    if arguments.out is None:
        parser.error("OUT is missing: the model directory to write")
    inputs = list(np.load(arguments.lines).values())
    arguments.out.mkdir(parents=True, exist_ok=True)
    quantise = with_nncf if arguments.tool == "nncf" else with_onnxruntime
    quantise(
        arguments.model / "inference.onnx",
        arguments.out / "inference.onnx",
        inputs,
        arguments.float,
    )
    shutil.copy(arguments.model / "inference.yml", arguments.out / "inference.yml")


def save_lines(out: Path, work: Path, images: Path, count: int) -> None:
    """Network inputs [1, 3, 48, W] of rendered and real lines."""
    from fonts import fetch
    from pages import page_lines
    from rendering import render_lines

    import hpinfer
    from hpinfer import _native

    pictures = [line.image for line in render_lines(count // 2, fetch(work), seed=_SEED)]
    pages = page_lines(images, hpinfer.create_pipeline("OCR"))
    real = [image for page in pages if not any(page.references) for image in page.images]
    pictures += random.Random(_SEED).sample(real, min(count - count // 2, len(real)))
    rule = _native.LineColumns()
    np.savez(out, **{str(i): network_input(picture, rule) for i, picture in enumerate(pictures)})


def network_input(picture: npt.NDArray[np.uint8], rule: Any) -> Input:  # noqa: ANN401 - native
    """[1, 3, 48, W] of a BGR picture: resized, -1 to 1, zeros after it."""
    from PIL import Image

    height, width = picture.shape[:2]
    columns = max(1, min(round(_HEIGHT * width / height), 3200))
    resized = Image.fromarray(picture).resize((columns, _HEIGHT), Image.Resampling.BILINEAR)
    values = np.zeros((1, 3, _HEIGHT, rule.tensor_columns(columns)), np.float32)
    values[0, :, :, :columns] = (np.asarray(resized, np.float32) / 127.5 - 1.0).transpose(2, 0, 1)
    return values


def save_pages(out: Path, images: Path) -> None:
    """Network inputs [1, 3, H, W] of the pages whose text is not known."""
    from pages import is_known, page_files
    from PIL import Image

    inputs = {}
    for path in page_files(images):
        if is_known(path):
            continue
        picture = Image.open(path).convert("RGB")
        scale = min(1.0, _LONGEST / max(picture.size))
        size = [max(_STEP, round(side * scale / _STEP) * _STEP) for side in picture.size]
        resized = picture.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        bgr = np.asarray(resized, np.float32)[:, :, ::-1] / 255.0
        inputs[path.name] = ((bgr - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]
    np.savez(out, **inputs)


def prepared(source: Path, target: Path) -> Any:  # noqa: ANN401 - an ONNX model
    """The model with constants folded and shapes inferred, in an opset with scales per channel."""
    import onnx
    from onnx import version_converter
    from onnxruntime.quantization.shape_inference import quant_pre_process

    partial = target.with_suffix(".prepared")
    quant_pre_process(str(source), str(partial), skip_symbolic_shape=True)
    model = onnx.load(partial)
    partial.unlink()
    opset = max(item.version for item in model.opset_import if item.domain in ("", "ai.onnx"))
    return model if opset >= _OPSET else version_converter.convert_version(model, _OPSET)


def with_nncf(source: Path, target: Path, inputs: list[Input], left: list[str]) -> None:
    """Post-training quantisation by NNCF."""
    import nncf
    import onnx

    model = prepared(source, target)
    name = model.graph.input[0].name
    quantised = nncf.quantize(
        model,
        nncf.Dataset(inputs, lambda value: {name: value}),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(inputs),
        ignored_scope=nncf.IgnoredScope(types=left, validate=False) if left else None,
    )
    onnx.save(quantised, target)


def with_onnxruntime(source: Path, target: Path, inputs: list[Input], left: list[str]) -> None:
    """Static quantisation by ONNX Runtime: unsigned activations, signed weights per channel."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Lines(CalibrationDataReader):  # type: ignore[misc] - untyped package
        def __init__(self, feeds: Iterator[dict[str, Input]]) -> None:
            self._feeds = feeds

        def get_next(self) -> dict[str, Input] | None:
            return next(self._feeds, None)

    model = prepared(source, target)
    name = model.graph.input[0].name
    kinds = {node.op_type for node in model.graph.node} & {"Conv", "MatMul", "Gemm"}
    quantize_static(
        model,
        str(target),
        Lines({name: value} for value in inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=sorted(kinds - set(left)),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


if __name__ == "__main__":
    main()
