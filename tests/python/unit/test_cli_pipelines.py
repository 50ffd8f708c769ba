"""The options of the pipelines, from one table, on both command lines."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from hpinfer import hub
from hpinfer.cli.pipeline_commands import PIPELINE_COMMANDS
from hpinfer.cli.pipeline_parameters import PIPELINE_PARAMETERS
from hpinfer.cli.root import root
from hpinfer.config.pipelines import PIPELINES, levels
from hpinfer.pipelines import PIPELINE_CLASSES

REGION_OPTIONS = {
    "use_doc_orientation_classify",
    "use_doc_unwarping",
    "use_layout_detection",
    "layout_threshold",
    "layout_nms",
    "layout_unclip_ratio",
    "layout_merge_bboxes_mode",
}
#: Options of PaddleX's command line for each pipeline (3.7.2).
PADDLEX_OPTIONS = {
    "image_classification": {"topk"},
    "object_detection": {"threshold"},
    "instance_segmentation": {"threshold"},
    "semantic_segmentation": {"target_size"},
    "doc_preprocessor": {"use_doc_orientation_classify", "use_doc_unwarping"},
    "seal_recognition": {
        *REGION_OPTIONS,
        "seal_det_limit_side_len",
        "seal_det_limit_type",
        "seal_det_thresh",
        "seal_det_box_thresh",
        "seal_det_unclip_ratio",
        "seal_rec_score_thresh",
    },
    "formula_recognition": REGION_OPTIONS,
    "table_recognition": {
        *("use_table_cells_ocr_results", "use_layout_detection", "use_ocr_model"),
        *("use_doc_orientation_classify", "use_doc_unwarping"),
        *("text_det_limit_side_len", "text_det_limit_type", "text_det_thresh"),
        *("text_det_box_thresh", "text_det_unclip_ratio", "text_rec_score_thresh"),
    },
    "layout_parsing": {
        *(REGION_OPTIONS - {"use_layout_detection"}),
        *("use_general_ocr", "use_seal_recognition", "use_table_recognition"),
        *("use_formula_recognition", "use_textline_orientation"),
        *("text_det_limit_side_len", "text_det_limit_type", "text_det_thresh"),
        *("text_det_box_thresh", "text_det_unclip_ratio", "text_rec_score_thresh"),
        *("seal_det_limit_side_len", "seal_det_limit_type", "seal_det_thresh"),
        *("seal_det_box_thresh", "seal_det_unclip_ratio", "seal_rec_score_thresh"),
    },
    "OCR": {
        "use_doc_orientation_classify",
        "use_doc_unwarping",
        "use_textline_orientation",
        "text_det_limit_side_len",
        "text_det_limit_type",
        "text_det_thresh",
        "text_det_box_thresh",
        "text_det_unclip_ratio",
        "text_rec_score_thresh",
        "return_word_box",
    },
}


#: Parameters that are results, and the second name of one that has the name of PaddleX's option.
ONLY_IN_PYTHON = {"overall_ocr_res", "layout_det_res", "use_ocr_results_with_table_cells"}


def run(*args):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer")


def test_every_pipeline_is_in_every_registry():
    assert set(PIPELINES) == set(PIPELINE_CLASSES) == set(PIPELINE_PARAMETERS)
    assert {command.pipeline for command in PIPELINE_COMMANDS.values()} <= set(PIPELINES)


@pytest.mark.parametrize("pipeline", sorted(PIPELINE_PARAMETERS))
def test_options_are_the_parameters_of_predict(pipeline):
    names = {parameter.name for parameter in PIPELINE_PARAMETERS[pipeline]}
    assert names == PIPELINE_CLASSES[pipeline].PARAMETERS - ONLY_IN_PYTHON
    assert names >= PADDLEX_OPTIONS.get(pipeline, set())


@pytest.mark.parametrize("name", sorted(PIPELINE_COMMANDS))
def test_models_of_a_command_are_modules_of_its_pipeline(name):
    command = PIPELINE_COMMANDS[name]
    paths = {path for path, _ in levels(PIPELINES[command.pipeline].model_validate({}))}
    assert {path for path, _ in command.models.values()} <= paths
    assert {path for models in command.versions.values() for path in models} <= paths


def test_the_models_of_the_versions_are_known_to_the_hub():
    known = {info.name for info in hub.list_models()}
    versions = PIPELINE_COMMANDS["ocr"].versions
    assert {name for models in versions.values() for name in models.values()} <= known


@pytest.mark.parametrize("name", sorted(PIPELINE_COMMANDS))
def test_help_shows_the_options(name):
    with click.Context(root) as ctx:
        assert name in root.list_commands(ctx)
    got = run(name, "--help")
    assert got.exit_code == 0
    for parameter in PIPELINE_PARAMETERS[PIPELINE_COMMANDS[name].pipeline]:
        assert "--" + parameter.name.replace("_", "-") in got.stdout
    assert "--hpi-config" in got.stdout


@pytest.mark.parametrize("pipeline", sorted(PIPELINE_PARAMETERS))
def test_paddlex_spelling_has_the_options_of_its_pipeline(pipeline):
    got = run("--pipeline", pipeline, "--input", "x", "--help")
    for parameter in PIPELINE_PARAMETERS[pipeline]:
        assert f"--{parameter.name}" in got.stdout
    others = {p.name for table in PIPELINE_PARAMETERS.values() for p in table}
    others -= {parameter.name for parameter in PIPELINE_PARAMETERS[pipeline]}
    assert not [name for name in others if f"--{name} " in got.stdout]


def test_an_option_of_another_pipeline_or_a_misspelt_one_is_refused():
    got = run("--pipeline", "OCR", "--input", "a.png", "--topk", "3")
    assert (got.exit_code, got.stderr.count("\n")) == (2, 1)
    assert "--topk" in got.stderr
    got = run("--pipeline", "OCR", "--input", "a.png", "--text_det_tresh", "0.3")
    assert got.exit_code == 2
    assert "--text_det_thresh" in got.stderr


def test_an_unknown_pipeline_names_the_nearest():
    got = run("--pipeline", "image_clasification", "--input", "a.png")
    assert (got.exit_code, got.stderr.count("\n")) == (2, 1)
    assert "did you mean 'image_classification'?" in got.stderr
