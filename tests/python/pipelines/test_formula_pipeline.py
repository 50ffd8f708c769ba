"""The formula pipeline: pages, layouts and formula networks whose right answer is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from constructed import write_model
from detection_networks import detection_model
from formula_networks import VOCABULARY, latex_config, sides_network
from PIL import Image
from shipped_yaml import FORMULAS

import hpinfer
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, ModelNotFoundError
from hpinfer.io import InputFailure


@pytest.fixture
def models(tmp_path):
    """Directories of a layout model with the class "formula", and of a formula model."""
    layout = tmp_path / "layout"
    layout.mkdir()
    labels = ["text", "Formula", "seal"]
    detection_model(layout, ("im_shape", "image", "scale_factor"), label_list=labels)
    return layout, write_model(tmp_path / "formula", sides_network(), latex_config())


@pytest.fixture
def config(tmp_path, models):
    file = tmp_path / "formula_recognition.yaml"
    file.write_text(FORMULAS.format(layout=models[0], formula=models[1]), encoding="utf-8")
    return file


def page(height, width, label):
    """A page with one region from 1/4 to 3/4 of the class with the number `label`, or none."""
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[: max(height // 8, 1), : max(width // 8, 1)] = (0, 0, label)
    return picture


def said(height, width):
    """What the network reads in a region of this size."""
    return VOCABULARY[height // 16] + VOCABULARY[width // 16]


def test_each_formula_is_cut_out_and_read(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    # Regions of 48 x 160 and 144 x 112; the third page has none, the fourth one that is a seal.
    pages = [page(97, 321, 1), page(288, 224, 1), page(96, 320, 0), page(96, 320, 2)]
    first, second, none, other = pipeline.predict(pages)
    assert [formula.rec_formula for formula in first] == [said(48, 160)]
    assert [formula.rec_formula for formula in second] == [said(144, 112)]
    assert first.formula_res_list[0].dt_polys == [80.25, 24.25, 240.75, 72.75]
    assert first.formula_res_list[0].image.shape == (48, 160, 3)
    assert len(none) == len(other) == 0
    assert none.to_text() == ""
    assert other.layout_det_res.labels == ["seal"]


def test_keys_are_those_of_paddlex(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    (result,) = pipeline.predict(page(96, 320, 1))
    assert set(result.keys()) == {
        *("input_path", "page_index", "layout_det_res", "doc_preprocessor_res"),
        *("formula_res_list", "model_settings"),
    }
    assert result["model_settings"] == {"use_doc_preprocessor": False, "use_layout_detection": True}
    (formula,) = result["formula_res_list"]
    assert formula["formula_region_id"] == 1
    assert formula["dt_polys"] == [80.0, 24.0, 240.0, 72.0]
    written = result.json["res"]
    assert set(written) == {
        *("input_path", "page_index", "model_settings", "layout_det_res", "formula_res_list")
    }
    assert written["formula_res_list"] == [
        {
            "rec_formula": said(48, 160),
            "formula_region_id": 1,
            "dt_polys": [[80.0, 24.0, 240.0, 72.0]],
        }
    ]
    json.dumps(written)
    assert said(48, 160) in repr(result.str)
    assert set(result.img) == {"layout_det_res", "formula_res_img"}
    assert result.img["formula_res_img"].size == (640, 96)
    row = result.to_csv(header=False).strip()
    assert row == f",,1,{said(48, 160)},80.0,24.0,240.0,72.0"
    assert result.to_markdown() == f"$$\n{said(48, 160)}\n$$"


def test_without_layout_a_picture_is_a_formula(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    (result,) = pipeline.predict(page(48, 160, 1), use_layout_detection=False)
    assert result.layout_det_res is None
    assert result["layout_det_res"] == {}
    (formula,) = result["formula_res_list"]
    assert formula["rec_formula"] == said(48, 160)
    assert "dt_polys" not in formula
    assert "layout_det_res" not in result.json["res"]
    assert result.img["formula_res_img"].height > 48


def test_another_pipelines_layout_is_used(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    pages = [page(96, 320, 1), page(288, 224, 1)]
    layouts = [result.layout_det_res for result in pipeline.predict(pages)]
    found = pipeline.read_formulas(pages, layouts)
    assert [[f.rec_formula for f in one] for one in found] == [[said(48, 160)], [said(144, 112)]]
    ((whole,),) = pipeline.read_formulas([page(48, 160, 1)], [None])
    assert whole.dt_polys is None


def test_layout_parameters_hold_for_one_call(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    picture = page(96, 320, 1)
    (none,) = pipeline.predict(picture, layout_threshold=0.95)
    (wide,) = pipeline.predict(picture, layout_unclip_ratio=2.0, layout_nms=False)
    (usual,) = pipeline.predict(picture, layout_merge_bboxes_mode={"Formula": "small"})
    assert len(none) == 0
    assert wide.formula_res_list[0].dt_polys == [0.0, 0.0, 320.0, 96.0]
    assert usual.formula_res_list[0].dt_polys == [80.0, 24.0, 240.0, 72.0]
    with pytest.raises(ConfigError, match="threshold: input should be less"):
        pipeline.predict(picture, layout_threshold=2)
    with pytest.raises(ConfigError, match="layout_nms has no effect without layout detection"):
        pipeline.predict(picture, layout_nms=True, use_layout_detection=False)
    with pytest.raises(ConfigError, match="did you mean 'layout_threshold'"):
        pipeline.predict(picture, layout_treshold=0.4)


def test_one_bad_page_does_not_lose_the_others(config, engine, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    inputs = [page(96, 320, 1), str(tmp_path / "bad.png"), page(288, 224, 1)]
    first, bad, third = pipeline.predict(inputs, on_error="yield")
    assert isinstance(bad, InputFailure)
    assert (first.to_text(), third.to_text()) == (said(48, 160), said(144, 112))


def test_the_command_lines(config, models, tmp_path):
    file = tmp_path / "page.png"
    Image.fromarray(page(96, 320, 1)[:, :, ::-1]).save(file)
    run = CliRunner()
    got = run.invoke(root, ["formula", str(file), "--config", str(config), "--format", "markdown"])
    assert (got.exit_code, got.stdout) == (0, f"$$\n{said(48, 160)}\n$$\n"), got.stderr
    out = tmp_path / "out"
    args = ["--pipeline", str(config), "--input", str(file), "--save_path", str(out)]
    got = run.invoke(root, [*args, "--layout_threshold", "0.3", "--layout_nms", "False"])
    assert got.exit_code == 0, got.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        *("page_formula_res_img.png", "page_layout_det_res.png", "page_res.json")
    ]
    got = run.invoke(root, ["formula", str(file), "--model", str(models[1])])
    assert got.exit_code == 0, got.stderr


@pytest.mark.parametrize("labels", [["text", "equation"], []])
def test_a_layout_model_without_the_class_is_refused(config, models, labels):
    detection_model(models[0], ("im_shape", "image", "scale_factor"), label_list=labels)
    with pytest.raises(ConfigError, match=r"LayoutDetection needs a class 'formula'; tiny has"):
        hpinfer.create_pipeline(config)


def test_models_of_other_families_are_refused(config, models, tmp_path):
    text = config.read_text(encoding="utf-8")
    swapped = tmp_path / "swapped.yaml"
    swapped.write_text(text.replace(str(models[0]), str(models[1])), encoding="utf-8")
    swapped.write_text(swapped.read_text().replace("model_name: tiny", "model_name: LaTeX_OCR_rec"))
    with pytest.raises(ConfigError, match="needs a detector; LaTeX_OCR_rec is none"):
        hpinfer.create_pipeline(swapped)
    swapped.write_text(
        text.replace(str(models[1]), str(models[0])).replace("LaTeX_OCR_rec", "tiny"),
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="needs a formula model; tiny is none"):
        hpinfer.create_pipeline(swapped)


def test_models_that_cannot_be_had_are_named(monkeypatch):
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    with pytest.raises(ModelNotFoundError, match=r"set SubModules\.FormulaRecognition\.model_dir"):
        hpinfer.create_pipeline("formula_recognition")
