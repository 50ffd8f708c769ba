"""``hpi_config``: what is accepted, what is refused and how, and the Hpi section of a model."""

from __future__ import annotations

import pytest

from hpinfer.config.backends import BACKEND_CONFIGS, accepted_keys
from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.config.inheritance import Given, resolve_model
from hpinfer.config.literals import parse_mapping, parse_override
from hpinfer.config.model_hpi import parse_model_hpi
from hpinfer.config.validation import validate
from hpinfer.errors import ConfigError, InputNotFoundError, UnsupportedError

SHAPES = {"x": [[1, 3, 300, 300], [4, 3, 300, 300], [32, 3, 1200, 1200]]}

#: Every key of contract 3.1 with a value that is not its default.
PADDLE_OPTIONS = {
    "run_mode": "trt_fp16",
    "device_type": "gpu",
    "device_id": 1,
    "cpu_threads": 4,
    "delete_pass": ["matmul_add_act_fuse_pass"],
    "enable_new_ir": False,
    "enable_cinn": True,
    "trt_cfg_setting": {"max_batch_size": 8},
    "trt_use_dynamic_shapes": False,
    "trt_collect_shape_range_info": True,
    "trt_discard_cached_shape_range_info": True,
    "trt_dynamic_shapes": SHAPES,
    "trt_dynamic_shape_input_data": {"scale": [[1.0], [1.0], [2.0]]},
    "trt_shape_range_info_path": "ranges.pbtxt",
    "trt_allow_rebuild_at_runtime": False,
    "mkldnn_cache_capacity": 2,
}


def config(**values):
    return validate(HPIConfig, values, where="hpi_config")


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("backend", "options"),
    [
        ("openvino", {"cpu_num_threads": 8, "engine_config": {"PERFORMANCE_HINT": "LATENCY"}}),
        ("openvino", {"precision": "bf16", "memory": "fast"}),
        ("onnxruntime", {"cpu_num_threads": 4, "graph_optimization": "all"}),
        ("onnxruntime", {"providers": ["CPUExecutionProvider"]}),
        ("tensorrt", {"precision": "fp16", "dynamic_shapes": SHAPES}),
        ("tensorrt", {"use_dynamic_shapes": True}),
        ("paddle", PADDLE_OPTIONS),
        ("om", {}),
    ],
)
def test_every_backend_takes_its_options(backend, options):
    made = config(backend=backend, backend_config=options).options_for(backend)
    assert made.model_dump(exclude_unset=True, mode="json") == options


def test_paddle_takes_the_keys_of_paddlex_and_no_others():
    assert accepted_keys("paddle") == {*PADDLE_OPTIONS, "cpu_num_threads"}
    renamed = config(backend="paddle", backend_config={"cpu_num_threads": 3})
    assert renamed.options_for("paddle").cpu_threads == 3


def test_engine_options_reach_the_session_as_text():
    options = {"engine_config": {"A": True, "B": 2}, "cpu_num_threads": 2}
    on_openvino = config(backend="openvino", backend_config=options).options_for("openvino")
    assert on_openvino.session_options() == {
        "num_threads": 2,
        "engine_config": {"A": "YES", "B": "2"},
    }
    on_ort = config(backend="onnxruntime", backend_config=options).options_for("onnxruntime")
    assert on_ort.session_options()["engine_config"] == {"A": "1", "B": "2"}
    given = {"run_mode": "mkldnn", "cpu_threads": 2, "device_type": "cpu"}
    on_paddle = config(backend="paddle", backend_config=given).options_for("paddle")
    assert on_paddle.session_options() == {
        "num_threads": 2,
        "engine_config": {"run_mode": "mkldnn"},
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backnd": "openvino"}, "unknown key 'backnd'; did you mean 'backend'?"),
        (
            {"backend": "openvno"},
            "must be one of paddle, openvino, onnxruntime, tensorrt, om; got 'openvno'; did you",
        ),
        (
            {"backend": "openvino", "backend_config": {"cpu_num_thread": 4}},
            "openvino: unknown key 'cpu_num_thread'; did you mean 'cpu_num_threads'?",
        ),
        (
            {"backend": "onnxruntime", "backend_config": {"precison": "fp16"}},
            "did you mean 'precision'?",
        ),
        (
            {"backend": "tensorrt", "backend_config": {"cpu_num_threads": 4}},
            "unknown key 'cpu_num_threads'; known keys: build, dynamic_shapes, optimization_level",
        ),
        (
            {"backend": "tensorrt", "backend_config": {"precision": "int8"}},
            "precision must be one of fp32, fp16, bf16; got 'int8'",
        ),
        (
            {"backend": "tensorrt", "backend_config": {"use_dynamic_shapes": False}},
            "it must be True",
        ),
        (
            {"backend": "tensorrt", "backend_config": {"dynamic_shapes": {"x": [[1], [2]]}}},
            "its smallest, usual and largest shape",
        ),
        (
            {"backend": "tensorrt", "backend_config": {"dynamic_shapes": {"x": [[4], [2], [8]]}}},
            "must grow from smallest to usual to largest",
        ),
        (
            {"backend": "paddle", "backend_config": {"run_mode": "mkldn"}},
            "did you mean 'mkldnn'?",
        ),
        (
            {"backend": "paddle", "backend_config": {"cpu_threads": 1, "cpu_num_threads": 1}},
            "mean the same",
        ),
        (
            {"backend": "paddle", "backend_config": {"trt_dynamic_shape_input_data": {"x": [[1]]}}},
            "needs three lists",
        ),
        ({"backend": "om", "backend_config": {"precision": "fp16"}}, "unknown key 'precision'"),
        ({"auto_config": False}, "needs a backend: one of paddle, openvino"),
        ({"auto_config": "perhaps"}, "auto_config: input should be a valid boolean"),
        ({"backend_config": {"cpu_num_thread": 4}}, "did you mean 'cpu_num_threads'?"),
        (
            {"backend_config": {"run_mode": "mkldnn", "graph_optimization": "all"}},
            "no backend has all of graph_optimization, run_mode",
        ),
        ({"backend_config": {"cpu_num_threads": 0}}, "greater than or equal to 1; got 0"),
        ({"tune": "slow"}, "tune must be one of off, quick"),
    ],
)
def test_wrong_values_are_refused_in_one_line_with_the_nearest(values, message):
    with pytest.raises(ConfigError) as error:
        config(**values)
    assert message in one_line(error)
    with pytest.raises(ConfigError):
        resolve_model(Given(hpi_config=values))


def test_options_without_a_backend_leave_the_backends_that_have_them():
    assert config().backends() == tuple(BACKEND_CONFIGS)
    threads = config(backend_config={"cpu_num_threads": 2})
    assert threads.backends() == ("paddle", "openvino", "onnxruntime")
    assert config(backend_config={"run_mode": "mkldnn"}).backends() == ("paddle",)
    assert config(backend_config={"dynamic_shapes": SHAPES}).backends() == ("tensorrt",)
    bf16 = config(backend_config={"precision": "bf16"})
    assert bf16.backends() == ("openvino", "onnxruntime", "tensorrt")
    assert config(backend="om").backends() == ("om",)


def test_yaml_reads_off_as_no():
    assert config(tune=False).tune == "off"
    assert config(tune="quick").tune == "quick"


def test_what_paddlex_fills_in_itself_is_read_over():
    internals = {"model_name": "m", "device_type": "gpu", "device_id": 0, "hpi_info": None}
    assert config(**internals, backend="openvino") == config(backend="openvino")


@pytest.mark.parametrize(
    "form",
    [
        {"backend": "onnxruntime", "auto_config": True, "backend_config": None},
        '{"backend": "onnxruntime", "auto_config": true, "backend_config": null}',
        "{'backend': 'onnxruntime', 'auto_config': True, 'backend_config': None}",
    ],
)
def test_a_mapping_json_and_a_python_literal_are_the_same(form):
    assert resolve_model(Given(hpi_config=form)).hpi == config(
        backend="onnxruntime", auto_config=True, backend_config=None
    )


def test_hpi_config_may_come_from_a_file_and_from_paddlex_object(tmp_path):
    file = tmp_path / "hpi.yaml"
    file.write_text("backend: openvino\nbackend_config: {cpu_num_threads: 2}\n")
    assert parse_mapping(f"@{file}", where="x")["backend"] == "openvino"
    assert resolve_model(Given(hpi_config=config(backend="openvino"))).hpi.backend == "openvino"
    with pytest.raises(InputNotFoundError, match=r"there is no file .*nowhere"):
        parse_mapping("@nowhere.yaml", where="--hpi_config")


@pytest.mark.parametrize("text", ["openvino", "[1]", "{1: 2}", "{'a':", ""])
def test_text_that_is_no_mapping_is_refused(text):
    with pytest.raises(ConfigError, match="must be a mapping") as error:
        parse_mapping(text, where="--hpi_config")
    one_line(error)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, True) for word in ("TRUE", "True", "true", "T", "t")),
        *((word, False) for word in ("FALSE", "False", "false", "F", "f")),
        ("None", None),
        ("3", 3),
        ("1e-2", 0.01),
        ("[1, 2]", [1, 2]),
        ('{"backend": "onnxruntime", "auto_config": true}', {"backend": "onnxruntime"}),
        ("{'auto_config': False}", {"auto_config": False}),
        ("gpu:0", "gpu:0"),
        ("a=b.png", "a=b.png"),
    ],
)
def test_values_after_o_are_read_as_paddlex_reads_them(text, value):
    got = parse_override(text)
    assert got == ({**value, "auto_config": True} if text.startswith('{"') else value)


def test_engine_and_device_of_a_single_model():
    assert resolve_model(Given()) == HPISettings()
    made = resolve_model(Given(engine="openvino", device="gpu", precision="bf16"))
    assert (made.hpi.backend, made.device, made.precision) == ("openvino", "gpu:0", "bf16")
    assert resolve_model(Given(engine="hpi")).use_hpip is True
    assert resolve_model(Given(engine="paddle_static")).hpi.backend == "paddle"
    plain = resolve_model(Given(use_hpip=False, hpi_config={"backend": "openvino"}))
    assert (plain.use_hpip, plain.hpi.backend) == (False, None)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (Given(device="cpu:0"), ConfigError, "device must be 'cpu', 'gpu'"),
        (Given(device="tpu"), ConfigError, "got 'tpu'"),
        (Given(device="npu:0,1"), UnsupportedError, "one pipeline for each, e.g. 'npu:0'"),
        (Given(engine="onnxrt"), ConfigError, "did you mean 'onnxruntime'?"),
        (Given(engine="transformers"), ConfigError, "not one of hpinfer's"),
        (Given(engine="hpi", use_hpip=False), ConfigError, "contradict each other"),
        (
            Given(engine="openvino", hpi_config={"backend": "onnxruntime"}),
            ConfigError,
            "engine 'openvino' and hpi_config.backend 'onnxruntime' contradict",
        ),
    ],
)
def test_contradictions_and_unknown_names_are_told(given, error, message):
    with pytest.raises(error) as caught:
        resolve_model(given)
    assert message in one_line(caught)


# --- the Hpi section of an inference.yml --------------------------------------------------------


def inference_yml(**hpi):
    return {"Global": {"model_name": "m"}, "Hpi": hpi}


TODAY = inference_yml(
    backend_configs={
        "paddle_infer": {"trt_dynamic_shapes": SHAPES},
        "tensorrt": {"dynamic_shapes": SHAPES},
    }
)
BETA = inference_yml(
    backend_config={
        "paddle_infer": {"cpu_num_threads": 8, "enable_log_info": False},
        "paddle_tensorrt": {"dynamic_shapes": SHAPES, "max_batch_size": 8},
        "openvino": {"cpu_num_threads": 3},
    },
    selected_backends={"cpu": "onnx_runtime", "gpu": "paddle_tensorrt"},
    supported_backends={
        "cpu": ["paddle_infer", "openvino", "onnx_runtime"],
        "gpu": ["paddle_infer", "paddle_tensorrt", "tensorrt"],
    },
)


def test_shapes_of_the_model_fill_in_where_the_user_gave_none():
    hpi = parse_model_hpi(TODAY)
    asked = resolve_model(Given(engine="tensorrt", device="gpu"))
    filled = hpi.apply(asked)
    assert filled.hpi.options_for("tensorrt").dynamic_shapes == SHAPES
    assert filled.origins["hpi_config.backend_config.dynamic_shapes"] == "inference.yml of m"
    other = {"x": [[1], [2], [3]]}
    own = Given(hpi_config={"backend": "tensorrt", "backend_config": {"dynamic_shapes": other}})
    assert hpi.apply(resolve_model(own)).hpi.options_for("tensorrt").dynamic_shapes == other
    for mode in (None, "mkldnn", "trt_fp16"):
        backend_config = {} if mode is None else {"run_mode": mode}
        asked = config(backend="paddle", backend_config=backend_config)
        on_paddle = hpi.fill("paddle", asked.options_for("paddle"))
        assert on_paddle.trt_dynamic_shapes == (SHAPES if mode == "trt_fp16" else None)


def test_the_section_of_the_beta_selects_backends():
    hpi = parse_model_hpi(BETA)
    assert hpi.selected == {"cpu": "onnxruntime", "gpu": "paddle"}
    assert hpi.supported["gpu"] == ("paddle", "tensorrt")
    assert hpi.defaults["paddle"] == {"trt_dynamic_shapes": SHAPES}
    on_paddle = config(backend="paddle").options_for("paddle")
    assert hpi.fill("paddle", on_paddle).run_mode is None
    assert hpi.fill("paddle", on_paddle, device="gpu:0").run_mode == "trt_fp32"
    assert hpi.defaults["openvino"] == {"cpu_num_threads": 3}
    wished = hpi.apply(resolve_model(Given()))
    assert (wished.hpi.backend, wished.preferred_backend) == (None, "onnxruntime")
    assert wished.origins["preferred_backend"] == "inference.yml of m"
    on_gpu = hpi.apply(resolve_model(Given(device="gpu:1")))
    assert on_gpu.preferred_backend == "paddle"


def test_the_file_never_overrules_the_user():
    hpi = parse_model_hpi(BETA)
    named = resolve_model(Given(hpi_config={"backend": "openvino"}))
    assert hpi.apply(named).hpi.backend == "openvino"
    assert hpi.apply(named).preferred_backend is None
    only_paddle = resolve_model(Given(hpi_config={"backend_config": {"run_mode": "mkldnn"}}))
    assert hpi.apply(only_paddle).preferred_backend is None
    plain = resolve_model(Given(use_hpip=False))
    assert hpi.apply(plain) == plain


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"selected_backends": {"cpu": "onnxruntim"}}, "did you mean 'onnxruntime'?"),
        ({"selected_backends": {"tpu": "openvino"}}, "must be one of cpu, gpu, npu; got 'tpu'"),
        ({"backend_configs": {"tensorrt": {"dynamic_shapes": {"x": 1}}}}, "dynamic_shapes"),
        ({"backend_configs": {"tensorrt": {"precision": "int8"}}}, "must be one of fp32, fp16"),
        ({"backend_configs": ["tensorrt"]}, "backend_configs"),
    ],
)
def test_a_wrong_section_is_refused_in_one_line(section, message):
    with pytest.raises(ConfigError, match=r"inference\.yml of m: Hpi") as error:
        parse_model_hpi(inference_yml(**section))
    assert message in one_line(error)


def test_keys_of_a_later_exporter_are_read_over_and_told(caplog):
    later = {"tensort": {}, "tensorrt": {"dynamic_shapes": SHAPES, "builder": 5}}
    hpi = parse_model_hpi(inference_yml(backend_configs=later, level=2))
    assert hpi.defaults == {"tensorrt": {"dynamic_shapes": SHAPES}}
    assert [record.getMessage().partition("Hpi")[2] for record in caplog.records] == [
        ".backend_configs: unknown key 'tensort' has no effect; did you mean 'tensorrt'?",
        ".backend_configs.tensorrt: unknown key 'builder' has no effect",
        ": unknown key 'level' has no effect",
    ]


@pytest.mark.parametrize(
    ("paddle", "mode"),
    [
        ({"enable_trt": True}, "trt_fp32"),
        ({"enable_trt": True, "trt_precision": "FP16"}, "trt_fp16"),
        ({"enable_mkldnn": False}, "paddle"),
        ({"enable_mkldnn": True, "enable_log_info": False}, None),
    ],
)
def test_switches_of_the_release_candidates_are_run_modes(paddle, mode):
    configs = {"paddle_infer": paddle, "tensorrt": {"precision": "FP16"}}
    hpi = parse_model_hpi(inference_yml(backend_config=configs))
    assert hpi.defaults.get("paddle", {}).get("run_mode") == mode
    assert hpi.defaults["tensorrt"] == {"precision": "fp16"}


def test_a_section_that_is_no_mapping_is_refused():
    with pytest.raises(ConfigError, match="must be a mapping"):
        parse_model_hpi({"Global": {"model_name": "m"}, "Hpi": ["openvino"]})
