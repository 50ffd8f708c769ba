"""Paddle models on the drop-in: read by OpenVINO, and instead of a conversion that went wrong."""

from __future__ import annotations

import numpy as np
import paddle_programs as programs
import pytest
from paddlex_calls import Runner, build

import hpinfer
from hpinfer.errors import EngineUnavailableError, ModelFormatError
from hpinfer.ultra_infer import logs, session_choice

PICTURE = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
POOLED = PICTURE.reshape(1, 1, 2, 4, 2, 4).mean(axis=(3, 5))


@pytest.fixture
def model(tmp_path):
    """A folder with a Paddle model that averages 8x8 values to 2x2."""
    programs.write_model(tmp_path / "model", programs.pool_pdmodel([8, 8], [2, 2]))
    return tmp_path / "model"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(session_choice, "once", logs.Once())


def option_of(ui, *files):
    option = ui.RuntimeOption()
    option.set_model_path(*map(str, files))  # ModelFormat.PADDLE is the default
    option.use_openvino_backend()
    return option


def test_a_paddle_model_runs_as_it_is(ui, model):
    files = (model / "inference.pdmodel", model / "inference.pdiparams")
    for given in (files, files[:1]):
        (found,) = ui.Runtime(option_of(ui, *given)).infer([PICTURE])
        np.testing.assert_array_equal(found, POOLED)


def test_weights_may_lie_elsewhere(ui, model, tmp_path):
    weights = tmp_path / "other" / "w.bin"
    weights.parent.mkdir()
    (model / "inference.pdiparams").rename(weights)
    runtime = ui.Runtime(option_of(ui, model / "inference.pdmodel", weights))
    np.testing.assert_array_equal(runtime.infer([PICTURE])[0], POOLED)


def test_a_paddle_model_from_memory(ui, model):
    option = ui.RuntimeOption()
    option.set_model_buffer(
        (model / "inference.pdmodel").read_bytes(), (model / "inference.pdiparams").read_bytes()
    )
    option.use_openvino_backend()
    np.testing.assert_array_equal(ui.Runtime(option).infer([PICTURE])[0], POOLED)


def test_a_conversion_that_no_engine_reads_gives_way_to_the_paddle_model(ui, model, caplog):
    (model / "inference.onnx").write_bytes(b"what paddle2onnx made of it")
    for _ in range(2):
        runner = Runner(build(ui, model, "openvino", config={"cpu_num_threads": 1}))
        np.testing.assert_array_equal(runner([PICTURE])[0], POOLED)
    (record,) = caplog.records
    assert "inference.onnx cannot be read" in record.getMessage()
    assert "inference.pdmodel" in record.getMessage()


def test_an_unreadable_model_with_nothing_beside_it_raises(ui, tmp_path):
    (tmp_path / "inference.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelFormatError):
        build(ui, tmp_path, "openvino")


def test_paddle_inference_is_used_where_it_is_installed(ui, model):
    option = option_of(ui, model / "inference.pdmodel")
    option.use_paddle_infer_backend()
    usable = any(s.usable for s in hpinfer.engines() if s.name == "paddle")
    assert ui.is_built_with_paddle() == usable
    if usable:
        np.testing.assert_array_equal(ui.Runtime(option).infer([PICTURE])[0], POOLED)
    else:
        with pytest.raises(EngineUnavailableError, match="paddle"):
            ui.Runtime(option)
