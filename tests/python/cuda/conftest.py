"""Names the tests that were not run, where onnxruntime-gpu is not installed."""

from __future__ import annotations

from typing import Any

_not_run: list[str] = []


def pytest_runtest_logreport(report: Any) -> None:
    """Keeps the names of what was skipped here."""
    path, _, name = report.nodeid.partition("::")
    if report.skipped and "python/cuda/" in path:
        _not_run.append(name)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Names what was not run."""
    if _not_run:
        terminalreporter.write_line(
            f"CUDA: {len(_not_run)} tests NOT RUN, they need onnxruntime-gpu "
            f"(HPINFER_ONNXRUNTIME_GPU may name its library): {', '.join(_not_run)}"
        )
