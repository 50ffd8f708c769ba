"""Measures pipelines and models as users call them, each configuration in a process of its own."""

from __future__ import annotations

from hpinfer.bench.case import BenchCase, BenchPlan, sweep
from hpinfer.bench.compare import Comparison, compare, read_document
from hpinfer.bench.machine import describe_machine
from hpinfer.bench.run import run_plan

__all__ = [
    "BenchCase",
    "BenchPlan",
    "Comparison",
    "compare",
    "describe_machine",
    "read_document",
    "run_plan",
    "sweep",
]
