"""Tests of the engine for Ascend's compiled models, on a stand-in for AscendCL (tests/cpp/ascend).

The stand-in is compiled here: a C compiler is all that it needs. A process loads one AscendCL, so
these tests come after all others of a run.
"""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "cpp" / "ascend"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts these tests last."""
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.fixture(scope="session")
def stand_in_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in's library, compiled now."""
    compiler = os.environ.get("CC") or shutil.which("cc") or "gcc"
    library = tmp_path_factory.mktemp("ascendcl") / "libascendcl.so"
    options = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-fPIC", "-shared", "-fvisibility=hidden"]
    sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
    command = [compiler, *options, "-o", str(library), *sources, "-lm", "-pthread"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture(scope="session")
def acl(stand_in_path: Path) -> Any:
    """The stand-in, as the engine of this process."""
    os.environ["HPINFER_OM_LIBRARY"] = str(stand_in_path)
    loaded = ctypes.CDLL(str(stand_in_path))
    loaded.stand_in_first_violation.restype = ctypes.c_char_p
    loaded.stand_in_fail.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
    return loaded


@pytest.fixture(autouse=True)
def clean(acl: Any) -> Iterator[None]:
    """Fails unless everything is freed at the end and nothing was done wrong."""
    gc.collect()
    before = acl.stand_in_live(-1)  # 0, unless a test that failed is still kept with its frames
    yield
    acl.stand_in_fail(b"", 0, 0)
    acl.stand_in_slow(0)
    gc.collect()
    assert acl.stand_in_first_violation() == b""
    assert acl.stand_in_live(-1) <= before
