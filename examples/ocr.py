"""Reads the text of pictures: ``python examples/ocr.py examples/images/hello.png``."""

from __future__ import annotations

import sys

import hpinfer

pipeline = hpinfer.create_pipeline("OCR")
for result in pipeline.predict(sys.argv[1:]):
    print(*result.rec_texts, sep="\n")
