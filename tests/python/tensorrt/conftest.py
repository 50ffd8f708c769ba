"""Tests of the TensorRT engine on stand-ins for its libraries (tests/cpp/tensorrt).

``scripts/test_tensorrt HEADERS...`` builds both and runs these tests with HPINFER_TENSORRT_STAND_IN
set to their folder. Without it they are not run, and the summary names each.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stand_in import live

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = os.environ.get("HPINFER_TENSORRT_STAND_IN")
HERE = Path(__file__).parent
_not_run: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves these tests out, by name, where there are no stand-ins."""
    if FOLDER is not None:
        return
    for item in items:
        if HERE in item.path.parents:
            _not_run.append(item.name)
            item.add_marker(pytest.mark.skip(reason="needs TensorRT's headers: not run"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Names what was not run."""
    if _not_run:
        names = ", ".join(_not_run)
        terminalreporter.write_line(
            f"TensorRT: {len(_not_run)} tests NOT RUN, they need its headers "
            f"(scripts/test_tensorrt HEADERS...): {names}"
        )


@pytest.fixture
def cuda() -> Any:
    """The stand-in for the CUDA runtime."""
    assert FOLDER is not None
    (library,) = Path(FOLDER).glob("libcudart.so.*")
    loaded = ctypes.CDLL(str(library))
    loaded.stand_in_host_address.restype = ctypes.c_void_p
    loaded.stand_in_host_address.argtypes = [ctypes.c_void_p]
    return loaded


@pytest.fixture
def no_leaks(cuda: Any) -> Iterator[None]:
    """Fails unless everything that a test allocates on the GPU is freed."""
    import gc

    gc.collect()
    before = live(cuda)
    yield
    gc.collect()
    assert live(cuda) == before


@pytest.fixture
def major() -> int:
    """Major release of the headers."""
    from hpinfer.hpi.discovery import engines

    status = next(item for item in engines() if item.name == "tensorrt")
    assert status.usable, status.reason
    return int(status.version.split(".")[0])
