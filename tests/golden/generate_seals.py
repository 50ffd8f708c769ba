"""Writes seals.json: PaddleX's crops of text polygons. Run with PaddleX's interpreter.

Crops are kept as size, SHA-256 and mean colour.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from seal_inputs import CASES, picture, polygon

HERE = Path(__file__).parent


def crop(case: int) -> dict[str, Any]:
    from paddlex.inference.pipelines.components import CropByPolys

    (found,) = CropByPolys(det_box_type="poly")(picture(), [polygon(case)])
    found = np.ascontiguousarray(found)
    return {
        "case": case,
        "shape": list(found.shape),
        "sha256": hashlib.sha256(found.tobytes()).hexdigest(),
        "mean": found.reshape(-1, 3).mean(axis=0).round(3).tolist() if found.size else None,
    }


def main() -> None:
    golden = {"made_by": "PaddleX 3.7.2, OpenCV 4.10.0", "crops": [crop(case) for case in CASES]}
    (HERE / "seals.json").write_text(json.dumps(golden), encoding="utf-8")


if __name__ == "__main__":
    main()
