"""Writes documents.json: what PaddleX reads in tables and pages. Run with PaddleX's interpreter.

``python generate_documents.py --models DIR --layouts LAYOUTS OUT IMAGE…``: DIR holds
PP-OCRv4_mobile_det, PP-OCRv4_mobile_rec and SLANet_plus as ``inference.onnx`` and
``inference.yml``. LAYOUTS is what ``hpinfer detect --format json IMAGE…`` says: PaddleX cannot
decode that layout model, so it is given the boxes. ``--digests`` keeps hashes instead of texts, for
pictures that are not ours (documents_elsewhere.json).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from document_goldens import digest

os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
_RUN = {"device": "cpu", "engine": "onnxruntime"}


class GivenLayout:
    """Stands where PaddleX has its layout model, and says what it was told to."""

    def __init__(self) -> None:
        self.boxes: list[dict[str, Any]] = []

    def __call__(self, page: Any, **_: Any) -> Any:
        yield self.of(page)

    def of(self, page: Any) -> Any:
        from paddlex.inference.models.object_detection.result import DetResult

        return DetResult(
            {"input_path": None, "page_index": None, "input_img": page, "boxes": self.boxes}
        )


def ocr_config(models: Path) -> dict[str, Any]:
    return {
        "pipeline_name": "OCR",
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": False,
        "SubModules": {
            "TextDetection": {
                "module_name": "text_detection",
                **model(models, "PP-OCRv4_mobile_det"),
                **{"limit_side_len": 960, "limit_type": "max", "max_side_limit": 4000},
                **{"thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5},
            },
            "TextRecognition": {
                "module_name": "text_recognition",
                **model(models, "PP-OCRv4_mobile_rec"),
                **{"batch_size": 6, "score_thresh": 0},
            },
        },
    }


def model(models: Path, name: str) -> dict[str, str]:
    return {"model_name": name, "model_dir": str(models / name)}


def structure(models: Path) -> dict[str, Any]:
    return {
        "module_name": "table_structure_recognition",
        **model(models, "SLANet_plus"),
    }


def layout_module() -> dict[str, Any]:
    return {"module_name": "layout_detection", "model_name": "PP-DocLayout-L", "model_dir": None}


def table_config(models: Path, *, inside: bool) -> dict[str, Any]:
    """Table recognition; `inside` another pipeline it has no models for text and layout."""
    config: dict[str, Any] = {
        "pipeline_name": "table_recognition",
        "use_doc_preprocessor": False,
        "use_layout_detection": not inside,
        "use_ocr_model": not inside,
        "SubModules": {
            "LayoutDetection": layout_module(),
            "TableStructureRecognition": structure(models),
        },
    }
    return config if inside else {**config, "SubPipelines": {"GeneralOCR": ocr_config(models)}}


def parsing_config(models: Path) -> dict[str, Any]:
    return {
        "pipeline_name": "layout_parsing",
        "use_doc_preprocessor": False,
        "use_seal_recognition": False,
        "use_table_recognition": True,
        "use_formula_recognition": False,
        "SubModules": {"LayoutDetection": layout_module()},
        "SubPipelines": {
            "GeneralOCR": ocr_config(models),
            "TableRecognition": table_config(models, inside=True),
        },
    }


def create(config: dict[str, Any], layout: GivenLayout) -> Any:
    """PaddleX's pipeline with `layout` in place of its layout model."""
    from paddlex import create_pipeline
    from paddlex.inference.pipelines.base import BasePipeline

    original = BasePipeline.create_model

    def create_model(self: Any, config: dict[str, Any], **options: Any) -> Any:
        if config["module_name"] == "layout_detection":
            return layout
        return original(self, config, **options)

    BasePipeline.create_model = create_model
    try:
        return create_pipeline(config=config, **_RUN)
    finally:
        BasePipeline.create_model = original


def plain(value: Any) -> Any:
    return np.asarray(value).tolist()


def tables_of(result: Any) -> list[dict[str, Any]]:
    return [
        {
            "pred_html": table["pred_html"],
            "cell_box_list": plain(table["cell_box_list"]),
            "rec_texts": list(table["table_ocr_pred"]["rec_texts"]),
            "rec_boxes": plain(table["table_ocr_pred"]["rec_boxes"]),
            "neighbor_texts": table["neighbor_texts"],
            "table_region_id": table.get("table_region_id"),
        }
        for table in result["table_res_list"]
    ]


def page_record(
    path: Path, layout: GivenLayout, table_pipeline: Any, parsing_pipeline: Any, *, cells: bool
) -> dict[str, Any]:
    found = next(iter(table_pipeline.predict(str(path))))
    whole = next(iter(table_pipeline.predict(str(path), use_layout_detection=False)))
    by_cells = table_pipeline.predict(str(path), use_ocr_results_with_table_cells=True)
    parsed = next(iter(parsing_pipeline.predict(str(path))))
    return {
        "image": path.name,
        "layout": layout.boxes,
        "tables": tables_of(found),
        "whole_page": tables_of(whole),
        "by_cells": [table["pred_html"] for table in tables_of(next(iter(by_cells)))]
        if cells
        else None,
        "blocks": [
            {
                "block_label": block["block_label"],
                "block_bbox": plain(block["block_bbox"]),
                "block_content": block["block_content"],
            }
            for block in parsed["parsing_res_list"]
        ],
        "keys": {
            "table_recognition": sorted(found.json["res"]),
            "layout_parsing": sorted(parsed.json["res"]),
            "model_settings": [dict(found["model_settings"]), dict(parsed["model_settings"])],
        },
    }


#: What is text of a page.
_TEXTS = ("pred_html", "neighbor_texts", "rec_texts", "block_content")


def without_text(value: Any) -> Any:
    """`value` with its texts replaced by digests; an empty one stays."""
    if isinstance(value, list):
        return [without_text(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: digest(item) if key in _TEXTS and item else without_text(item)
        for key, item in value.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--layouts", type=Path, required=True)
    parser.add_argument("out", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--skip-cells", action="store_true", help="no cell is read on its own")
    parser.add_argument("--digests", action="store_true", help="keep hashes instead of texts")
    arguments = parser.parse_args()
    said = json.loads(arguments.layouts.read_text(encoding="utf-8"))
    layouts = {Path(item["input_path"]).name: item["boxes"] for item in said}
    layout = GivenLayout()
    tables = create(table_config(arguments.models, inside=False), layout)
    parsing = create(parsing_config(arguments.models), layout)
    pages, cells = [], not arguments.skip_cells
    for path in arguments.images:
        layout.boxes = layouts[path.name]
        page = page_record(path, layout, tables, parsing, cells=cells)
        pages.append(without_text(page) if arguments.digests else page)
        print(path.name, len(pages[-1]["tables"]), "tables,", len(pages[-1]["blocks"]), "blocks")
    packages = ("paddlex", "onnxruntime", "opencv-contrib-python", "numpy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    indent = None if arguments.digests else 1
    text = json.dumps({"versions": versions, "pages": pages}, ensure_ascii=False, indent=indent)
    arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
