"""Results: immutable values with PaddleX's keys, JSON, pictures and saving."""

from __future__ import annotations

from hpinfer.results.base import Result
from hpinfer.results.detection import DetResult, InstanceSegResult, SegResult
from hpinfer.results.modules import (
    ClassificationResult,
    DocPreprocessorResult,
    DocTrResult,
    FormulaRecResult,
    TextDetResult,
    TextRecResult,
    TopkResult,
)
from hpinfer.results.ocr import OCRLine, OCRResult
from hpinfer.results.regions import (
    FormulaRecognitionResult,
    FormulaResult,
    SealRecognitionResult,
    SealResult,
)
from hpinfer.results.table import SingleTableResult, TableRecResult

__all__ = [
    "ClassificationResult",
    "DetResult",
    "DocPreprocessorResult",
    "DocTrResult",
    "FormulaRecResult",
    "FormulaRecognitionResult",
    "FormulaResult",
    "InstanceSegResult",
    "OCRLine",
    "OCRResult",
    "Result",
    "SealRecognitionResult",
    "SealResult",
    "SegResult",
    "SingleTableResult",
    "TableRecResult",
    "TextDetResult",
    "TextRecResult",
    "TopkResult",
]
