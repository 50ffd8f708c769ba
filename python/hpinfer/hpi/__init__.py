"""Inference engines: where their libraries are installed and whether they are usable here."""

from __future__ import annotations

from hpinfer.hpi.discovery import EngineStatus, engines, library_candidates

__all__ = ["EngineStatus", "engines", "library_candidates"]
