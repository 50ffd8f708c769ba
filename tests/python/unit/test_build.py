"""What the build says of itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import hpinfer
from hpinfer import _native, paddle_inference

if TYPE_CHECKING:
    import pytest

ENGINE_OPTIONS = {
    "onnxruntime": "ENABLE_ORT_BACKEND",
    "openvino": "ENABLE_OPENVINO_BACKEND",
    "paddle": "ENABLE_PADDLE_BACKEND",
    "tensorrt": "ENABLE_TRT_BACKEND",
    "om": "ENABLE_OM_BACKEND",
}


def test_the_build_knows_its_version_and_compiler() -> None:
    build = hpinfer.build_info()
    assert build.version == hpinfer.__version__
    name, version = build.compiler.rsplit(" ", 1)
    assert name
    assert int(version.split(".")[0]) > 0
    assert build.build_type in {"Release", "RelWithDebInfo", "Debug", "MinSizeRel"}


def test_the_build_has_the_options_that_it_was_made_with() -> None:
    """scripts/test_builds.py says which; any other build only has to have them all."""
    expected = json.loads(os.environ.get("HPINFER_EXPECT_BUILD_OPTIONS", "{}"))
    options = hpinfer.build_info().options
    assert set(options) >= {*ENGINE_OPTIONS.values(), "WITH_GPU"}
    assert {name: options[name] for name in expected} == expected


def test_engines_are_those_of_the_build() -> None:
    options = hpinfer.build_info().options
    listed = {status.name for status in hpinfer.engines()}
    assert listed == {engine for engine, option in ENGINE_OPTIONS.items() if options[option]}


def test_the_questions_have_the_answers_of_the_options() -> None:
    options = hpinfer.build_info().options
    assert hpinfer.is_built_with_gpu() == options["WITH_GPU"]
    assert hpinfer.is_built_with_ort() == options["ENABLE_ORT_BACKEND"]
    assert hpinfer.is_built_with_openvino() == options["ENABLE_OPENVINO_BACKEND"]
    assert hpinfer.is_built_with_paddle() == options["ENABLE_PADDLE_BACKEND"]
    assert hpinfer.is_built_with_trt() == options["ENABLE_TRT_BACKEND"]
    assert hpinfer.is_built_with_om() == options["ENABLE_OM_BACKEND"]


def test_a_build_without_paddle_does_not_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    build = _native.build_info()
    build["options"]["ENABLE_PADDLE_BACKEND"] = False
    monkeypatch.setattr(_native, "build_info", lambda: build)
    status = paddle_inference.status()
    assert not status.usable
    assert "ENABLE_PADDLE_BACKEND=ON" in status.reason
    assert "paddle" not in {engine.name for engine in hpinfer.engines()}
