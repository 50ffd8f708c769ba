"""Model folders with inference.om: the choice of the engine, its reasons, and the drop-in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from om_models import om, write_classifier

from hpinfer import create_model, hub
from hpinfer.errors import (
    ConfigError,
    EngineUnavailableError,
    InvalidInputError,
    ModelFormatError,
    UnsupportedError,
)

RED = np.full((8, 8, 3), (0, 0, 200), np.uint8)
BLUE = np.full((8, 8, 3), (200, 0, 0), np.uint8)


def model(folder: Any, **options: Any) -> Any:
    return create_model("colours", model_dir=folder, **{"device": "npu", **options})


def labels(results: Any) -> list[str]:
    return [result.label_names[0] for result in results]


@pytest.mark.parametrize(
    "options",
    [{}, {"engine": "om"}, {"hpi_config": {"auto_config": False, "backend": "om"}}],
    ids=["automatic", "engine", "manual"],
)
def test_a_folder_with_an_om_runs_on_the_npu(tmp_path, options):
    made = model(write_classifier(tmp_path), **options)
    assert labels(made.predict([RED, BLUE, RED, RED], batch_size=4)) == [
        "red",
        "blue",
        "red",
        "red",
    ]
    told = made.explain()
    assert told.chosen.label == "om fp32 from .om"
    assert told.device == "npu:0"
    assert "om fp32 from .om on npu:0" in str(told)


def test_a_batch_that_was_not_compiled_is_an_error(tmp_path):
    made = model(write_classifier(tmp_path))
    with pytest.raises(InvalidInputError, match=r"\[1, 3, 8, 8\], \[4, 3, 8, 8\]; got \[2,"):
        list(made.predict([RED, BLUE], batch_size=2))
    assert labels(made.predict(RED)) == ["red"]


def test_the_files_of_a_folder(tmp_path):
    files = hub.resolve(write_classifier(tmp_path))
    assert files.om == tmp_path / "inference.om"
    assert files.formats == ()
    assert files.onnx is None


def test_an_om_on_another_device_is_refused_with_the_remedy(tmp_path):
    folder = write_classifier(tmp_path)
    # Of a build that has engines for the CPU, and of one that has none.
    no_engine = (ModelFormatError, EngineUnavailableError)
    with pytest.raises(no_engine, match=r"(the model has \.om|no usable engine).*om: .*to npu"):
        model(folder, device="cpu")
    with pytest.raises(UnsupportedError, match="set the device to npu"):
        model(folder, device="cpu", engine="om")


def test_a_folder_without_om_on_an_npu_is_refused_with_the_remedy(tmp_path):
    folder = write_classifier(tmp_path)
    (folder / "inference.om").rename(folder / "inference.onnx")
    with pytest.raises(
        ModelFormatError, match=r"reads \.om; the model has \.onnx: compile it with"
    ):
        model(folder)


def test_options_of_other_engines_are_refused(tmp_path):
    folder = write_classifier(tmp_path)
    with pytest.raises(ConfigError, match="precision"):
        model(folder, hpi_config={"backend": "om", "backend_config": {"precision": "fp16"}})


def test_doctor_tells_of_the_npus():
    from hpinfer.doctor import report

    (om_report,) = [item for item in report().engines if item.name == "om"]
    assert om_report.usable
    assert om_report.devices == ("NPU 0: Ascend310P3", "NPU 1: Ascend310P3")


def test_without_an_npu_there_is_a_reason(stand_in_path, tmp_path):
    folder = write_classifier(tmp_path)
    code = (
        f"import hpinfer; hpinfer.create_model('colours', model_dir={str(folder)!r}, device='npu')"
    )
    for variables, words in (
        ({"STAND_IN_NO_DEVICE": "1"}, "there is no Ascend NPU here"),
        ({"HPINFER_OM_LIBRARY": "/nowhere.so"}, "install CANN and source its set_env.sh"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "HPINFER_OM_LIBRARY": str(stand_in_path), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert words in done.stderr.splitlines()[-1]


def drop_in(folder: Any, **changes: Any) -> Any:
    """The calls of PaddleX for backend om."""
    from hpinfer import ultra_infer

    option = ultra_infer.RuntimeOption()
    option.use_ascend(changes.get("device_id", 0))
    option.set_model_path(str(folder / "inference.om"), "", ultra_infer.ModelFormat.OM)
    option.use_om_backend()
    for name in changes.get("calls", ()):
        getattr(option, name)()
    return ultra_infer.Runtime(option)


def test_the_drop_in_runs_what_paddlex_asks_for(tmp_path):
    from hpinfer import ultra_infer

    assert ultra_infer.is_built_with_om()
    assert ultra_infer.Backend.OMONNPU in ultra_infer.get_available_backends()
    (tmp_path / "inference.om").write_bytes(om())
    runtime = drop_in(tmp_path, device_id=1)
    assert runtime.num_inputs() == 1
    assert runtime.get_input_info(0).name == "x"
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    (got,) = runtime.infer({"x": x})
    np.testing.assert_array_equal(got, 2 * x + 1)


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        (["use_ort_backend"], r"inference\.om is compiled for Ascend NPUs.*use_om_backend"),
        (["use_cpu"], "device 'npu' only, got 'cpu'"),
    ],
)
def test_the_drop_in_refuses_wrong_combinations(tmp_path, calls, words):
    (tmp_path / "inference.om").write_bytes(om())
    with pytest.raises(UnsupportedError, match=words):
        drop_in(tmp_path, calls=calls)


def test_the_drop_in_reads_a_model_from_memory():
    from hpinfer import ultra_infer

    option = ultra_infer.RuntimeOption()
    option.use_ascend()
    option.set_model_buffer(om(), b"", ultra_infer.ModelFormat.OM)
    runtime = ultra_infer.Runtime(option)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(runtime.infer({"x": x})[0], 2 * x + 1)


def test_the_build_says_that_it_has_the_engine():
    import hpinfer

    assert hpinfer.is_built_with_om()
    assert json.dumps(hpinfer.build_info().options["ENABLE_OM_BACKEND"]) == "true"


def test_a_missing_engine_is_an_engine_error(tmp_path, monkeypatch):
    from hpinfer._engine_status import EngineStatus
    from hpinfer.models import loading

    gone = EngineStatus(name="om", usable=False, reason="cannot load libascendcl.so")
    monkeypatch.setattr(loading, "engines", lambda: [gone])
    with pytest.raises(EngineUnavailableError, match=r"cannot run on om.*cannot load libascendcl"):
        model(write_classifier(tmp_path), engine="om")
