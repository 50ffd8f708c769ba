"""Write what hpinfer's OCR pipeline says about every image of a folder, for `compare.py`.

Runs with the interpreter that has hpinfer; nothing of PaddleX is needed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from pathlib import Path

from oracle import list_images
from reference import read_page, write_json


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--pipeline", default="OCR", help="pipeline name or YAML file")
    parser.add_argument("--engine", default="onnxruntime")
    arguments = parser.parse_args()
    import hpinfer

    pipeline = hpinfer.create_pipeline(arguments.pipeline, device="cpu", engine=arguments.engine)
    pages = [
        read_page(pipeline, path, text_rec_batching="official")
        for path in list_images(arguments.images)
    ]
    about = {
        "versions": {
            name: importlib.metadata.version(name) for name in ("hpinfer", arguments.engine)
        },
        "settings": {"pipeline": arguments.pipeline, "engine": arguments.engine},
    }
    write_json(arguments.out, {**about, "images": pages})
    return 0


if __name__ == "__main__":
    sys.exit(main())
