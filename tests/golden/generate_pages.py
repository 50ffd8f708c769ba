"""Writes pages.json: what PaddleX 3.7.2 says of the orientation of the example pages.

``python generate_pages.py --model MODEL_DIR`` in an environment with PaddleX and ONNX Runtime;
MODEL_DIR is that of PP-LCNet_x1_0_doc_ori (``hpinfer models path PP-LCNet_x1_0_doc_ori``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path

import numpy as np
from page_inputs import turned_pages

HERE = Path(__file__).resolve().parent
MODEL = "PP-LCNet_x1_0_doc_ori"


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    directory = str(parser.parse_args().model)
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    os.environ["HF_HUB_OFFLINE"] = "1"
    from paddlex import create_model, create_pipeline

    config = {
        "pipeline_name": "doc_preprocessor",
        "use_doc_orientation_classify": True,
        "use_doc_unwarping": False,
        "SubModules": {
            "DocOrientationClassify": {
                "module_name": "doc_text_orientation",
                "model_name": MODEL,
                "model_dir": directory,
            }
        },
    }
    pipeline = create_pipeline(config=config, device="cpu", engine="onnxruntime")
    classifier = create_model(
        MODEL, model_dir=directory, device="cpu", engine="onnxruntime", topk=4
    )
    golden = {}
    for name, page in turned_pages(HERE.parents[1] / "examples" / "images"):
        (upright,) = pipeline.predict(page)
        (classes,) = classifier.predict(page)
        output = np.ascontiguousarray(upright["output_img"])
        golden[name] = {
            "keys": sorted(upright.json["res"]),
            "angle": int(upright["angle"]),
            "shape": list(output.shape),
            "sha256": hashlib.sha256(output.tobytes()).hexdigest(),
            "class_ids": np.asarray(classes["class_ids"]).ravel().tolist(),
            "scores": np.asarray(classes["scores"]).ravel().tolist(),
            "label_names": list(classes["label_names"]),
        }
    text = json.dumps(golden, indent=1)
    (HERE / "pages.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
