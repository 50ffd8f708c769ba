"""Engine choice: which engine runs a model here, and why."""

from __future__ import annotations

from hpinfer.hpi.choice import EngineChoice, choose_engine

__all__ = ["EngineChoice", "choose_engine"]
