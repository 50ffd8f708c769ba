"""Runs every pipeline on the command line from the files that PaddleX ships, unchanged.

``python shipped_files.py CONFIGS OUT [--engine NAME] [NAME…]`` with the interpreter that has
hpinfer; CONFIGS is ``paddlex/configs/pipelines`` of an installed PaddleX. The models that the files
name are put where PaddleX keeps its own: those with public weights as they are or under the name
of their larger brothers, and stand-ins for the rest (benchmarks/python_share/networks.py; layouts
that fit the example pages). Prints a line for each pipeline; its files are in OUT, to be looked at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "benchmarks" / "python_share"))
import networks  # noqa: E402
from hpinfer import hub  # noqa: E402

PAGE = ROOT / "examples" / "pages" / "report.png"
SEAL = ROOT / "examples" / "pages" / "seal.png"
#: Pipeline to the picture that suits it.
INPUTS = {
    "image_classification": PAGE,
    "object_detection": PAGE,
    "semantic_segmentation": PAGE,
    "instance_segmentation": PAGE,
    "OCR": ROOT / "examples" / "images" / "receipt.png",
    "seal_recognition": SEAL,
    "table_recognition": PAGE,
    "doc_preprocessor": PAGE,
    "formula_recognition": PAGE,
    "layout_parsing": PAGE,
    "PP-ChatOCRv3-doc": PAGE,
}
#: Names in the files to the model whose weights stand in their place.
BROTHERS = {
    "PP-LCNet_x1_0_doc_ori": "PP-LCNet_x1_0_doc_ori",
    "PP-LCNet_x1_0_textline_ori": "ch_ppocr_mobile_v2.0_cls",
    "PP-OCRv6_medium_det": "PP-OCRv6_small_det",
    "PP-OCRv6_medium_rec": "PP-OCRv6_small_rec",
    "PP-OCRv4_server_det": "PP-OCRv4_mobile_det",
    "PP-OCRv4_server_seal_det": "PP-OCRv4_mobile_det",
    "PP-OCRv4_server_rec": "PP-OCRv4_mobile_rec",
    "PP-OCRv4_server_rec_doc": "PP-OCRv4_mobile_rec",
    "SLANet_plus": "SLANet_plus",
    "PicoDet-S": "picodet_lcnet_x1_0_fgd_layout_cdla",
}


def brother(folder: Path, name: str) -> None:
    """The directory of a model with public weights, under another name."""
    source = hub.resolve(BROTHERS[name]).directory
    for file in source.iterdir():
        if file.name.startswith("inference"):
            shutil.copy(file, folder / file.name)
    path = folder / "inference.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["Global"]["model_name"] = name
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")


def layout(labels: dict[str, str], seal: bool = False) -> list[networks.Object]:
    """What our layout model finds on the example page, in the classes of another model."""
    import hpinfer

    if seal:
        return [(list(labels.values()).index("seal"), 0.9, 0.02, 0.02, 0.98, 0.98)]
    (found,) = hpinfer.create_pipeline("object_detection").predict(PAGE)
    height, width = found.image.shape[:2]
    names = list(dict.fromkeys(labels.values()))
    return [
        (
            names.index(labels[box["label"]]),
            round(box["score"], 3),
            *(x / side for x, side in zip(box["coordinate"], (width, height) * 2, strict=True)),
        )
        for box in found.boxes
        if box["label"] in labels
    ]


def build(folder: Path, name: str, pipeline: str) -> None:
    """Puts the model `name` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if name in BROTHERS:
        brother(folder, name)
    elif name == "UVDoc":
        networks.unwarper(folder)
    elif "Formula" in name:
        networks.formula_model(folder, name=name)
    elif name == "PP-LCNet_x0_5":
        networks.classifier(folder, name=name)
    elif name == "PP-LiteSeg-T":
        networks.segmenter(folder, name=name)
    elif name == "Mask-RT-DETR-S":
        networks.detector(folder, [f"class {n}" for n in range(9)], name=name, masks=True)
    else:
        seal = pipeline == "seal_recognition"
        # Figures stand in for formulas where formulas are to be read.
        figure = "formula" if "formula" in pipeline else "image"
        labels = {
            "text": "text", "title": "paragraph_title", "figure": figure,
            "figure_caption": "figure_title", "table": "table", "table_caption": "table_title",
            "header": "header", "seal": "seal",
        }  # fmt: skip
        objects = layout(labels, seal)
        networks.detector(folder, list(labels.values()), name=name, objects=objects)


def model_names(config: object) -> set[str]:
    """Every ``model_name`` of a pipeline file that is not one of a service."""
    if not isinstance(config, dict):
        return set()
    names = {name for value in config.values() for name in model_names(value)}
    if "model_name" in config and "base_url" not in config:
        names.add(config["model_name"])
    return names


def run(name: str, file: Path, out: Path, engine: str | None) -> bool:
    """Runs one pipeline; whether it ended well and left its files."""
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as work:
        for model in model_names(config):
            build(Path(work) / "official_models" / model, model, name)
        command = [sys.executable, "-m", "hpinfer", "--pipeline", str(file)]
        command += ["--input", str(INPUTS[name]), "--save_path", str(out)]
        command += ["--engine", engine] if engine else []
        start = time.monotonic()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PADDLE_PDX_CACHE_HOME": work, "HPINFER_OFFLINE": "1"},
        )
    files = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    well = done.returncode == 0 and any(path.endswith(".json") for path in files)
    seconds = time.monotonic() - start
    print(f"{name}: exit code {done.returncode}, {seconds:.1f} s, {', '.join(files)}", flush=True)
    if not well:
        print(done.stderr)
    return well


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", help="pipelines; all without")
    parser.add_argument("--engine")
    args = parser.parse_args()
    names = args.names or list(INPUTS)
    well = [
        run(name, args.configs / f"{name}.yaml", args.out / name, args.engine) for name in names
    ]
    print(f"{sum(well)} of {len(well)} pipelines ran")
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
