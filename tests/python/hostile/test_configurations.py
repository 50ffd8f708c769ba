"""Configurations from anyone: a configuration or a typed error, however small a file may grow."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged
from outcomes import outcome

from hpinfer.config import Given, load_pipeline_config, parse_model_hpi, resolve
from hpinfer.config.literals import parse_mapping, read_yaml
from hpinfer.config.pipeline import PIPELINES
from hpinfer.config.yaml_text import MAX_BYTES, YamlProblem, parse_yaml
from hpinfer.errors import ConfigError, HpinferError
from hpinfer.hpi.dynamic_shapes import read_shapes

hostile = settings(settings.get_profile("hostile"))

OCR_YAML = b"""
pipeline_name: OCR
text_type: general
use_hpip: true
hpi_config: {backend: openvino, backend_config: {cpu_num_threads: 2}}
SubModules:
  TextDetection: &det
    model_name: PP-OCRv4_mobile_det
    limit_side_len: 960
    limit_type: max
    thresh: 0.3
    box_thresh: 0.6
    unclip_ratio: 1.5
  TextRecognition: {model_name: PP-OCRv4_mobile_rec, batch_size: 6}
"""
SHAPES_YAML = b"model: m\nprofiles:\n- x: [[1, 3, 32, 32], [1, 3, 640, 640], [1, 3, 960, 960]]\n"

#: Small texts that stand for much, or that readers of YAML trip over.
TRAPS = {
    "aliases of aliases": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    ),
    "merges of merges": "a: &a {k: 1}\n"
    + "".join(
        f"{b}: &{b} {{<<: [{','.join([f'*{a}'] * 10)}], {b}: 1}}\n"
        for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    ),
    "itself": "a: &a [*a]\n",
    "deep": "a: " + "[" * 5000 + "]" * 5000,
    "deep blocks": "\n".join(" " * depth + "a:" for depth in range(900)),
    "a number of base 60": "a: " + ":".join(["59"] * 200_000),
    "a long number": "a: " + "9" * 100_000,
    "no date": "a: 2024-13-45",
    "an empty number": "a: !!int ''",
    "no time": "a: !!timestamp x",
    "an object": "a: !!python/object/apply:os.system ['true']",
    "a name": "a: !!python/name:os.system",
    "a tag": "a: !unknown x",
    "a list as key": "? [a, b]\n: c",
    "a zero": "a: \0",
    "half a character": r'a: "\ud800"',
}


@pytest.mark.parametrize("trap", TRAPS)
def test_traps_of_yaml(trap, tmp_path):
    with pytest.raises(YamlProblem):
        parse_yaml(TRAPS[trap])
    path = tmp_path / "pipeline.yaml"
    path.write_text(TRAPS[trap])
    with pytest.raises(ConfigError, match=r"pipeline\.yaml"):
        load_pipeline_config(path)
    with pytest.raises(ConfigError, match="hpi_config"):
        read_yaml(path, where="hpi_config")


def test_a_file_without_end_is_not_read():
    with pytest.raises(ConfigError, match=f"more than {MAX_BYTES} bytes"):
        read_yaml(__import__("pathlib").Path("/dev/zero"), where="x")


def test_what_configurations_use_of_yaml_is_read():
    text = "base: &b {x: 1, y: [1, 2.5, null, true, 'a']}\nown: {<<: *b, z: 0x1F}\nother: *b\n"
    assert parse_yaml(text) == yaml.safe_load(text)
    assert parse_yaml(text)["own"] == {"x": 1, "y": [1, 2.5, None, True, "a"], "z": 31}


@hostile
@given(data=damaged([OCR_YAML]))
def test_damaged_pipeline_files(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged-pipeline.yaml"
    path.write_bytes(data)
    outcome("pipeline YAML", lambda: resolve(load_pipeline_config(path)))


@hostile
@given(data=damaged([SHAPES_YAML]))
def test_damaged_shape_files(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged-shapes.yml"
    path.write_bytes(data)
    outcome("dynamic_shapes.yml", lambda: read_shapes(path))


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from(
            ["openvino", "onnxruntime", "fp16", "gpu:0", "cpu", "auto", "quick", 10**400]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)


@hostile
@given(name=st.sampled_from(sorted(PIPELINES)), data=st.data())
def test_pipeline_configurations_with_any_values(name, data):
    """Keys that there are, with values that nobody would write."""
    tree = {"pipeline_name": name}
    fields = PIPELINES[name].model_fields
    for key in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=4)):
        tree[key] = data.draw(VALUES)
    modules = fields["SubModules"].annotation if "SubModules" in fields else None
    known = sorted(getattr(modules, "model_fields", {}))
    if known and data.draw(st.booleans()):
        tree["SubModules"] = {data.draw(st.sampled_from(known)): data.draw(VALUES)}
    tree["pipeline_name"] = name
    outcome("pipeline configuration", lambda: resolve(load_pipeline_config(tree)))


@hostile
@given(hpi=VALUES)
def test_any_hpi_config(hpi):
    config = load_pipeline_config("OCR")
    outcome("hpi_config", lambda: resolve(config, given=Given(hpi_config=hpi)))
    outcome("Hpi of inference.yml", lambda: parse_model_hpi({"Hpi": hpi}))


@hostile
@given(data=damaged([json.dumps({"backend": "openvino", "backend_config": {"a": [1]}}).encode()]))
def test_damaged_hpi_config_texts(data):
    text = data.decode("utf-8", "surrogateescape")
    result = outcome("hpi_config as text", lambda: parse_mapping(text, where="--hpi_config"))
    assert isinstance(result, (dict, HpinferError))
