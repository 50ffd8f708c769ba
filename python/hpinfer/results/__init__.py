"""Results: immutable values with PaddleX's keys, JSON, pictures and saving."""

from __future__ import annotations

from hpinfer.results.base import Result
from hpinfer.results.detection import DetResult, InstanceSegResult, SegResult
from hpinfer.results.layout_parsing import LayoutBlock, LayoutParsingResult
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
from hpinfer.results.table_page import TableRecognitionResult, TablesResult

__all__ = [
    "ClassificationResult",
    "DetResult",
    "DocPreprocessorResult",
    "DocTrResult",
    "FormulaRecResult",
    "FormulaRecognitionResult",
    "FormulaResult",
    "InstanceSegResult",
    "LayoutBlock",
    "LayoutParsingResult",
    "OCRLine",
    "OCRResult",
    "Result",
    "SealRecognitionResult",
    "SealResult",
    "SegResult",
    "SingleTableResult",
    "TableRecResult",
    "TableRecognitionResult",
    "TablesResult",
    "TextDetResult",
    "TextRecResult",
    "TopkResult",
]
