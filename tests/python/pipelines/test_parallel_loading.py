"""The parts of a pipeline are loaded at the same time, and it does not show."""

from __future__ import annotations

import contextvars
import threading

import pytest

import hpinfer
from hpinfer.errors import ModelNotFoundError
from hpinfer.pipelines import base
from hpinfer.pipelines.loading import Part

WAIT_S = 60


def test_models_of_a_pipeline_load_at_the_same_time(monkeypatch):
    together = threading.Barrier(2, timeout=WAIT_S)
    load = base.load_model

    def load_together(*args, **kwargs):
        together.wait()  # breaks unless another model is being loaded
        return load(*args, **kwargs)

    monkeypatch.setattr(base, "load_model", load_together)
    pipeline = hpinfer.create_pipeline("OCR")
    assert list(pipeline.engines) == ["PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"]


def test_measuring_has_the_machine_for_itself(monkeypatch):
    loading = threading.Lock()
    load = base.load_model

    def load_alone(*args, **kwargs):
        assert loading.acquire(blocking=False), "two models at the same time"
        try:
            return load(*args, **kwargs)
        finally:
            loading.release()

    monkeypatch.setattr(base, "load_model", load_alone)
    hpinfer.create_pipeline("OCR", engine="onnxruntime", hpi_config={"tune": "quick"})


def test_of_several_failures_the_first_part_is_told(tmp_path):
    config = {
        "pipeline_name": "OCR",
        "SubModules": {
            "TextDetection": {"model_dir": str(tmp_path / "no_det")},
            "TextRecognition": {"model_dir": str(tmp_path / "no_rec")},
        },
    }
    for _ in range(5):
        with pytest.raises(ModelNotFoundError, match=r"SubModules\.TextDetection\.model_dir"):
            hpinfer.create_pipeline(config)


def test_parts_are_kept_in_the_order_in_which_they_are_got():
    release, kept = threading.Event(), []

    def slow():
        assert release.wait(WAIT_S)
        return "slow"

    first = Part(slow, kept.append, in_background=True)
    second = Part(lambda: "fast", kept.append, in_background=True)
    release.set()
    assert [first.get(), second.get()] == ["slow", "fast"]
    assert kept == ["slow", "fast"]


def test_a_failure_is_raised_when_the_part_is_wanted():
    def fail():
        raise KeyError("part")

    for in_background in (True, False):
        kept: list[object] = []
        part = Part(fail, kept.append, in_background=in_background)
        with pytest.raises(KeyError, match="part"):
            part.get()
        assert kept == []


def test_the_context_of_the_caller_holds():
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    assert Part(variable.get, lambda _: None, in_background=True).get() == "set"
