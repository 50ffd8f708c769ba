"""The merge down a pipeline's tree: PaddleX's rules, and every example of its guides."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hpinfer.config import Given, load_pipeline_config, resolve
from hpinfer.errors import ConfigError, UnsupportedError

DETECTION = "SubModules.TextDetection"
RECOGNITION = "SubModules.TextRecognition"
LINES = "SubModules.TextLineOrientation"
ORIENTATION = "SubPipelines.DocPreprocessor.SubModules.DocOrientationClassify"
UNWARPING = "SubPipelines.DocPreprocessor.SubModules.DocUnwarping"
ALL = {DETECTION, RECOGNITION, LINES, ORIENTATION, UNWARPING}

SHAPES = {"x": [[1, 3, 300, 300], [4, 3, 300, 300], [32, 3, 1200, 1200]]}


def merged(text: str = "", **arguments: Any):
    data = {"pipeline_name": "OCR", **(yaml.safe_load(text) or {})}
    return resolve(load_pipeline_config(data), label="OCR.yaml", given=Given(**arguments))


def backends(found):
    return {path: item.hpi.backend for path, item in found.items()}


def test_every_module_of_the_tree_has_settings():
    found = merged()
    assert found.keys() == ALL
    assert all(item.use_hpip is None and item.hpi.backend is None for item in found.values())
    assert all(dict(item.origins) == {} for item in found.values())
    alone = resolve(load_pipeline_config("doc_preprocessor"))
    assert alone.keys() == {"SubModules.DocOrientationClassify", "SubModules.DocUnwarping"}


# --- the examples of the guides -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("hpi_config: {backend: onnxruntime}", {}),
        ("engine: onnxruntime", {}),
        ("", {"hpi_config": '{"backend": "onnxruntime"}'}),
        ("", {"hpi_config": {"backend": "onnxruntime"}}),
        ("", {"engine": "onnxruntime"}),
    ],
    ids=["yaml", "yaml engine", "command line", "python", "engine argument"],
)
def test_change_the_backend_of_a_whole_pipeline(text, arguments):
    found = merged("use_hpip: True\n" + text, **arguments)
    assert backends(found) == dict.fromkeys(ALL, "onnxruntime")
    assert all(item.use_hpip for item in found.values())


def test_change_the_backend_of_one_module():
    found = merged("SubModules: {TextRecognition: {hpi_config: {backend: openvino}}}")
    assert backends(found) == {**dict.fromkeys(ALL), RECOGNITION: "openvino"}


def test_text_detection_on_onnxruntime_and_recognition_on_tensorrt():
    found = merged(
        """
        use_hpip: True
        SubModules:
          TextDetection: {hpi_config: {backend: onnxruntime}}
          TextRecognition: {hpi_config: {backend: tensorrt, backend_config: {precision: fp16}}}
        """
    )
    assert found[DETECTION].hpi.backend == "onnxruntime"
    assert found[RECOGNITION].hpi.options_for("tensorrt").precision == "fp16"
    assert found[ORIENTATION].hpi.backend is None


@pytest.mark.parametrize("form", ["yaml", "json", "python"])
def test_dynamic_shapes_for_tensorrt(form):
    values = {"backend": "tensorrt", "backend_config": {"dynamic_shapes": SHAPES}}
    if form == "yaml":
        text = yaml.safe_dump({"SubModules": {"TextDetection": {"hpi_config": values}}})
        found = merged(text, device="gpu:0")
    else:
        given = yaml.safe_dump(values, default_flow_style=True) if form == "json" else values
        found = merged(device="gpu:0", hpi_config=repr(values) if form == "json" else given)
    assert found[DETECTION].hpi.options_for("tensorrt").dynamic_shapes == SHAPES
    assert found[DETECTION].device == "gpu:0"


def test_manual_configuration():
    text = "hpi_config: {auto_config: False, backend: onnxruntime, backend_config: {}}"
    found = merged(text)
    assert not found[DETECTION].hpi.auto_config
    assert found[DETECTION].hpi.backend == "onnxruntime"


def test_hpi_for_one_sub_module_only():
    found = merged("use_hpip: False\nSubModules: {TextDetection: {use_hpip: True}}")
    assert {path for path, item in found.items() if item.use_hpip} == {DETECTION}
    assert found[RECOGNITION].use_hpip is False


def test_hpi_off_for_one_sub_pipeline_even_against_the_caller():
    text = "SubPipelines: {DocPreprocessor: {use_hpip: False}}"
    found = merged(text, use_hpip=True, hpi_config={"backend": "openvino"})
    assert {path for path, item in found.items() if not item.use_hpip} == {ORIENTATION, UNWARPING}
    assert found[ORIENTATION].hpi.backend is None  # plain inference: hpi_config has no say
    assert found[RECOGNITION].hpi.backend == "openvino"
    back = "SubPipelines: {DocPreprocessor: {use_hpip: False, SubModules: {DocUnwarping: {use_hpip: True}}}}"  # noqa: E501
    assert merged(back, use_hpip=False)[UNWARPING].use_hpip is True


def test_enable_hpi_is_use_hpip():
    found = merged("enable_hpi: False\nSubModules: {TextDetection: {enable_hpi: True}}")
    assert (found[DETECTION].use_hpip, found[RECOGNITION].use_hpip) == (True, False)
    with pytest.raises(ConfigError, match="mean the same"):
        merged("{use_hpip: True, enable_hpi: True}")


# --- precedence ---------------------------------------------------------------------------------


def test_the_caller_replaces_the_top_of_the_file_as_a_whole():
    text = "hpi_config: {backend: onnxruntime, auto_paddle2onnx: False}"
    found = merged(text, hpi_config={"tune": "quick"})
    assert found[DETECTION].hpi.given() == {"tune": "quick"}


def test_hpi_config_is_merged_shallowly():
    found = merged(
        """
        hpi_config: {backend: onnxruntime, backend_config: {cpu_num_threads: 4, memory: fast}}
        SubModules:
          TextDetection: {hpi_config: {backend_config: {cpu_num_threads: 2}}}
          TextRecognition: {hpi_config: {auto_paddle2onnx: False}}
        """
    )
    assert found[DETECTION].hpi.backend == "onnxruntime"
    assert found[DETECTION].hpi.backend_config == {"cpu_num_threads": 2}
    assert found[RECOGNITION].hpi.backend_config == {"cpu_num_threads": 4, "memory": "fast"}
    assert not found[RECOGNITION].hpi.auto_paddle2onnx


def test_options_of_another_backend_do_not_reach_a_deeper_one():
    found = merged(
        """
        hpi_config: {backend: openvino, backend_config: {cpu_num_threads: 4, precision: bf16}}
        SubModules:
          TextDetection: {hpi_config: {backend: onnxruntime}}
          TextRecognition: {engine: tensorrt}
          TextLineOrientation: {hpi_config: {backend: null}}
        """
    )
    assert found[DETECTION].hpi.backend_config == {"cpu_num_threads": 4}
    assert found[RECOGNITION].hpi.backend_config == {}
    (note,) = found[RECOGNITION].notes
    assert note == (
        "backend_config cpu_num_threads, precision (OCR.yaml) is for openvino; "
        "the backend here is tensorrt (OCR.yaml: SubModules.TextRecognition)"
    )
    assert found[LINES].hpi.backend is None
    assert found[ORIENTATION].notes == ()


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("engine: openvino", {"engine": "onnxruntime"}, "onnxruntime"),
        ("hpi_config: {backend: openvino}", {"engine": "onnxruntime"}, "onnxruntime"),
        ("engine: openvino", {"hpi_config": {"backend": "onnxruntime"}}, "onnxruntime"),
        ("SubModules: {TextDetection: {engine: openvino}}", {"engine": "onnxruntime"}, "openvino"),
        ("SubModules: {TextDetection: {engine: null}}", {"engine": "onnxruntime"}, None),
        ("SubModules: {TextDetection: {use_hpip: True}}", {"engine": "onnxruntime"}, None),
        ("SubModules: {TextDetection: {engine: hpi}}", {"engine": "onnxruntime"}, None),
        (
            "SubModules: {TextDetection: {hpi_config: {backend: openvino}}}",
            {"engine": "onnxruntime"},
            "openvino",
        ),
        ("use_hpip: False", {"engine": "openvino"}, "openvino"),
        ("hpi_config: {backend: openvino}", {"use_hpip": False}, None),
    ],
)
def test_engine_is_short_for_the_backend_at_its_level(text, arguments, expected):
    assert merged(text, **arguments)[DETECTION].hpi.backend == expected


@pytest.mark.parametrize(
    ("text", "arguments", "device"),
    [
        ("device: gpu", {}, "gpu:0"),
        ("device: gpu:1", {"device": "cpu"}, "cpu"),
        ("SubModules: {TextDetection: {device: cpu}}", {"device": "gpu:2"}, "cpu"),
    ],
)
def test_device_flows_down_and_the_deeper_one_wins(text, arguments, device):
    assert merged(text, **arguments)[DETECTION].device == device


def test_every_value_has_its_origin():
    found = merged(
        """
        use_hpip: True
        hpi_config: {auto_paddle2onnx: False}
        SubModules: {TextDetection: {hpi_config: {backend: openvino}, device: cpu}}
        """,
        precision="bf16",
        origin="command line",
    )
    assert found[DETECTION].origins == {
        "use_hpip": "OCR.yaml",
        "device": "OCR.yaml: SubModules.TextDetection",
        "precision": "command line",
        "hpi_config.auto_paddle2onnx": "OCR.yaml",
        "hpi_config.backend": "OCR.yaml: SubModules.TextDetection",
    }


def test_origins_can_be_named_one_by_one():
    config = load_pipeline_config(
        {"pipeline_name": "OCR", "SubModules": {"TextDetection": {"use_hpip": False}}}
    )
    named = {f"{DETECTION}.use_hpip": "--set"}
    assert resolve(config, origin_of=named.get)[DETECTION].origins == {"use_hpip": "--set"}


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (
            "SubModules: {TextDetection: {hpi_config: {auto_config: False}}}",
            {},
            "OCR.yaml: SubModules.TextDetection: hpi_config: auto_config: False takes exactly",
        ),
        ("", {"hpi_config": "{'auto_config': False}"}, "needs a backend"),
        (
            "SubModules: {TextDetection: {hpi_config: {backnd: openvino}}}",
            {},
            "unknown key 'SubModules.TextDetection.hpi_config.backnd'; did you mean 'backend'?",
        ),
        (
            "SubPipelines: {DocPreprocessor: {hpi_config: {backend: openvino, backend_config: {x: 1}}}}",  # noqa: E501
            {},
            "SubPipelines.DocPreprocessor.hpi_config: backend_config of openvino: unknown key 'x'",
        ),
        ("SubModules: {TextDetection: {use_hpi: True}}", {}, "did you mean 'use_hpip'?"),
        ("use_hpip: maybe", {}, "use_hpip: input should be a valid boolean"),
        (
            "SubModules: {TextDetection: {engine: openvino, hpi_config: {backend: paddle}}}",
            {},
            "OCR.yaml: SubModules.TextDetection: engine 'openvino' and hpi_config.backend 'paddle'",
        ),
        ("engine_config: {}", {}, "key 'engine_config' is not supported; write hpi_config"),
        ("SubModules: {TextDetection: {device: cpu:1}}", {}, "device must be"),
    ],
)
def test_mistakes_are_told_with_their_place_in_one_line(text, arguments, message):
    with pytest.raises(ConfigError) as error:
        merged(text, **arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_manual_mode_may_take_its_backend_from_above():
    text = """
        hpi_config: {backend: onnxruntime}
        SubModules: {TextDetection: {hpi_config: {auto_config: False}}}
    """
    assert not merged(text)[DETECTION].hpi.auto_config


def test_several_devices_are_gpus():
    assert merged(device="gpu:0,1")[DETECTION].device == "gpu:0,1"
    with pytest.raises(UnsupportedError, match="make one pipeline for each"):
        merged(device="npu:0,1")


# --- the precedence table as a property -----------------------------------------------------------

BACKENDS = ["paddle", "openvino", "onnxruntime", "tensorrt", "om"]
hpi_configs = st.fixed_dictionaries(
    {},
    optional={
        "backend": st.sampled_from([*BACKENDS, None]),
        "auto_paddle2onnx": st.booleans(),
        "tune": st.sampled_from(["off", "quick"]),
    },
)
levels = st.fixed_dictionaries({}, optional={"use_hpip": st.booleans(), "hpi_config": hpi_configs})


@settings(max_examples=200, deadline=None)
@given(caller=levels, top=levels, middle=levels, leaf=levels)
def test_precedence_is_that_of_the_table(caller, top, middle, leaf):
    """The rules again, as plain dict operations: the caller replaces the top, the rest overlays."""
    data = {
        "pipeline_name": "OCR",
        **top,
        "SubPipelines": {
            "DocPreprocessor": {**middle, "SubModules": {"DocOrientationClassify": leaf}}
        },
    }
    found = resolve(load_pipeline_config(data), given=Given(**caller))
    first = {**top, **caller}
    for path, chain in {
        DETECTION: [first],
        UNWARPING: [first, middle],
        ORIENTATION: [first, middle, leaf],
    }.items():
        hpi: dict[str, Any] = {}
        use_hpip = None
        for level in chain:
            use_hpip = level.get("use_hpip", use_hpip)
            hpi |= level.get("hpi_config", {})
        assert found[path].use_hpip == use_hpip
        expected = {} if use_hpip is False else hpi
        assert found[path].hpi.given() == expected
        assert {key for key in found[path].origins if key.startswith("hpi_config.")} == {
            f"hpi_config.{key}" for key in expected
        }
