"""Results: immutable values with PaddleX's keys, JSON, pictures and saving."""

from __future__ import annotations

from hpinfer.results.base import Result
from hpinfer.results.detection import DetResult, InstanceSegResult, SegResult
from hpinfer.results.modules import (
    ClassificationResult,
    DocPreprocessorResult,
    TextDetResult,
    TextRecResult,
    TopkResult,
)
from hpinfer.results.ocr import OCRLine, OCRResult

__all__ = [
    "ClassificationResult",
    "DetResult",
    "DocPreprocessorResult",
    "InstanceSegResult",
    "OCRLine",
    "OCRResult",
    "Result",
    "SegResult",
    "TextDetResult",
    "TextRecResult",
    "TopkResult",
]
