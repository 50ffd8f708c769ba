"""Sessions on compiled models: every way of shapes, element types, errors, threads, the end."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from om_models import HALF, INT64, om

from hpinfer import Session, engines
from hpinfer.errors import (
    ConfigError,
    EngineError,
    InvalidInputError,
    InvalidTypeError,
    ModelFormatError,
    ModelNotFoundError,
    UnsupportedError,
)


def session(model: Any, device: str = "npu:0", **options: Any) -> Session:
    return Session(model, engine="om", device=device, **options)


def rows(*shape: int, dtype: Any = np.float32) -> Any:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def test_the_engine_tells_of_itself(stand_in_path):
    (status,) = [item for item in engines() if item.name == "om"]
    assert status.usable, status.reason
    assert (status.version, status.library) == ("1.15.0", str(stand_in_path))
    assert status.devices == ("NPU 0: Ascend310P3", "NPU 1: Ascend310P3")


@pytest.mark.parametrize("device", ["npu", "npu:1"])
def test_a_fixed_model(device, tmp_path):
    path = tmp_path / "model.om"
    path.write_bytes(om())
    for model in (path, om()):
        engine = session(model, device)
        assert [(i.name, i.dtype, i.shape) for i in engine.inputs] == [("x", "float32", (2, 3))]
        np.testing.assert_array_equal(engine.run({"x": rows(2, 3)})[0], 2 * rows(2, 3) + 1)
        target = np.empty((2, 3), np.float32)
        assert engine.run([rows(2, 3)], outputs={"y": target})[0] is target
        np.testing.assert_array_equal(target, 2 * rows(2, 3) + 1)


@pytest.mark.parametrize(("kind", "dtype"), [(HALF, np.float16), (INT64, np.int64)])
def test_element_types(kind, dtype):
    (got,) = session(om(kind=kind)).run([rows(2, 3, dtype=dtype)])
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, 2 * rows(2, 3, dtype=dtype) + 1)
    with pytest.raises(InvalidTypeError, match="got float32"):
        session(om(kind=kind)).run([rows(2, 3)])


@pytest.mark.parametrize(
    ("model", "infos", "shapes", "wrong"),
    [
        (om(choice="batch", shape="-1 3", sets=("1", "4")), (None, 3), [(4, 3), (1, 3)], (2, 3)),
        (
            om(choice="image", shape="1 1 -1 -1", sets=("2 3", "4 4")),
            (1, 1, None, None),
            [(1, 1, 4, 4), (1, 1, 2, 3)],
            (1, 1, 3, 2),
        ),
        (
            om(choice="dims", shape="-1 -1", sets=("1 8", "2 8", "2 16")),
            (None, None),
            [(2, 16), (1, 8)],
            (1, 16),
        ),
        (om(choice="free", shape="-1 -1"), (None, None), [(9, 1), (2, 2), (0, 3)], None),
    ],
)
def test_models_of_several_shapes(model, infos, shapes, wrong):
    engine = session(model)
    assert engine.inputs[0].shape == infos
    assert len(engine.inputs) == 1
    for shape in [*shapes, *shapes]:
        (got,) = engine.run([rows(*shape)])
        np.testing.assert_array_equal(got, 2 * rows(*shape) + 1)
    if wrong is not None:
        with pytest.raises(InvalidInputError, match=r"compiled for inputs of .*atc --dynamic"):
            engine.run([rows(*wrong)])
        np.testing.assert_array_equal(engine.run([rows(*shapes[0])])[0], 2 * rows(*shapes[0]) + 1)


def test_a_fixed_model_says_what_shape_it_takes():
    with pytest.raises(InvalidInputError, match=r"must have shape \[2, 3\]; got \[4, 3\]"):
        session(om()).run([rows(4, 3)])


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"device": "cpu"}, UnsupportedError, "device 'npu' only, got 'cpu'.*npu:0"),
        ({"device": "gpu:0"}, UnsupportedError, "got 'gpu:0'"),
        ({"device": "npu:2"}, UnsupportedError, r"no npu:2: AscendCL sees 2 NPU"),
        ({"precision": "fp16"}, UnsupportedError, "atc --precision_mode"),
        ({"engine_config": {"level": 1}}, ConfigError, "no engine_config; got 'level'"),
        ({"weights": b"w"}, ConfigError, "weights has no effect"),
    ],
)
def test_wrong_combinations_are_errors_with_the_remedy(options, error, words):
    with pytest.raises(error, match=words):
        Session(om(), engine="om", **{"device": "npu", **options})


def test_models_that_cannot_be_read(tmp_path):
    with pytest.raises(ModelFormatError, match=r"by atc.*this is no model \(error 100013\)"):
        session(b"PK something")
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        session(tmp_path / "model.om")
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelFormatError, match=r"compiled by atc \(.om\); got .*model.onnx"):
        session(tmp_path / "model.onnx")


def test_a_failure_holds_the_words_of_ascendcl_and_hurts_nothing(acl):
    engine = session(om())
    acl.stand_in_fail(b"aclmdlExecute", 1, 507011)
    with pytest.raises(EngineError, match=r"cannot run the model: .*as the test wants.*507011"):
        engine.run([rows(2, 3)])
    np.testing.assert_array_equal(engine.run([rows(2, 3)])[0], 2 * rows(2, 3) + 1)


def test_many_threads_get_the_results_of_serial_runs(acl):
    acl.stand_in_slow(1000)
    engine = session(om(choice="batch", shape="-1 3", sets=("1", "4", "8")), num_streams=4)
    inputs = [rows(size, 3) + i for i, size in enumerate([1, 4, 8] * 20)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda x: engine.run([x])[0], inputs))
    for x, got in zip(inputs, results, strict=True):
        np.testing.assert_array_equal(got, 2 * x + 1)
    assert acl.stand_in_max_running() > 1
    engine.trim()


CHILD = """
import numpy as np
from hpinfer import Session
model = bytes.fromhex({model!r})
first = Session(model, engine="om", device="npu")
print(first.run([np.ones((2, 3), np.float32)])[0].sum())
{rest}
"""


@pytest.mark.parametrize(
    ("rest", "report"),
    [
        ("del first", "initialized 0 live 0 violations 0"),
        ("", "initialized 1 live"),  # a session of the main module lives to the end
        ("raise SystemExit(0)", "initialized 1 live"),
    ],
)
def test_how_a_process_ends(stand_in_path, tmp_path, rest, report):
    told = tmp_path / "report"
    variables = {
        **os.environ,
        "HPINFER_OM_LIBRARY": str(stand_in_path),
        "STAND_IN_REPORT": str(told),
    }
    code = CHILD.format(model=om().hex(), rest=rest)
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "18.0\n"), done.stderr
    assert told.read_text().startswith(report)
    assert "violations 0" in told.read_text()


def test_without_the_library_the_reason_and_the_remedy_are_told():
    code = (
        "import hpinfer; "
        "print(next(item.reason for item in hpinfer.engines() if item.name == 'om'))"
    )
    variables = {**os.environ, "HPINFER_OM_LIBRARY": "/nowhere/libascendcl.so"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    assert "/nowhere/libascendcl.so: cannot open shared object file" in done.stdout
    assert "install CANN and source its set_env.sh" in done.stdout
