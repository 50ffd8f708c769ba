"""A folder of pictures and PDFs to JSON lines: ``python examples/batch.py FOLDER OUT.jsonl``.

Pages stream: the folder may hold more than fits in memory, and a line is written as soon as its
page has been read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import hpinfer


def main(folder: str, output: str) -> None:
    """Writes one JSON object for each page: where it is from, its lines and their scores."""
    pipeline = hpinfer.create_pipeline("OCR")
    with Path(output).open("w", encoding="utf-8") as out:
        for result in pipeline.predict(folder):
            page = {
                "input_path": result.input_path,
                "page_index": result.page_index,
                "texts": list(result.rec_texts),
                "scores": [round(float(score), 4) for score in result.rec_scores],
            }
            out.write(json.dumps(page, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
