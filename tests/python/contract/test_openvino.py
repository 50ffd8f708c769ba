"""What only the OpenVINO engine has."""

from __future__ import annotations

import itertools
import logging
import re
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hpinfer import hub
from hpinfer.errors import (
    ConfigError,
    InvalidInputError,
    ModelFormatError,
    ModelNotFoundError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINES = ["openvino"]

#: A linear layer as an OpenVINO IR: y[n, 2] = x[n, 3] · w[3, 2], its weights in a second file.
IR = """<?xml version="1.0"?>
<net name="linear" version="11">
 <layers>
  <layer id="0" name="x" type="Parameter" version="opset1">
   <data shape="?,3" element_type="f32"/>
   <output><port id="0" precision="FP32" names="x"><dim>-1</dim><dim>3</dim></port></output>
  </layer>
  <layer id="1" name="w" type="Const" version="opset1">
   <data element_type="f32" shape="3,2" offset="0" size="24"/>
   <output><port id="0" precision="FP32"><dim>3</dim><dim>2</dim></port></output>
  </layer>
  <layer id="2" name="product" type="MatMul" version="opset1">
   <data transpose_a="false" transpose_b="false"/>
   <input>
    <port id="0"><dim>-1</dim><dim>3</dim></port>
    <port id="1"><dim>3</dim><dim>2</dim></port>
   </input>
   <output><port id="2" precision="FP32" names="y"><dim>-1</dim><dim>2</dim></port></output>
  </layer>
  <layer id="3" name="result" type="Result" version="opset1">
   <input><port id="0"><dim>-1</dim><dim>2</dim></port></input>
  </layer>
 </layers>
 <edges>
  <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
  <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
  <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
 </edges>
</net>
"""
WEIGHTS = np.array([[1, 2], [3, 4], [5, 6]], np.float32)


def picture(height: int, width: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).random((1, 3, height, width), np.float32)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def cpu_flags() -> set[str]:
    match = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return set(match.group(1).split()) if match else set()


def test_streams_and_threads_are_reported(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution(), num_streams=2, num_threads=2)
    assert (session.options.num_streams, session.options.num_threads) == (2, 2)
    assert load(models.convolution(), num_streams=3, num_threads=1).options.num_streams == 3


@pytest.mark.parametrize("streams", [1, 2, 3])
def test_many_threads_get_the_serial_bits(
    load: Callable[..., Any], models: Any, streams: int
) -> None:
    session = load(models.convolution(), num_streams=streams)
    inputs = [picture(8 + i % 7, 5 + i % 11, seed=i) for i in range(40)]
    serial = [session.run([x])[0] for x in inputs]

    def run(index: int) -> bool:
        if index % 5 == 0:
            session.trim()
        if index % 2:
            memory = np.full_like(serial[index], np.nan)
            session.run([inputs[index]], outputs={"y": memory})
            return np.array_equal(memory, serial[index])
        return np.array_equal(session.run([inputs[index]])[0], serial[index])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, list(range(40)) * 5))


def test_engine_and_caller_memory_alternate(load: Callable[..., Any], models: Any) -> None:
    session = load(models.convolution())
    kept = []
    for i in range(12):
        x = picture(3 + i % 4, 4 + i % 3, seed=i)
        (want,) = session.run([x])
        memory = np.full_like(want, np.nan)
        session.run([x], outputs={"y": memory})
        np.testing.assert_array_equal(memory, want)
        kept.append((memory, want))
    for memory, want in kept:  # no later run wrote into memory that was given to an earlier one
        np.testing.assert_array_equal(memory, want)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_given_output_of_an_input_passed_on(
    load: Callable[..., Any], models: Any, dtype: str
) -> None:
    session = load(models.identity(dtype))
    for rows in (1, 3, 3, 2):
        x = np.arange(3 * rows).reshape(rows, 3).astype(dtype)
        memory = np.full_like(x, -7)
        session.run([x], outputs={"y": memory})
        np.testing.assert_array_equal(memory, x)
        with pytest.raises(InvalidInputError, match="the given memory has"):
            session.run([x], outputs={"y": np.zeros((rows + 1, 3), dtype)})


def test_trim_gives_intermediate_memory_back(load: Callable[..., Any]) -> None:
    from onnx import TensorProto, helper, numpy_helper

    names = ["x", "a", "b", "c", "d"]
    kernel = numpy_helper.from_array(np.full((16, 16, 3, 3), 0.01, np.float32), "kernel")
    nodes = [
        helper.make_node("Conv", [first, "kernel"], [second], pads=[1, 1, 1, 1])
        for first, second in itertools.pairwise(names)
    ]
    nodes.append(helper.make_node("ReduceMax", ["d"], ["y"], axes=[2, 3], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 16, "height", "width"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 16])],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = load(model.SerializeToString())
    x = np.ones((1, 16, 1024, 1024), np.float32)  # 64 MiB, and as much for each intermediate
    (first,) = session.run([x])
    before = resident_bytes()
    session.trim()
    assert before - resident_bytes() > 48 << 20
    np.testing.assert_array_equal(session.run([x])[0], first)


def test_names_are_those_of_the_graph(load: Callable[..., Any]) -> None:
    """OpenVINO merges the names around an Identity and drops inputs that nothing reads."""
    from onnx import TensorProto, helper

    def value(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3])

    nodes = [
        helper.make_node("Relu", ["z"], ["a_hidden"]),
        helper.make_node("Identity", ["a_hidden"], ["out"]),
        helper.make_node("Identity", ["a_hidden"], ["a_twin"]),
        helper.make_node("Add", ["z", "offset"], ["shifted"]),
    ]
    offset = helper.make_tensor("offset", TensorProto.FLOAT, [1], [2.0])
    graph = helper.make_graph(
        nodes,
        "graph",
        # Old files list constants among the inputs.
        [value("unread"), value("z"), helper.make_tensor_value_info("offset", 1, [1])],
        [value("out"), value("a_hidden"), value("shifted"), value("a_twin")],
        [offset],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = load(model.SerializeToString())
    assert [(i.name, i.dtype, i.shape) for i in session.inputs] == [
        ("unread", "float32", (None, 3)),
        ("z", "float32", (None, 3)),
    ]
    assert [info.name for info in session.outputs] == ["out", "a_hidden", "shifted", "a_twin"]
    z = np.array([[-1, 0, 2]], np.float32)
    results = session.run({"z": z, "unread": np.full((5, 3), np.nan, np.float32)})
    relu = np.maximum(z, 0)
    for got, want in zip(results, (relu, relu, z + 2, relu), strict=True):
        np.testing.assert_array_equal(got, want)


def test_scalar_output(load: Callable[..., Any]) -> None:
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("ReduceMax", ["x"], ["y"], keepdims=0)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = load(model.SerializeToString())
    assert session.outputs[0].shape == ()
    (y,) = session.run([np.array([3, 9, 4], np.float32)])
    assert y.shape == ()
    assert y == 9
    memory = np.zeros((), np.float32)
    session.run([np.array([3, 8], np.float32)], outputs={"y": memory})
    assert memory == 8


def test_cache_dir_is_filled_and_used(
    load: Callable[..., Any], convolution_file: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "deep" / "cache"
    x = picture(9, 9)
    (first,) = load(convolution_file, cache_dir=cache).run([x])
    blobs = {path: path.stat().st_mtime_ns for path in cache.glob("*/*.blob")}
    assert len(blobs) == 1
    again = load(convolution_file, cache_dir=cache)
    assert {path: path.stat().st_mtime_ns for path in cache.glob("*/*.blob")} == blobs
    assert [info.name for info in again.inputs + again.outputs] == ["x", "y"]
    np.testing.assert_array_equal(again.run([x])[0], first)
    with ThreadPoolExecutor(4) as pool:
        streams = load(convolution_file, cache_dir=cache, num_streams=2)
        for (y,) in pool.map(streams.run, [[x]] * 20):
            np.testing.assert_array_equal(y, first)


def test_cache_knows_the_precision(
    load: Callable[..., Any], convolution_file: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    x = picture(16, 16)
    (exact,) = load(convolution_file, cache_dir=cache).run([x])
    try:
        rounded = load(convolution_file, cache_dir=cache, precision="bf16")
    except UnsupportedError:
        assert not cpu_flags() & {"avx512_bf16", "amx_bf16"}
    else:
        assert not np.array_equal(rounded.run([x])[0], exact)
    np.testing.assert_array_equal(load(convolution_file, cache_dir=cache).run([x])[0], exact)


def test_cache_does_not_survive_a_changed_model(
    load: Callable[..., Any], models: Any, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(models.identity("float32"))
    x = np.array([[-1, 0, 1]], np.float32)
    np.testing.assert_array_equal(load(path, cache_dir=tmp_path / "cache").run([x])[0], x)
    path.write_bytes(models.identity("float32").replace(b"Identity", b"Softplus"))
    changed = load(path, cache_dir=tmp_path / "cache").run([x])[0]
    np.testing.assert_allclose(changed, np.log1p(np.exp(x)), rtol=1e-5)


def test_cache_does_not_survive_changed_external_weights(
    load: Callable[..., Any], tmp_path: Path
) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 512])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 512])],
        [numpy_helper.from_array(np.full(512, 3, np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    x = np.ones((1, 512), np.float32)
    assert load(path, cache_dir=tmp_path / "cache").run([x])[0].max() == 3
    (tmp_path / "w.bin").write_bytes(np.full(512, 4, np.float32).tobytes())
    assert load(path, cache_dir=tmp_path / "cache").run([x])[0].max() == 4


def test_cache_dir_that_cannot_be_made(
    load: Callable[..., Any], models: Any, tmp_path: Path
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    for path in (occupied, occupied / "below"):
        with pytest.raises(ConfigError, match="cache_dir"):
            load(models.convolution(), cache_dir=path)


@pytest.mark.parametrize(
    ("key", "option"),
    [
        ("INFERENCE_NUM_THREADS", "num_threads"),
        ("NUM_STREAMS", "num_streams"),
        ("INFERENCE_PRECISION_HINT", "precision"),
        ("CACHE_DIR", "cache_dir"),
    ],
)
def test_a_key_that_has_an_option(
    load: Callable[..., Any], models: Any, key: str, option: str
) -> None:
    with pytest.raises(ConfigError, match=f"{key}.*use {option}"):
        load(models.convolution(), engine_config={key: "1"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NO_SUCH_PROPERTY", "1"),
        ("PERFORMANCE_HINT", "FASTER"),
        ("CPU_RUNTIME_CACHE_CAPACITY", "many"),
        ("DEVICE_ID", "1"),
        ("CACHE_ENCRYPTION_CALLBACKS", "1"),
    ],
)
def test_a_key_or_value_that_openvino_refuses(
    load: Callable[..., Any], models: Any, convolution_file: Path, key: str, value: str
) -> None:
    for model in (models.convolution(), convolution_file):
        with pytest.raises(ConfigError, match=key) as caught:
            load(model, engine_config={key: value})
        assert "\n" not in str(caught.value)
        assert ".cpp" not in str(caught.value).replace("config.cpp", "")


def test_keys_that_openvino_takes(load: Callable[..., Any], models: Any) -> None:
    config = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "ENABLE_CPU_PINNING": "YES",
        "CPU_RUNTIME_CACHE_CAPACITY": 10,
    }
    session = load(models.convolution(), engine_config=config)
    x = picture(6, 6)
    np.testing.assert_array_equal(
        session.run([x])[0], load(models.convolution(), memory="fast").run([x])[0]
    )


@pytest.mark.parametrize("device", ["gpu", "gpu:1", "npu"])
def test_other_devices_are_refused(load: Callable[..., Any], models: Any, device: str) -> None:
    with pytest.raises(UnsupportedError, match="cpu"):
        load(models.convolution(), device=device)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_is_real_or_refused(
    load: Callable[..., Any], models: Any, precision: str
) -> None:
    x = picture(32, 32)
    (exact,) = load(models.convolution()).run([x])
    try:
        session = load(models.convolution(), precision=precision)
    except UnsupportedError:
        native = {"bf16": {"avx512_bf16", "amx_bf16"}, "fp16": {"avx512_fp16", "amx_fp16"}}
        assert not cpu_flags() & native[precision]
    else:
        assert cpu_flags() & {"avx512f", "avx_ne_convert"}
        (rounded,) = session.run([x])
        assert rounded.dtype == np.float32
        error = np.abs(rounded - exact).max()
        assert 1e-5 < error < 0.1


def test_a_refused_precision_is_explained(load: Callable[..., Any], models: Any) -> None:
    if cpu_flags() & {"avx512_fp16", "amx_fp16", "avx_ne_convert"}:
        assert load(models.convolution(), precision="fp16").options.precision.name == "fp16"
    else:
        with pytest.raises(UnsupportedError, match="it would use"):
            load(models.convolution(), precision="fp16")


def test_default_precision_is_full(load: Callable[..., Any], models: Any) -> None:
    """OpenVINO's own default on a CPU with bfloat16 units would round here."""
    x = np.eye(512, dtype=np.float32) * np.float32(1.001)
    (y,) = load(models.heavy()).run([x])
    assert y.max() == np.float32(1.001)


def test_float64_is_announced(
    load: Callable[..., Any], models: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="hpinfer"):
        load(models.identity("float64"))
        load(models.identity("float32"))
    messages = [record.getMessage() for record in caplog.records]
    assert [text.split("'")[1] for text in messages] == ["x", "y"]


def test_ir_from_file_and_memory(load: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "linear.xml").write_text(IR)
    (tmp_path / "linear.bin").write_bytes(WEIGHTS.tobytes())
    from_file = load(tmp_path / "linear.xml")
    weights = bytearray(WEIGHTS.tobytes())
    from_memory = load(IR.encode(), weights=bytes(weights))
    x = np.array([[1, 1, 1], [0, 0, 2]], np.float32)
    for session in (from_file, from_memory):
        assert [info.name for info in session.inputs + session.outputs] == ["x", "y"]
        np.testing.assert_array_equal(session.run([x])[0], x @ WEIGHTS)


def test_weights_without_effect_are_refused(
    load: Callable[..., Any], models: Any, convolution_file: Path
) -> None:
    for model in (models.convolution(), convolution_file):
        with pytest.raises(ConfigError, match="weights"):
            load(model, weights=b"1234")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("inference.json", b'{"base_code": {"magic": "pir", "version": 3}}', UnsupportedError),
        ("model.pb", b"\x0a\x00", UnsupportedError),
        ("model.onnx", b"not a model", ModelFormatError),
        ("model.xml", b"<net", ModelFormatError),
        ("model.pdmodel", b"garbage", ModelFormatError),
    ],
)
def test_what_openvino_cannot_read_is_said_quietly(
    engine: str, tmp_path: Path, name: str, content: bytes, error: type[Exception]
) -> None:
    (tmp_path / name).write_bytes(content)
    code = (
        "import sys, hpinfer\n"
        f"try: hpinfer.Session(sys.argv[1], engine={engine!r})\n"
        f"except hpinfer.errors.{error.__name__} as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert name in done.stdout
    assert done.stdout.count("\n") == 1


def test_truncated_model(load: Callable[..., Any], models: Any, tmp_path: Path) -> None:
    whole = models.convolution()
    for size in (1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(ModelFormatError):
            load(whole[:size])
        path = tmp_path / f"{size}.onnx"
        path.write_bytes(whole[:size])
        with pytest.raises(ModelFormatError, match=path.name):
            load(path)


def test_pir_in_memory(load: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedError, match="Paddle"):
        load(b' {"base_code": {"magic": "pir"}}')


@pytest.mark.network
def test_paddle_model_directly(load: Callable[..., Any], tmp_path: Path) -> None:
    """A `.pdmodel` is read with the `.pdiparams` beside it, or both from memory."""
    files = hub.resolve("ch_ppocr_mobile_v2.0_cls", formats=("paddle",))
    program = tmp_path / "inference.pdmodel"
    weights = tmp_path / "inference.pdiparams"
    shutil.copy(files.pdmodel, program)
    shutil.copy(files.pdiparams, weights)
    x = picture(48, 192)
    session = load(program)
    assert len(session.inputs) == len(session.outputs) == 1
    (scores,) = session.run([x])
    assert scores.shape == (1, 2)
    np.testing.assert_allclose(scores.sum(), 1, rtol=1e-5)
    in_memory = load(program.read_bytes(), weights=weights.read_bytes())
    np.testing.assert_array_equal(in_memory.run([x])[0], scores)
    weights.unlink()
    with pytest.raises((ModelFormatError, ModelNotFoundError)):
        load(program)
