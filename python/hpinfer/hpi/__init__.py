"""Engines: where they are installed, whether they are usable here, and which one runs a model."""

from __future__ import annotations

from hpinfer.hpi.choice import EngineChoice, choose_engine
from hpinfer.hpi.discovery import EngineStatus, engines, library_candidates

__all__ = ["EngineChoice", "EngineStatus", "choose_engine", "engines", "library_candidates"]
