"""Models as the stand-in for AscendCL reads them (tests/cpp/ascend/stand_in_model.h)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

FLOAT, HALF, INT64 = 0, 1, 9


def om(
    *, choice: str = "fixed", shape: str = "2 3", sets: tuple[str, ...] = (), kind: int = FLOAT
) -> bytes:
    """y = 2 x + 1."""
    lines = [
        "stand-in om",
        f"choice {choice}",
        "memory 256 64",
        f"input x {kind} {shape}",
        *(f"set {values}" for values in sets),
        f"output y {kind} affine 0 2 1",
    ]
    return "\n".join(lines).encode() + b"\n"


def write_classifier(folder: Path, *, batches: tuple[int, ...] = (1, 4)) -> Path:
    """A model folder with a classifier of colours: its scores are the means of the channels."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "stand-in om",
        "choice batch",
        "memory 256 64",
        f"input x {FLOAT} -1 3 8 8",
        *(f"set {batch}" for batch in batches),
        f"output scores {FLOAT} mean 0 1 0",
    ]
    (folder / "inference.om").write_text("\n".join(lines) + "\n")
    normalize = {"channel_num": 3, "mean": [0, 0, 0], "std": [1, 1, 1], "order": ""}
    config: dict[str, Any] = {
        "Global": {"model_name": "colours"},
        "PreProcess": {
            "transform_ops": [
                {"ResizeImage": {"resize_short": 8}},
                {"CropImage": {"size": 8}},
                {"NormalizeImage": {**normalize, "scale": 0.00392156862745098}},
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {"Topk": {"topk": 3, "label_list": ["red", "green", "blue"]}},
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(config))
    return folder
