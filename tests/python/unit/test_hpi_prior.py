"""Prior knowledge: every model of the guides, families for the rest, never a refusal."""

from __future__ import annotations

from collections import Counter

import pytest

from hpinfer.hpi.prior import known_models, preference


def published(device="cpu"):
    import importlib.resources

    import yaml

    text = importlib.resources.files("hpinfer.hpi").joinpath("prior_knowledge.yaml").read_text()
    return {name: lists[device] for name, lists in yaml.safe_load(text)["published"].items()}


def test_first_choices_are_those_of_the_published_table():
    """Counts that the source states of its 125 rows."""
    cpu, gpu = published(), published("gpu")
    assert len(cpu) == len(gpu) == 125
    assert Counter(names[0] for names in cpu.values()) == {
        "openvino": 83,
        "paddle_mkldnn": 21,
        "onnxruntime": 19,
        "paddle": 2,
    }
    assert Counter(names[0] for names in gpu.values()) == {"onnxruntime": 77, "paddle": 48}
    assert sum("openvino" not in names for names in cpu.values()) == 21


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_every_known_model_has_a_complete_order(device):
    for name in known_models():
        order = preference(name, "unknown", device=device).order
        assert sorted(order) == ["om", "onnxruntime", "openvino", "paddle", "tensorrt"]


def test_our_measurements_come_before_the_published_list():
    assert published()["PP-OCRv4_mobile_det"][0] == "paddle_mkldnn"
    known = preference("PP-OCRv4_mobile_det", "text_detection", architecture="x86_64")
    assert known.order[:3] == ("openvino", "onnxruntime", "paddle")
    assert "hpinfer" in known.reason
    assert (known.source, known.assumptions) == ("prior", ())


def test_engines_that_the_list_leaves_out_come_last_and_are_named():
    known = preference("RT-DETR-L", "detr")
    assert known.order[:2] == ("onnxruntime", "paddle")
    assert "openvino" in known.unlisted


def test_an_unknown_model_follows_its_family_and_says_so():
    rule = preference("My_own_rec", "text_recognition", architecture="x86_64")
    assert rule.source == "rule"
    assert rule.order[0] == "openvino"
    (assumption,) = rule.assumptions
    assert "My_own_rec" in assumption


def test_a_table_model_nobody_knows_does_not_start_with_openvino():
    assert preference("My_table", "table").order[0] == "onnxruntime"


def test_another_processor_is_an_assumption_and_not_an_error():
    known = preference("ResNet50", "classification", architecture="aarch64")
    assert known.source == "prior"
    assert "aarch64" in known.assumptions[0]


def test_a_newer_framework_is_an_assumption_and_not_an_error():
    for version, said in (("3.1.1", False), ("3.2.2", True), ("4.0.0.post1", True), ("", False)):
        known = preference(
            "ResNet50", "classification", architecture="x86_64", versions={"paddle": version}
        )
        assert any(version in item for item in known.assumptions) is said
