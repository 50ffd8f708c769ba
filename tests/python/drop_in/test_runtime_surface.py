"""The rest of ultra-infer's runtime: options, tensors, zero copy, clones, profiling, memory."""

from __future__ import annotations

import numpy as np
import pytest
import ui_networks as networks

from hpinfer.errors import (
    ConfigError,
    EngineUnavailableError,
    InvalidInputError,
    InvalidTypeError,
    ModelFormatError,
    UnsupportedError,
)

SETTERS = {"onnxruntime": "use_ort_backend", "openvino": "use_openvino_backend"}


@pytest.fixture
def option(ui, tmp_path):
    """Options of a small text map; without a backend."""
    found = ui.RuntimeOption()
    path = networks.text_map(tmp_path / "inference.onnx")
    found.set_model_path(str(path), "", ui.ModelFormat.ONNX)
    return found


def picture(seed=0):
    return np.random.default_rng(seed).random((1, 3, 32, 48), np.float32)


def test_names_and_kinds_of_tensors(ui, option):
    runtime = ui.Runtime(option)
    assert (runtime.num_inputs(), runtime.num_outputs()) == (1, 1)
    info = runtime.get_input_info(0)
    assert (info.name, info.shape, info.dtype) == ("x", [-1, 3, -1, -1], ui.FDDataType.FP32)
    assert runtime.get_output_info(0).name == "y"
    assert runtime.option is option
    with pytest.raises(InvalidInputError, match="there is no number 1"):
        runtime.get_input_info(1)


def test_without_a_backend_a_usable_one_is_taken(ui, option):
    runtime = ui.Runtime(option)
    engine = runtime.session.engine
    assert {"onnxruntime": ui.Backend.ORT, "openvino": ui.Backend.OPENVINO}[engine] in (
        ui.get_available_backends()
    )


def test_a_list_is_in_graph_order_and_tensors_give_tensors(ui, option):
    runtime = ui.Runtime(option)
    x = picture()
    expected = runtime.infer({"x": x})[0]
    np.testing.assert_array_equal(runtime.infer([x])[0], expected)
    tensor = ui.FDTensor("x")
    tensor.from_numpy(x)
    (found,) = runtime.infer({"x": tensor})
    assert isinstance(found, ui.FDTensor)
    assert found.name == "y"
    np.testing.assert_array_equal(found.numpy(), expected)


def test_strided_and_read_only_inputs_are_right(ui, option):
    runtime = ui.Runtime(option)
    x = picture()
    expected = runtime.infer([x])[0]
    strided = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    frozen = x.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(runtime.infer([strided])[0], expected)
    np.testing.assert_array_equal(runtime.infer([frozen])[0], expected)


def test_bound_tensors_are_neither_copied_in_nor_out(ui, option, backend):
    getattr(option, SETTERS[backend])()
    runtime = ui.Runtime(option)
    x, y = picture(), np.zeros((1, 1, 32, 48), np.float32)
    source, target = ui.FDTensor(), ui.FDTensor()
    source.from_numpy(x, share_buffer=True)
    target.from_numpy(y, share_buffer=True)
    runtime.bind_input_tensor("x", source)
    runtime.bind_output_tensor("y", target)
    runtime.zero_copy_infer()
    np.testing.assert_array_equal(y, runtime.infer([x])[0])
    assert runtime.get_output_tensor("y").data() == y.ctypes.data
    x[:] = picture(1)  # seen by the next run
    runtime.zero_copy_infer()
    np.testing.assert_array_equal(y, runtime.infer([x])[0])


def test_outputs_that_are_not_bound_come_as_new_tensors(ui, option):
    runtime = ui.Runtime(option)
    source, empty = ui.FDTensor(), ui.FDTensor("mine")
    source.from_numpy(picture())
    runtime.bind_input_tensor("x", source)
    with pytest.raises(InvalidInputError, match="zero_copy_infer first"):
        runtime.get_output_tensor("y")
    runtime.zero_copy_infer()
    assert runtime.get_output_tensor("y").shape == [1, 1, 32, 48]
    runtime.bind_output_tensor("y", empty)
    runtime.zero_copy_infer()
    assert empty.shape == [1, 1, 32, 48]


def test_wrong_bindings_raise(ui, option):
    runtime = ui.Runtime(option)
    with pytest.raises(InvalidInputError, match="no input 'z'"):
        runtime.bind_input_tensor("z", ui.FDTensor())
    with pytest.raises(InvalidInputError, match="is empty"):
        runtime.bind_input_tensor("x", ui.FDTensor())
    with pytest.raises(InvalidTypeError, match="FDTensor"):
        runtime.bind_input_tensor("x", picture())
    with pytest.raises(InvalidInputError, match="missing input 'x'"):
        runtime.zero_copy_infer()
    target, source = ui.FDTensor(), ui.FDTensor()
    target.from_numpy(np.zeros((1, 1, 8, 8), np.float32), share_buffer=True)
    source.from_numpy(picture())
    runtime.bind_input_tensor("x", source)
    runtime.bind_output_tensor("y", target)
    with pytest.raises(InvalidInputError):
        runtime.zero_copy_infer()


def test_a_clone_shares_the_model_but_not_the_bindings(ui, option):
    runtime = ui.Runtime(option)
    tensor = ui.FDTensor()
    tensor.from_numpy(picture())
    runtime.bind_input_tensor("x", tensor)
    other = runtime.clone()
    assert other.session is runtime.session
    with pytest.raises(InvalidInputError, match="missing input"):
        other.zero_copy_infer()
    np.testing.assert_array_equal(other.infer([picture()])[0], runtime.infer([picture()])[0])


def test_profiling_measures_the_repeated_runs(ui, option):
    runtime = ui.Runtime(option)
    with pytest.raises(ConfigError, match="enable_profiling"):
        runtime.get_profile_time()
    option.enable_profiling(True, repeat=3, warmup=1)
    measured = ui.Runtime(option)
    runs = []
    run = measured._session.run
    measured._session.run = lambda *args, **kwargs: runs.append(1) or run(*args, **kwargs)
    np.testing.assert_array_equal(measured.infer([picture()])[0], runtime.infer([picture()])[0])
    assert len(runs) == 4
    assert measured.get_profile_time() > 0
    with pytest.raises(ConfigError, match="repeat"):
        option.enable_profiling(repeat=0)


def test_a_model_from_memory_equals_the_file(ui, option, backend, tmp_path):
    data = (tmp_path / "inference.onnx").read_bytes()
    memory = ui.RuntimeOption()
    memory.set_model_buffer(data, b"", ui.ModelFormat.ONNX)
    assert memory.model_from_memory
    for each in (option, memory):
        getattr(each, SETTERS[backend])()
    found = ui.Runtime(memory).infer([picture()])[0]
    np.testing.assert_array_equal(found, ui.Runtime(option).infer([picture()])[0])
    with pytest.raises(InvalidTypeError, match="must be bytes"):
        memory.set_model_buffer("model.onnx", "", ui.ModelFormat.ONNX)


def test_models_that_cannot_be_opened(ui, tmp_path):
    option = ui.RuntimeOption()
    with pytest.raises(ConfigError, match="no model"):
        ui.Runtime(option)
    (tmp_path / "m.pdmodel").write_bytes(b"program")
    option.set_model_path(str(tmp_path / "m.pdmodel"))
    with pytest.raises(ModelFormatError, match=r"m\.pdiparams"):
        ui.Runtime(option)
    option.set_model_path(str(tmp_path / "m.pdmodel"), "", ui.ModelFormat.RKNN)
    with pytest.raises(UnsupportedError, match="RKNN"):
        ui.Runtime(option)


REFUSED = [
    (lambda o: setattr(o.ort_option, "inter_op_num_threads", 4), "ort", UnsupportedError),
    (lambda o: setattr(o.ort_option, "execution_mode", 1), "ort", UnsupportedError),
    (lambda o: setattr(o.ort_option, "enable_fp16", True), "ort", UnsupportedError),
    (lambda o: setattr(o.ort_option, "optimized_model_filepath", "x"), "ort", UnsupportedError),
    (lambda o: o.ort_option.disable_ort_fp16_op_types(["Mul"]), "ort", UnsupportedError),
    (lambda o: setattr(o.ort_option, "graph_optimization_level", 7), "ort", ConfigError),
    (lambda o: o.openvino_option.set_stream_num(2), "ort", ConfigError),
    (lambda o: setattr(o.trt_option, "enable_fp16", True), "ort", ConfigError),
    (lambda o: o.use_ascend(0), "ort", UnsupportedError),
    (lambda o: o.openvino_option.set_device("GPU"), "openvino", UnsupportedError),
    (lambda o: o.openvino_option.set_shape_info({"x": [1]}), "openvino", UnsupportedError),
    (lambda o: o.openvino_option.set_cpu_operators(["Mul"]), "openvino", UnsupportedError),
    (lambda o: o.openvino_option.set_affinity("NUMA"), "openvino", UnsupportedError),
    (lambda o: o.openvino_option.set_performance_hint("FAST"), "openvino", UnsupportedError),
    (lambda o: setattr(o.openvino_option, "num_streams", 0), "openvino", ConfigError),
]


@pytest.mark.parametrize(("change", "engine", "error"), REFUSED)
def test_options_without_effect_are_refused(ui, option, change, engine, error):
    getattr(option, f"use_{engine}_backend")()
    change(option)
    with pytest.raises(error):
        ui.Runtime(option)


def test_options_reach_the_session(ui, option):
    option.use_ort_backend()
    option.ort_option.graph_optimization_level = 1
    option.ort_option.intra_op_num_threads = 1
    runtime = ui.Runtime(option)
    assert runtime.session.options.graph_optimization.name == "basic"
    assert runtime.session.options.num_threads == 1


def test_options_reach_openvino(ui, option):
    option.use_openvino_backend()
    option.openvino_option.set_stream_num(2)
    option.openvino_option.set_affinity("NO")
    option.openvino_option.set_performance_hint("LATENCY")
    options = ui.Runtime(option).session.options
    assert options.num_streams == 2
    assert options.engine_config == {"ENABLE_CPU_PINNING": "NO", "PERFORMANCE_HINT": "LATENCY"}


def test_names_that_are_not_there_say_so(ui, option):
    for name in ("use_kunlunxin", "use_lite_backend", "set_external_raw_stream", "poros_option"):
        with pytest.raises(UnsupportedError, match=name):
            getattr(option, name)
    assert not hasattr(option, "use_rknpu2")
    with pytest.raises(UnsupportedError, match="create_pipeline"):
        _ = ui.vision
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = ui.nonsense
    with pytest.raises(AttributeError):
        option.cpu_threads = 3
    for call in (option.enable_pinned_memory, option.disable_valid_backend_check):
        with pytest.raises(UnsupportedError):
            call()
    with pytest.raises(UnsupportedError, match="Poros"):
        ui.Runtime(option).compile([])
    option.backend = ui.Backend.LITE
    with pytest.raises(UnsupportedError, match="LITE"):
        ui.Runtime(option)


def test_an_engine_that_is_not_installed_says_so(ui, option, monkeypatch):
    from hpinfer.hpi import discovery

    missing = discovery.EngineStatus("openvino", usable=False, reason="not found")
    monkeypatch.setattr(discovery, "engines", lambda: [missing])
    assert not ui.is_built_with_openvino()
    assert not ui.is_built_with_ort()
    option.use_openvino_backend()
    with pytest.raises(EngineUnavailableError, match="not found"):
        ui.Runtime(option)


def test_tensors_of_every_kind(ui):
    for dtype in ("bool", "int8", "int16", "int32", "int64", "float16", "float32", "float64"):
        array = np.arange(6).reshape(2, 3).astype(dtype)
        tensor = ui.FDTensor("t")
        tensor.from_numpy(array)
        assert tensor.shape == [2, 3]
        np.testing.assert_array_equal(tensor.numpy(), array)
        assert not np.shares_memory(tensor.array, array)
    with pytest.raises(InvalidTypeError, match="uint16"):
        ui.FDTensor().from_numpy(np.zeros(2, np.uint16))
    with pytest.raises(InvalidInputError, match="C-contiguous"):
        ui.FDTensor().from_numpy(np.zeros((2, 3), np.float32).T, share_buffer=True)
    with pytest.raises(InvalidInputError, match="is empty"):
        ui.FDTensor("e").numpy()


def test_tensors_from_addresses_and_dlpack(ui):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensor = ui.FDTensor.from_external_data("a", array.ctypes.data, [2, 3], "FP32", "cpu", 0)
    np.testing.assert_array_equal(tensor.numpy(), array)
    shared = ui.FDTensor.from_dlpack("b", ui.C.FDTensor.to_dlpack(tensor))
    assert shared.data() == tensor.data()
    assert ui.FDTensor.from_dlpack("c", array).data() == array.ctypes.data
    with pytest.raises(UnsupportedError, match="GPU"):
        ui.FDTensor.from_external_data("a", 0, [1], "FP32", "gpu", 0)
    with pytest.raises(InvalidInputError, match="INT8"):
        ui.FDTensor.from_external_data("a", 0, [1], "INT8", "cpu", 0)


@pytest.mark.parametrize(
    ("owner", "name", "reason"),
    [
        ("ort_option", "device_id", "use_gpu"),
        ("trt_option", "enable_pinned_memory", "transfer buffers"),
        ("paddle_infer_option", "gpu_mem_init_size", "no such option"),
        ("openvino_option", "nonsense", "no attribute"),
    ],
)
def test_fields_that_are_not_there_are_refused_when_written(ui, option, owner, name, reason):
    with pytest.raises(UnsupportedError, match=reason):
        setattr(getattr(option, owner), name, 1)
    with pytest.raises(AttributeError, match=name):
        getattr(getattr(option, owner), name)


def test_a_network_that_openvino_cannot_take_names_the_way_out(ui, tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    option = ui.RuntimeOption()
    option.set_model_path(str(path), "", ui.ModelFormat.ONNX)
    option.use_openvino_backend()
    with pytest.raises(ModelFormatError, match="backend: onnxruntime"):
        ui.Runtime(option)
    option.use_ort_backend()
    with pytest.raises(ModelFormatError) as caught:
        ui.Runtime(option)
    assert "backend: onnxruntime" not in str(caught.value)
