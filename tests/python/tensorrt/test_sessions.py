"""Sessions, plans and builds, without the choice of engines above them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import tensorrt_networks as networks
from stand_in import facts, live

from hpinfer import Session
from hpinfer.errors import (
    CancelledError,
    ConfigError,
    EngineError,
    InvalidInputError,
    ModelFormatError,
    UnsupportedError,
)

pytestmark = pytest.mark.usefixtures("no_leaks")

SMALL = {"x": [[1, 3, 8, 8], [1, 3, 16, 16], [2, 3, 32, 32]]}
LARGE = {"x": [[1, 3, 16, 16], [1, 3, 64, 64], [4, 3, 128, 128]]}


def session(model: Any, **options: Any) -> Session:
    return Session(model, engine="tensorrt", device="gpu:0", **options)


def picture(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def compile_model(model: bytes, progress: Any = None, timing: bytes | None = None, **given: Any):
    from hpinfer import _native
    from hpinfer.hpi.discovery import library_candidates

    options = _native.SessionOptions()
    options.device = "gpu:0"
    for name, wanted in given.items():
        setattr(options, name, wanted)
    found = library_candidates("tensorrt")
    return _native.compile_model("tensorrt", found, None, model, options, timing, progress)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 32, 31), (1, 3, 9, 32)])
def test_results_are_those_of_onnxruntime(shape):
    x = picture(*shape)
    expected = Session(networks.convolution()).run([x])
    (got,) = session(networks.convolution(), profiles=[SMALL]).run([x])
    np.testing.assert_array_equal(got, expected[0])


def test_each_call_takes_the_profile_that_holds_its_shape():
    engine = session(networks.convolution(), profiles=[SMALL, LARGE])
    reference = Session(networks.convolution())
    for shape in ((1, 3, 8, 8), (4, 3, 128, 100), (1, 3, 20, 20), (2, 3, 33, 16), (1, 3, 8, 32)):
        x = picture(*shape)
        np.testing.assert_array_equal(engine.run([x])[0], reference.run([x])[0])
    # Fits neither: high as only the second is, low as only the first is.
    with pytest.raises(InvalidInputError, match=r"\[1, 3, 8, 100\].*\[1, 3, 8, 8\] to .* or "):
        engine.run([picture(1, 3, 8, 100)])


def test_a_shape_outside_is_refused_with_the_remedy_and_hurts_nothing():
    engine = session(networks.convolution(), profiles=[SMALL])
    with pytest.raises(InvalidInputError, match=r"'x' has shape \[3, 3, 8, 8\].*outside_shapes"):
        engine.run([picture(3, 3, 8, 8)])
    assert engine.run([picture(1, 3, 8, 8)])[0].shape == (1, 4, 8, 8)


@pytest.mark.parametrize(
    ("profiles", "words"),
    [
        ([], "TensorRT needs dynamic_shapes"),
        ([{"z": [[1], [1], [1]]}], "lacks input 'x'"),
        ([{**SMALL, "z": [[1], [1], [1]]}], "no input 'z'"),
        ([{"x": [[1, 1, 8, 8]] * 3}], r"must fit \[\?, 3, \?, \?\]"),
        ([{"x": [[2, 3, 8, 8], [1, 3, 8, 8], [4, 3, 8, 8]]}], "must grow"),
        ([{"x": [[1, 3, 8, 8], [1, 3, 8, 8]]}], "smallest, usual and largest"),
    ],
)
def test_wrong_profiles_are_configuration_errors(profiles, words):
    with pytest.raises(ConfigError, match=words):
        session(networks.convolution(), profiles=profiles)


def test_outputs_come_in_graph_order_from_the_model_and_from_its_plan():
    zeta, alpha = np.arange(4, dtype=np.float32), np.full(4, 2, np.float32)
    plan, _, order = compile_model(networks.three_outputs())
    assert order == ["sum", "product", "difference"]
    for engine in (session(networks.three_outputs()), session(plan, output_order=order)):
        assert [info.name for info in engine.outputs] == order
        results = engine.run({"alpha": alpha, "zeta": zeta})
        for got, expected in zip(results, (zeta + 2, zeta * 2, zeta - 2), strict=True):
            np.testing.assert_array_equal(got, expected)
    with pytest.raises(ConfigError, match="output_order names 2 outputs; the plan has 3"):
        session(plan, output_order=order[:2])


def test_outputs_whose_size_depends_on_values():
    engine = session(networks.nonzero(), profiles=[{"x": [[1], [4], [8]]}])
    for values in ([0, 1, 0, 2], [0, 0], [3, 3, 3]):
        (got,) = engine.run([np.array(values, np.float32)])
        assert got.dtype == np.int64
        np.testing.assert_array_equal(got[0], np.flatnonzero(values))


def test_results_can_be_written_into_given_memory():
    engine = session(networks.fixed())
    x, target = picture(2, 3), np.empty((2, 3), np.float32)
    (got,) = engine.run([x], outputs={"y": target})
    assert got is target
    np.testing.assert_array_equal(target, -x)
    dynamic = session(networks.convolution(), profiles=[SMALL])
    with pytest.raises(InvalidInputError, match=r"'y' has shape \[1, 4, 8, 8\]"):
        dynamic.run([picture(1, 3, 8, 8)], outputs={"y": np.empty((1, 4, 9, 9), np.float32)})
    assert dynamic.run([picture(1, 3, 8, 8)])[0].shape == (1, 4, 8, 8)


def test_results_may_stay_on_the_gpu(cuda):
    import ctypes

    engine = session(networks.fixed(), outputs_on_device=True)
    x = picture(2, 3)
    (result,) = engine.run([x])
    assert (result.shape, result.dtype, result.device) == ((2, 3), "float32", "gpu:0")
    interface = result.__cuda_array_interface__
    assert interface["typestr"] == "<f4"
    assert interface["shape"] == (2, 3)
    address = cuda.stand_in_host_address(interface["data"][0])
    kept = np.ctypeslib.as_array((ctypes.c_float * 6).from_address(address)).reshape(2, 3)
    engine.run([picture(2, 3, seed=1)])  # a further run takes other memory
    np.testing.assert_array_equal(kept, -x)
    del kept, result, interface


def test_threads_get_the_same_results_as_serial_calls():
    engine = session(networks.convolution(), profiles=[SMALL, LARGE], num_streams=3)
    reference = Session(networks.convolution())
    sizes = [(1, 3, 8 + i, 8 + 2 * i) for i in range(12)] + [(3, 3, 100, 64)] * 2
    inputs = [picture(*shape, seed=i) for i, shape in enumerate(sizes)] * 4
    expected = [reference.run([x])[0] for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        for got, wanted in zip(
            pool.map(lambda x: engine.run([x])[0], inputs), expected, strict=True
        ):
            np.testing.assert_array_equal(got, wanted)


def test_buffers_are_reused_and_trimmed(cuda):
    engine = session(networks.convolution(), profiles=[SMALL])
    for _ in range(3):
        engine.run([picture(2, 3, 32, 32)])
    before = cuda.stand_in_allocations()
    for size in (8, 16, 32, 20):
        engine.run([picture(1, 3, size, size)])
    assert cuda.stand_in_allocations() == before
    engine.trim()
    assert live(cuda)[0] == 0
    assert engine.run([picture(1, 3, 8, 8)])[0].shape == (1, 4, 8, 8)


def test_memory_that_the_gpu_lacks_is_an_error_and_the_session_lives_on(monkeypatch):
    engine = session(networks.convolution(), profiles=[LARGE])
    monkeypatch.setenv("HPINFER_STAND_IN_LARGEST_BUFFER", "100000")
    with pytest.raises(EngineError, match=r"bytes on the GPU: out of memory \(error 2\)"):
        engine.run([picture(4, 3, 128, 128)])
    assert engine.run([picture(1, 3, 16, 16)])[0].shape == (1, 4, 16, 16)
    monkeypatch.delenv("HPINFER_STAND_IN_LARGEST_BUFFER")
    assert engine.run([picture(4, 3, 128, 128)])[0].shape == (4, 4, 128, 128)


def test_the_parser_names_the_node_that_it_cannot_read(tmp_path):
    words = r"node 1 'stage2/odd' \(NoSuchOperator\): no importer is registered"
    with pytest.raises(ModelFormatError, match=words):
        session(networks.unknown_operator())
    file = tmp_path / "odd.onnx"
    file.write_bytes(networks.unknown_operator())
    with pytest.raises(ModelFormatError, match=r"odd\.onnx: node 1"):
        session(file)


def test_the_builder_names_the_layer_that_it_cannot_build():
    words = "cannot build the model in memory: could not find any implementation for node unbuild"
    with pytest.raises(EngineError, match=words):
        session(networks.convolution("unbuildable_conv"), profiles=[SMALL])


def test_inputs_that_hold_shapes_are_refused():
    with pytest.raises(UnsupportedError, match="input 'shape_of_it' holds a shape"):
        session(networks.shape_input())


def test_plans_of_another_gpu_or_cut_short_are_refused(monkeypatch, tmp_path):
    plan, _, _ = compile_model(networks.fixed())
    file = tmp_path / "engine.plan"
    file.write_bytes(plan)
    x = picture(2, 3)
    np.testing.assert_array_equal(session(file).run([x])[0], -x)
    with pytest.raises(ModelFormatError, match=r"not one of this TensorRT .*truncated; build it"):
        session(plan[:-1])
    with pytest.raises(ModelFormatError, match="magic tag"):
        session(b"something else")
    version = plan.split(b" ")[1]
    with pytest.raises(ModelFormatError, match="of version 80601"):
        session(plan.replace(version, b"80601", 1))
    monkeypatch.setenv("HPINFER_STAND_IN_GPU", "Another GPU")
    with pytest.raises(ModelFormatError, match="for Stand-in GPU, this is Another GPU"):
        session(plan)


def test_precisions_are_flags_up_to_tensorrt_10(major):
    from hpinfer import _native

    flags = facts(compile_model(networks.fixed())[0])["flags"]
    assert flags == "6"  # TF32 alone
    half = _native.Precision.fp16
    if major >= 11:
        with pytest.raises(UnsupportedError, match="in the precision that the model is stored in"):
            compile_model(networks.fixed(), precision=half)
        assert facts(compile_model(networks.quantised())[0])["flags"] == "6"
        return
    assert facts(compile_model(networks.fixed(), precision=half)[0])["flags"] == "0,6"
    both = facts(compile_model(networks.fixed(), precision=_native.Precision.bf16)[0])["flags"]
    assert both == "6,17"
    assert facts(compile_model(networks.quantised())[0])["flags"] == "1,6"


def test_builder_options_reach_tensorrt():
    keys = {"optimization_level": "1", "workspace_mib": "64", "tf32": "0"}
    built = facts(compile_model(networks.fixed(), engine_config=keys)[0])
    assert (built["level"], built["workspace"]) == ("1", str(64 << 20))
    assert built["flags"] == "none"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"optimization_level": "6"}, "from 0 to 5; got '6'"),
        ({"workspace_mib": "much"}, "got 'much'"),
        ({"level": "3"}, "no key 'level'"),
    ],
)
def test_wrong_builder_options_are_refused(config, words):
    with pytest.raises(ConfigError, match=words):
        session(networks.fixed(), engine_config=config)


def test_other_options_without_effect_are_refused():
    with pytest.raises(UnsupportedError, match="on device 'gpu' only; got 'cpu'"):
        Session(networks.fixed(), engine="tensorrt")
    with pytest.raises(UnsupportedError, match=r"no gpu:3: CUDA sees 1 GPU"):
        Session(networks.fixed(), engine="tensorrt", device="gpu:3")
    with pytest.raises(ConfigError, match="graph_optimization has no effect"):
        session(networks.fixed(), graph_optimization="none")
    with pytest.raises(ConfigError, match="profiles and output_order have no effect"):
        Session(networks.fixed(), profiles=[SMALL])


def test_progress_is_told_and_can_cancel():
    seen: list[tuple[str, int, int]] = []
    compile_model(networks.convolution(), lambda *step: seen.append(step), profiles=[SMALL])
    assert seen == [("Building", 0, 2), ("Building", 1, 2), ("Building", 2, 2)]
    with pytest.raises(CancelledError, match="was cancelled"):
        compile_model(networks.convolution(), lambda _p, step, _n: step < 1, profiles=[SMALL])

    def fails(*_step: object) -> bool:
        raise KeyError("of the caller")

    with pytest.raises(KeyError, match="of the caller"):
        compile_model(networks.convolution(), fails, profiles=[SMALL])


def test_the_timing_cache_saves_measuring():
    first, timing, _ = compile_model(networks.convolution(), profiles=[SMALL])
    second, again, _ = compile_model(networks.convolution(), timing=timing, profiles=[SMALL])
    assert (facts(first)["measured"], facts(second)["measured"]) == ("2", "0")
    assert again == timing
    third, _, _ = compile_model(networks.convolution(), timing=b"TIMING-1", profiles=[SMALL])
    assert facts(third)["measured"] == "2"


def run_child(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


STATUS = """
from hpinfer.hpi.discovery import engines
status = next(item for item in engines() if item.name == "tensorrt")
print(status.usable, status.devices, status.reason)
"""


def test_another_major_release_is_told_with_the_remedy(major):
    output = run_child(STATUS, HPINFER_STAND_IN_VERSION="120001")
    assert f"TensorRT 12.0.1; this build of hpinfer has the headers of TensorRT {major}" in output


def test_a_machine_without_gpu_has_no_devices():
    assert run_child(STATUS, HPINFER_STAND_IN_GPUS="0").startswith("True () ")
    code = (
        "from hpinfer import Session\n"
        "try: Session(b'plan', engine='tensorrt', device='gpu')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    output = run_child(code, HPINFER_STAND_IN_GPUS="0")
    assert "UnsupportedError there is no gpu:0: no CUDA-capable device is detected" in output


def test_a_missing_cuda_runtime_is_told(tmp_path):
    output = run_child(STATUS, HPINFER_CUDART_LIBRARY=str(tmp_path / "none.so"))
    assert "TensorRT needs the CUDA runtime" in output
    assert "none.so" in output
