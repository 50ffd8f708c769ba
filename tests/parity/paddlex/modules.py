"""What PaddleX runs through its plugin besides OCR: single models, pipelines, bare runners.

    python modules.py OUT IMAGE… --models MODELS [--real DIR] [--only NAME…]

Everything is done three times: on PaddleX's own ONNX Runtime engine, and on hpinfer's
`ultra_infer` with each backend. Results must be equal, on ONNX Runtime to the last bit, on OpenVINO
up to rounding; there a decision near its threshold may fall otherwise on one picture in twenty,
which is printed. A picture that PaddleX fails on must fail alike. Where PaddleX does not offer that
engine, its plugin's runner on a bare ONNX Runtime session stands for it. The networks are those of
`module_networks.py`, text detection and recognition are real. `--real` compares other model folders
(inference.onnx and a complete inference.yml) instead. Writes a JSON object: name to what differs,
or null. Run it in an environment of `environments.py`.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from drop_in_page import engines_in_use
from oracle import ENGINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BACKENDS = ("onnxruntime", "openvino")
#: Largest difference of two numbers from different engines, relative and absolute.
ROUNDING = 2e-3
#: Share of pictures on which rounding may decide otherwise (a corner of an outline, a box).
DECIDED_OTHERWISE = 0.05
PIPELINES = (
    *("doc_preprocessor", "table_recognition", "table_recognition_v2", "seal_recognition"),
    *("formula_recognition", "layout_parsing", "PP-StructureV3", "object_detection"),
    *("instance_segmentation", "semantic_segmentation", "image_classification"),
    *("image_multilabel_classification", "anomaly_detection", "human_keypoint_detection"),
)
#: The model of a module for which the pipeline's own has no network here.
STAND_INS = {
    "text_detection": "PP-OCRv4_mobile_det",
    "seal_text_detection": "PP-OCRv4_mobile_seal_det",
    "text_recognition": "PP-OCRv4_mobile_rec",
    "textline_orientation": "PP-LCNet_x1_0_textline_ori",
    "formula_recognition": "PP-FormulaNet-S",
    "object_detection": "PicoDet-S",
    "instance_segmentation": "Mask-RT-DETR-L",
    "semantic_segmentation": "PP-LiteSeg-T",
    "image_classification": "ResNet50",
    "image_multilabel_classification": "PP-LCNet_x1_0_ML",
    "image_anomaly_detection": "STFPM",
}


def plain() -> dict[str, Any]:
    """PaddleX's arguments for its own engine."""
    return {"engine": ENGINE}


def plugin(backend: str) -> dict[str, Any]:
    """PaddleX's arguments for the plugin in manual mode."""
    return {"use_hpip": True, "hpi_config": {"auto_config": False, "backend": backend}}


class BareRuntime:
    """ONNX Runtime's own Python session where PaddleX's runner expects the plugin's runtime."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        path = str(folder / "inference.onnx")
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def num_inputs(self) -> int:
        return len(self._session.get_inputs())

    def get_input_info(self, index: int) -> Any:
        return self._session.get_inputs()[index]

    def infer(self, inputs: dict[str, Any]) -> list[Any]:
        return self._session.run(None, inputs)


def run_plain(create: Callable[..., Any], images: Sequence[Path]) -> list[list[Any]]:
    """All results without hpinfer."""
    from paddlex.inference.models.runners.hpi import HPIRunner

    try:
        return run(create(**plain()), images)
    except ValueError as error:
        if "does not support engine" not in str(error):
            raise
    original = HPIRunner._build_ui_runtime
    HPIRunner._build_ui_runtime = lambda self, *_, **__: BareRuntime(self.model_dir)
    try:
        return run(create(**plugin(ENGINE)), images)
    finally:
        HPIRunner._build_ui_runtime = original


def compare(create: Callable[..., Any], images: Sequence[Path]) -> str | None:
    """What differs between PaddleX's engine and the plugin; None if nothing does.

    Args:
        create: makes a model or pipeline from PaddleX's arguments for an engine.
        images: pictures to give it.
    """
    expected = run_plain(create, images)
    for backend in BACKENDS:
        made = create(**plugin(backend))
        found = run(made, images)
        engines = engines_in_use()
        if set(engines) != {backend}:
            return f"{backend}: on hpinfer ran {engines}"
        same_engine = backend == ENGINE
        tolerance = 0.0 if same_engine else ROUNDING
        problems = [
            f"{backend}, {image.name}: {problem}"
            for image, one, other in zip(images, expected, found, strict=True)
            if (problem := difference(one, other, tolerance)) is not None
        ]
        if len(problems) > (0 if same_engine else DECIDED_OTHERWISE * len(images)):
            return problems[0]
        for problem in problems:
            print(f"  by rounding: {problem}", file=sys.stderr)
        del made
        gc.collect()
    return None


def run(made: Any, images: Sequence[Path]) -> list[list[Any]]:
    """All results, image by image."""
    return [run_one(made, image) for image in images]


def run_one(made: Any, image: Path) -> list[Any]:
    """The results of a picture, or the error, which the other run must raise as well."""
    try:
        return [dict(result) for result in made.predict(str(image))]
    except (ValueError, IndexError, TypeError) as error:  # PaddleX's own, on pages without content
        print(f"  {image.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return [f"{type(error).__name__}: {error}"]


def difference(one: Any, other: Any, tolerance: float, path: str = "result") -> str | None:
    """Where two results differ first."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return arrays_differ(one, other, tolerance, path)
    if isinstance(one, Mapping):
        if set(one) != set(other):
            return f"{path}: keys {sorted(map(str, set(one) ^ set(other)))}"
        return first(difference(one[key], other[key], tolerance, f"{path}.{key}") for key in one)
    if isinstance(one, (list, tuple)):
        if len(one) != len(other):
            return f"{path}: {len(one)} items, {len(other)} on hpinfer"
        pairs = enumerate(zip(one, other, strict=True))
        return first(difference(a, b, tolerance, f"{path}[{i}]") for i, (a, b) in pairs)
    if isinstance(one, (float, np.floating)):
        return arrays_differ(np.asarray(one), np.asarray(other), tolerance, path)
    if hasattr(one, "getbands"):  # a picture of Pillow
        return arrays_differ(np.asarray(one), np.asarray(other), tolerance, path)
    if hasattr(one, "__dict__") and not isinstance(one, (str, bytes, Path)):
        return difference(vars(one), vars(other), tolerance, path)
    return None if one == other else f"{path}: {one!r}, {other!r} on hpinfer"


def first(problems: Iterator[str | None]) -> str | None:
    """The first that is one."""
    return next((problem for problem in problems if problem is not None), None)


def arrays_differ(one: Any, other: Any, tolerance: float, path: str) -> str | None:
    """Whether arrays have other shapes, types or values."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.dtype != other.dtype:
        return f"{path}: {one.dtype} {one.shape}, {other.dtype} {other.shape} on hpinfer"
    if one.dtype == object:
        return difference(one.tolist(), other.tolist(), tolerance, path)
    if not tolerance or one.dtype.kind not in "fui":
        same = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        return None if same else f"{path}: other values"
    limit = 1.0 if one.dtype.kind in "ui" else tolerance  # a level, a pixel
    near = np.isclose(other.astype(np.float64), one, rtol=tolerance, atol=limit, equal_nan=True)
    return None if near.all() else f"{path}: {np.count_nonzero(~near)} other values"


def single_models(folders: Mapping[str, Path]) -> dict[str, Callable[..., Any]]:
    """How each model is made."""
    from paddlex import create_model

    def maker(name: str, folder: Path) -> Callable[..., Any]:
        return lambda **how: create_model(name, model_dir=str(folder), device="cpu", **how)

    return {f"model {name}": maker(name, folder) for name, folder in folders.items()}


def whole_pipelines(folders: Mapping[str, Path]) -> dict[str, Callable[..., Any]]:
    """How each pipeline is made: from PaddleX's own file, with our folders in it."""
    import paddlex

    def maker(name: str) -> Callable[..., Any]:
        path = Path(paddlex.__file__).parent / "configs" / "pipelines" / f"{name}.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        fill(config, folders)
        return lambda **how: paddlex.create_pipeline(config=config, device="cpu", **how)

    return {f"pipeline {name}": maker(name) for name in PIPELINES}


def fill(config: dict[str, Any], folders: Mapping[str, Path]) -> None:
    """Gives every module of a pipeline a folder; those without a network must be off."""
    for module in config.get("SubModules", {}).values():
        name = module["model_name"]
        if name not in folders:
            name = STAND_INS.get(module["module_name"], name)
        if name in folders:
            module |= {"model_name": name, "model_dir": str(folders[name])}
    for pipeline in config.get("SubPipelines", {}).values():
        fill(pipeline, folders)


def text_models(models: Path, root: Path) -> dict[str, Path]:
    """The real text models, the detector also under the name of one for seals."""
    found = {name: models / name for name in ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec")}
    seal = root / "PP-OCRv4_mobile_seal_det"
    shutil.copytree(found["PP-OCRv4_mobile_det"], seal)
    config = yaml.safe_load((seal / "inference.yml").read_text(encoding="utf-8"))
    config["Global"]["model_name"] = seal.name
    config["PostProcess"] |= {"thresh": 0.2, "unclip_ratio": 0.5, "box_type": "poly"}
    (seal / "inference.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return {**found, seal.name: seal}


def tasks(options: argparse.Namespace, root: Path) -> dict[str, Callable[[], str | None]]:
    """Everything to compare, by name."""
    if options.real:
        folders = {path.parent.name: path.parent for path in options.real.glob("*/inference.onnx")}
        makers = single_models(dict(sorted(folders.items())))
        bare: dict[str, Callable[[], str | None]] = {}
    else:
        from bare_runners import runners
        from module_networks import write_models

        folders = write_models(root) | text_models(options.models, root)
        makers = single_models(folders) | whole_pipelines(folders)
        bare = runners(root)

    def task(create: Callable[..., Any]) -> Callable[[], str | None]:
        return lambda: compare(create, options.images)

    return {name: task(create) for name, create in makers.items()} | bare


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--models", type=Path, help="folder of make_model_dirs.py")
    parser.add_argument("--real", type=Path, help="folder of other model folders")
    parser.add_argument("--only", nargs="+", default=[], help="parts of names")
    options = parser.parse_args()
    outcomes: dict[str, str | None] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, task in tasks(options, Path(scratch)).items():
            if options.only and not any(part in name for part in options.only):
                continue
            try:
                outcomes[name] = task()
            except Exception as error:
                traceback.print_exc()
                outcomes[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"
            print(name, outcomes[name] or "ok", file=sys.stderr, flush=True)
    options.out.write_text(json.dumps(outcomes, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
