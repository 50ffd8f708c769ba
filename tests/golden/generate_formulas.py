"""Writes formulas.json: PaddleX's network inputs and texts. Run with PaddleX's interpreter.

That interpreter also needs tokenizers and ftfy. Inputs are kept as shape, SHA-256, mean and
samples.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from formula_inputs import INPUT_SIZES, SIZES, TEXTS, picture

HERE = Path(__file__).parent


def described(tensor: np.ndarray) -> dict[str, Any]:
    flat = np.ascontiguousarray(tensor).reshape(-1)
    return {
        "shape": list(tensor.shape),
        "sha256": hashlib.sha256(flat.tobytes()).hexdigest(),
        "mean": float(flat.astype(np.float64).mean()),
        "samples": [float(value) for value in flat[:: max(len(flat) // 25, 1)]],
    }


def inputs() -> list[dict[str, Any]]:
    from paddlex.inference.models.formula_recognition import processors as ops

    latex = [
        ops.MinMaxResize([32, 32], [672, 192]),
        ops.LatexTestTransform(),
        ops.NormalizeImage(mean=[0.7931] * 3, std=[0.1738] * 3, order="hwc"),
        ops.LatexImageFormat(),
    ]
    chains = {"LaTeX_OCR_rec": latex}
    for name, size in INPUT_SIZES.items():
        last = ops.UniMERNetImageFormat() if name == "UniMERNet" else ops.LatexImageFormat()
        chains[name] = [ops.UniMERNetImgDecode(size), ops.UniMERNetTestTransform(), last]
    described_inputs = []
    for case in range(2 * len(SIZES)):
        for name, chain in chains.items():
            if name != "LaTeX_OCR_rec" and case >= len(SIZES):
                continue
            images = [picture(case)]
            for step in chain:
                images = step(images)
            described_inputs.append({"model": name, "case": case, **described(images[0])})
    return described_inputs


def texts() -> dict[str, list[str]]:
    from paddlex.inference.models.formula_recognition import processors as ops

    latex = ops.LaTeXOCRDecode.__new__(ops.LaTeXOCRDecode)
    unimernet = ops.UniMERNetDecode.__new__(ops.UniMERNetDecode)
    return {
        "LaTeXOCRDecode": [latex.post_process(text) for text in TEXTS],
        "UniMERNetDecode": [unimernet.post_process(text) for text in TEXTS],
    }


def main() -> None:
    golden = {
        "made_by": "PaddleX 3.7.2, OpenCV 4.10.0, Pillow 13.0.0",
        "inputs": inputs(),
        "texts": texts(),
    }
    (HERE / "formulas.json").write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
