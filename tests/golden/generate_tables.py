"""Writes tables.json: what PaddleX says of tables. Run with PaddleX's interpreter.

``python generate_tables.py --models DIR [--images DIR]``: DIR holds SLANet_plus as
``inference.onnx`` and ``inference.yml``.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from table_inputs import DICTIONARY, SIZES, match_case, network_outputs

HERE = Path(__file__).parent
os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"


def decoded(model_name: str, *, end_weight: float, with_boxes: bool = True) -> list[dict[str, Any]]:
    from paddlex.inference.models.table_structure_recognition.processors import TableLabelDecode

    decode = TableLabelDecode(model_name, True, list(DICTIONARY))
    boxes, tokens = network_outputs(7, end_weight=end_weight)
    outputs = [boxes, tokens] if with_boxes else [tokens]
    results = decode(outputs, [[488, 488]] * len(SIZES), SIZES)
    return [{**result, "structure_score": float(result["structure_score"])} for result in results]


def matched(seed: int, *, by_cells: bool) -> dict[str, Any]:
    from paddlex.inference.pipelines.table_recognition import (
        table_recognition_post_processing as post,
    )
    from paddlex.inference.pipelines.table_recognition.utils import get_neighbor_boxes_idx

    case = match_case(seed)
    lines, texts = case["lines"], case["texts"]
    page = {
        "rec_boxes": lines,
        "rec_texts": texts,
        "rec_scores": [1.0] * len(texts),
        "rec_polys": list(range(len(texts))),
        "doc_preprocessor_res": {"output_img": np.zeros((*case["page"], 3), np.uint8)},
    }
    structure = {"bbox": copy.deepcopy(case["boxes"]), "structure": case["tokens"]}
    result = post.get_table_recognition_res(
        case["place"], structure, page, case["cell_texts"], by_cells, case["sort_lines"]
    )
    neighbors = get_neighbor_boxes_idx(lines, case["place"])
    return {
        "seed": seed,
        "by_cells": by_cells,
        "html": result["pred_html"],
        "cells": np.asarray(result["cell_box_list"]).tolist(),
        "lines": np.asarray(result["table_ocr_pred"]["rec_polys"]).tolist(),
        "neighbors": "".join(texts[i] + "; " for i in neighbors),
    }


def recognized(models: Path, images: list[Path]) -> list[dict[str, Any]]:
    from paddlex import create_model

    model = create_model(
        "SLANet_plus",
        model_dir=str(models / "SLANet_plus"),
        device="cpu",
        engine="onnxruntime",
    )
    tables = []
    for path in images:
        result = next(iter(model.predict(str(path))))
        tables.append(
            {
                "image": path.name,
                "bbox": result["bbox"],
                "structure": result["structure"],
                "structure_score": float(result["structure_score"]),
            }
        )
    return tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--images", type=Path, default=HERE)
    parser.add_argument("--out", type=Path, default=HERE / "tables.json")
    options = parser.parse_args()
    images = sorted(options.images.glob("table*.png")) + sorted(options.images.glob("table*.jpg"))
    golden = {
        "made_by": "PaddleX 3.7.2",
        "decoded": {
            "SLANet": decoded("SLANet", end_weight=1.04),
            "SLANet_plus": decoded("SLANet_plus", end_weight=1.04),
            "endless": decoded("SLANet_plus", end_weight=0.0),
            "without_boxes": decoded("SLANet_plus", end_weight=1.04, with_boxes=False),
        },
        "matched": [matched(seed, by_cells=False) for seed in range(60)]
        + [matched(seed, by_cells=True) for seed in range(0, 60, 5)],
        "recognized": recognized(options.models, images),
    }
    options.out.write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
