"""The drop-in under its own name, as PaddleX imports it."""

from __future__ import annotations

import importlib
import sys

import pytest

import hpinfer
from hpinfer.paddlex import drop_in


@pytest.fixture
def ui(monkeypatch):
    """The module ``ultra_infer`` as ``hpinfer paddlex enable`` would provide it."""
    monkeypatch.syspath_prepend(str(drop_in.folder()))
    monkeypatch.delitem(sys.modules, "ultra_infer", raising=False)
    module = importlib.import_module("ultra_infer")
    yield module
    sys.modules.pop("ultra_infer", None)


def pytest_generate_tests(metafunc):
    """Runs every test that takes `backend` on each CPU engine that is installed."""
    if "backend" in metafunc.fixturenames:
        usable = [item.name for item in hpinfer.engines() if item.usable]
        metafunc.parametrize("backend", [n for n in ("onnxruntime", "openvino") if n in usable])


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """Nothing is kept between tests."""
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
