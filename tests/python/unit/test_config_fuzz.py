"""Whatever a configuration holds, it loads or is refused in one line; nothing else escapes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hpinfer.config import Given, load_pipeline_config, parse_model_hpi, resolve
from hpinfer.config.literals import parse_override, parse_value
from hpinfer.config.module_run import parse_module_run
from hpinfer.errors import HpinferError

KEYS = st.sampled_from(
    [
        *("use_hpip", "enable_hpi", "hpi_config", "engine", "device", "SubModules", "SubPipelines"),
        *("TextDetection", "DocPreprocessor", "auto_config", "backend", "backend_config", "tune"),
        *("cpu_num_threads", "dynamic_shapes", "precision", "run_mode", "engine_config", "x"),
        *("backend_configs", "selected_backends", "tensorrt", "paddle_infer", "Global", "Predict"),
        *("model", "input", "kernel_option", "trt_dynamic_shape_input_data", "pipeline_name"),
    ]
)
WORDS = ("openvino", "paddle_infer", "tensorrt", "hpi", "fp16", "gpu:0", "gpu:0,1", "cpu:0", "OCR")
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(WORDS)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(KEYS, st.text(), st.integers()), inner, max_size=4),
    ),
    max_leaves=12,
)
TREES = st.dictionaries(KEYS, VALUES, max_size=5)


def in_one_line(action):
    message = ""
    try:
        action()
    except HpinferError as error:
        message = str(error)
    assert "\n" not in message


@settings(max_examples=300, deadline=None)
@given(tree=TREES, hpi=VALUES, engine=st.one_of(st.none(), st.sampled_from(WORDS)))
def test_pipelines_load_or_are_refused(tree, hpi, engine):
    given = Given(hpi_config=hpi, engine=engine)
    in_one_line(lambda: resolve(load_pipeline_config({**tree, "pipeline_name": "OCR"})))
    in_one_line(lambda: resolve(load_pipeline_config(tree or "OCR"), given=given))


@settings(max_examples=200, deadline=None)
@given(tree=TREES, section=VALUES)
def test_model_and_module_files_load_or_are_refused(tree, section):
    in_one_line(lambda: parse_model_hpi({**tree, "Hpi": section}))
    in_one_line(lambda: parse_module_run(tree, label="m.yaml"))
    in_one_line(
        lambda: parse_module_run({"Global": {"model": "m"}, "Predict": tree}, label="m.yaml")
    )


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(), st.text(alphabet="{}[]:,'\"1a\\e.-")))
def test_any_text_is_read_as_something(text):
    parse_override(text)
    if not text.startswith("@"):
        parse_value(text, where="x")
