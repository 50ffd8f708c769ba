"""Write what PaddleX's OCR pipeline says about every image of a folder, as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from oracle import FAMILIES, create_oracle, describe, list_images


def as_lists(polygons: Any) -> list[Any]:
    """Nested plain lists of a sequence of integer arrays."""
    return [np.asarray(polygon).tolist() for polygon in polygons]


def read_page(pipeline: Any, path: Path, **params: Any) -> dict[str, Any]:
    """Run the pipeline on one image; a failure becomes a record with `error`."""
    started = time.perf_counter()
    try:
        result = next(iter(pipeline.predict(str(path), **params)))
    except Exception as error:  # the oracle's own failures are part of the record
        return {
            "image": path.name,
            "error": f"{type(error).__name__}: {' '.join(str(error).split())}",
        }
    return {
        "image": path.name,
        "seconds": time.perf_counter() - started,
        "dt_polys": as_lists(result["dt_polys"]),
        "rec_texts": list(result["rec_texts"]),
        "rec_scores": [float(score) for score in result["rec_scores"]],
        "rec_polys": as_lists(result["rec_polys"]),
        "rec_boxes": np.asarray(result["rec_boxes"]).reshape(-1, 4).tolist(),
    }


def write_json(path: Path, value: object) -> None:
    """Write `value` beside `path` and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, indent=1)
    Path(out.name).chmod(0o644)
    Path(out.name).replace(path)


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--models", type=Path, required=True, help="folder of make_model_dirs.py")
    parser.add_argument("--family", choices=sorted(FAMILIES), default="v4")
    parser.add_argument("--threads", type=int, default=0, help="0 keeps the engine's default")
    arguments = parser.parse_args()
    pipeline = create_oracle(arguments.models, arguments.family, threads=arguments.threads)
    pages = []
    for path in list_images(arguments.images):
        pages.append(read_page(pipeline, path))
        print(path.name, pages[-1].get("error", len(pages[-1].get("rec_texts", []))))
    about = describe(arguments.models, arguments.family, threads=arguments.threads)
    write_json(arguments.out, {**about, "images": pages})
    return 0


if __name__ == "__main__":
    sys.exit(main())
