"""How long the tests with made-up inputs run, and how much memory they may have.

``HPINFER_HOSTILE_EXAMPLES`` multiplies the number of examples (scripts/fuzz sets it); with
``HPINFER_HOSTILE_REPORT`` the counts are written to that file. The examples of the default run are
the same every time.
"""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from outcomes import TALLY

_FACTOR = float(os.environ.get("HPINFER_HOSTILE_EXAMPLES", "1"))
#: What a test may take beyond what the process has, whatever an input asks for.
_MEMORY = 3 * 1024**3

settings.register_profile(
    "hostile",
    max_examples=max(int(60 * _FACTOR), 1),
    deadline=None,
    derandomize=_FACTOR == 1,
    database=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture(scope="module", autouse=True)
def bounded_memory():
    """An allocation without measure is an error here, not a machine that swaps.

    Per module: a folder without ``__init__.py`` is no package to pytest, whose "package" scope
    would then last to the end of the session and take the memory of the tests that come after.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + _MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@pytest.fixture(scope="session", autouse=True)
def report():
    yield
    target = os.environ.get("HPINFER_HOSTILE_REPORT")
    if target:
        rows = {
            what: {"calls": int(calls), "errors": int(errors), "slowest_ms": round(1000 * slowest)}
            for what, (calls, errors, slowest) in sorted(TALLY.items())
        }
        Path(target).write_text(json.dumps(rows, indent=1) + "\n")


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path_factory):
    """Nothing of the user's is read, and nothing is fetched."""
    home = tmp_path_factory.getbasetemp() / "hostile-home"
    monkeypatch.setenv("HOME", str(home))  # whose files "~" names
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(home / "paddlex"))
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
