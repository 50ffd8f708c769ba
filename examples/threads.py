"""One pipeline, many threads: ``python examples/threads.py PICTURE…``.

A pipeline may be called from any number of threads at once; they share its models and its thread
budget. This is how a server uses it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import hpinfer


def main(paths: list[str]) -> None:
    """Prints the text of every picture, in the order given."""
    pipeline = hpinfer.create_pipeline("OCR")

    def read(path: str) -> str:
        return "\n".join(text for page in pipeline.predict(path) for text in page.rec_texts)

    with ThreadPoolExecutor(max_workers=4) as pool:
        for path, text in zip(paths, pool.map(read, paths), strict=True):
            print(f"== {path}\n{text}")


if __name__ == "__main__":
    main(sys.argv[1:])
