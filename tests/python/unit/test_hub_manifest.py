"""The packaged manifest is complete and consistent."""

from __future__ import annotations

import dataclasses
import re

import pytest

from hpinfer.hub.manifest import manifest

FIRST_RUN = (
    "PP-OCRv4_mobile_det",
    "PP-OCRv4_mobile_rec",
    "PP-OCRv6_small_det",
    "PP-OCRv6_small_rec",
    "ch_ppocr_mobile_v2.0_cls",
    "PP-LCNet_x1_0_doc_ori",
    "picodet_lcnet_x1_0_fgd_layout_cdla",
    "SLANet_plus",
    "en_ppstructure_mobile_v2.0_SLANet",
)


def test_manifest_has_the_first_run_models_onnx_first() -> None:
    assert set(FIRST_RUN) <= set(manifest())
    for name in FIRST_RUN:
        assert manifest()[name].artifacts[0].format == "onnx"


@pytest.mark.parametrize("name", FIRST_RUN)
def test_every_file_is_pinned_and_cannot_leave_its_directory(name: str) -> None:
    for artifact in manifest()[name].artifacts:
        assert re.fullmatch(r"[a-z-]+==[0-9.]+", artifact.wheel)
        for file in artifact.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert file.size > 0
            assert re.fullmatch(r"[a-z]+\.[a-z]+", file.name)
            assert not file.member.startswith("/")
            assert ".." not in file.member.split("/")


@pytest.mark.parametrize("name", FIRST_RUN)
def test_every_fill_rule_names_a_section_and_a_file_that_exist(name: str) -> None:
    entry = manifest()[name]
    for artifact in entry.artifacts:
        delivered = {file.name for file in artifact.files}
        for rule in artifact.fill:
            section, key = rule.key.split(".")
            assert key not in entry.inference[section]
            assert (rule.origin if rule.kind == "text" else "inference.onnx") in delivered


def test_text_models_have_the_published_processing_parameters() -> None:
    det = manifest()["PP-OCRv4_mobile_det"].inference
    assert {"DetResizeForTest": {"resize_long": 960}} in det["PreProcess"]["transform_ops"]
    assert det["PostProcess"] == {
        "name": "DBPostProcess",
        "thresh": 0.3,
        "box_thresh": 0.6,
        "max_candidates": 1000,
        "unclip_ratio": 1.5,
    }
    rec = manifest()["PP-OCRv6_small_rec"].inference
    assert {"RecResizeImg": {"image_shape": [3, 48, 320]}} in rec["PreProcess"]["transform_ops"]
    labels = manifest()["PP-LCNet_x1_0_doc_ori"].inference["PostProcess"]["Topk"]["label_list"]
    assert labels == ["0", "90", "180", "270"]


def test_recipe_changes_with_the_weights_and_with_the_processing() -> None:
    entry = manifest()["PP-OCRv4_mobile_det"]
    artifact = entry.artifacts[0]
    other_files = (dataclasses.replace(artifact.files[0], sha256="0" * 64),)
    other_weights = dataclasses.replace(artifact, files=other_files)
    other_config = dataclasses.replace(entry, inference={**entry.inference, "extra": 1})
    recipes = {
        entry.recipe(artifact),
        entry.recipe(other_weights),
        other_config.recipe(artifact),
    }
    assert len(recipes) == 3
