"""Engines: where they are installed, whether they are usable here, and which one runs a model."""

from __future__ import annotations

from hpinfer.hpi.discovery import EngineStatus, engines, library_candidates
from hpinfer.hpi.explanation import Explanation, PipelineExplanation

__all__ = [
    "EngineStatus",
    "Explanation",
    "PipelineExplanation",
    "engines",
    "library_candidates",
]
