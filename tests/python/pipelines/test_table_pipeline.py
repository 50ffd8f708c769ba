"""Table recognition: steps, shared results, files and command lines."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from example_pages import GOLDEN, ROOT
from shipped_yaml import TABLES

import hpinfer
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, InvalidInputError, ModelNotFoundError
from hpinfer.io import InputFailure
from hpinfer.results import DetResult

TABLE = GOLDEN / "table.png"
PAGE = ROOT / "examples" / "pages" / "report.png"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "table_recognition.yaml"
    path.write_text(TABLES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pipeline(config):
    return hpinfer.create_pipeline(config, engine="onnxruntime")


@pytest.fixture(scope="module")
def whole(pipeline):
    return next(pipeline.predict(TABLE, use_layout_detection=False))


def test_a_picture_of_a_table(whole, tmp_path):
    assert whole["model_settings"] == {
        "use_doc_preprocessor": True,
        "use_layout_detection": False,
        "use_ocr_model": True,
    }
    (table,) = whole
    assert (table.table_region_id, table.neighbor_texts) == (1, "")
    assert whole["layout_det_res"] == {}
    assert "layout_det_res" not in whole.json["res"]
    assert (table.grid().rows, table.grid().columns) == (5, 4)
    assert whole.html == {"table_1": table.html}
    assert '<table border="1">' in whole.html["table_1"]
    names = {path.name for path in whole.save_all(tmp_path)}
    assert names == {
        *("table_res.json", "table_preprocessed_img.png", "table_ocr_res_img.png"),
        *("table_table_cell_img.png", "table_table_1.html", "table_table_1.xlsx"),
    }
    sheet = openpyxl.load_workbook(tmp_path / "table_table_1.xlsx").active
    assert sheet["A1"].value == table.grid().texts()[0][0]
    assert whole.save_to_xlsx(tmp_path / "all.xlsx") == [tmp_path / "all.xlsx"]
    assert openpyxl.load_workbook(tmp_path / "all.xlsx").sheetnames == ["table_1"]
    rows = [line.split("\t") for line in whole.to_text().splitlines()]
    assert len(rows) == 5
    assert rows[0] == ["Item", "Price", "", "Stock"]  # a span is not repeated
    (frame,) = whole.to_frames()
    assert frame.shape[1] == 4


def test_layout_off_holds_for_every_page(pipeline):
    """PaddleX fails from the second page on (Q5)."""
    first, second = pipeline.predict([TABLE, TABLE], use_layout_detection=False)
    assert first.tables[0].pred_html == second.tables[0].pred_html


def test_results_that_are_there_are_not_made_again(pipeline, whole):
    page = whole.page
    layout = DetResult(
        class_ids=np.array([0, 1], np.int32),
        scores=np.ones(2, np.float32),
        coordinates=np.array([[0, 0, 9, 9], [0, 0, page.shape[1], page.shape[0]]], np.float32),
        class_names=("text", "Table"),
        image=page,
    )
    shared = {"overall_ocr_res": whole.overall_ocr_res, "layout_det_res": layout}
    got = next(pipeline.predict(page, use_doc_orientation_classify=False, **shared))
    assert got.overall_ocr_res is whole.overall_ocr_res
    assert got.layout_det_res is layout
    assert got["model_settings"]["use_ocr_model"] is False
    assert got.tables[0].grid().texts() == whole.tables[0].grid().texts()
    with pytest.raises(InvalidInputError, match="give the results of this very page"):
        next(pipeline.predict(PAGE, **shared))
    (failure,) = pipeline.predict(PAGE, on_error="yield", **shared)
    assert isinstance(failure, InputFailure)


def test_what_contradicts_itself_is_refused_at_once(pipeline, whole):
    ocr = whole.overall_ocr_res
    for params, message in (
        ({"use_ocr_model": True, "overall_ocr_res": ocr}, "contradict each other"),
        ({"use_ocr_model": False}, "tables need the text of the page"),
        ({"overall_ocr_res": {"rec_texts": []}}, "must be a OCRResult; got dict"),
        ({"overall_ocr_res": ocr, "text_det_thresh": 0.2}, "text_det_thresh has no effect"),
        ({"use_doc_unwarping": True}, "use_doc_unwarping=True needs a model"),
        ({"use_layout_detektion": True}, "did you mean 'use_layout_detection'"),
        (
            {"use_table_cells_ocr_results": True, "use_ocr_results_with_table_cells": False},
            "mean the same",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            pipeline.predict(TABLE, **params)


def test_a_model_that_cannot_be_had_names_its_key():
    data = {
        "pipeline_name": "table_recognition",
        "SubModules": {"LayoutDetection": {"model_name": "PP-DocLayout-L"}},
    }
    with pytest.raises(ModelNotFoundError, match=r"set SubModules\.LayoutDetection\.model_dir"):
        hpinfer.create_pipeline(data, engine="onnxruntime")
    wrong = {
        "pipeline_name": "table_recognition",
        "use_layout_detection": False,
        "SubModules": {"TableStructureRecognition": {"model_name": "PP-LCNet_x1_0_doc_ori"}},
    }
    with pytest.raises(ConfigError, match="needs a table structure model"):
        hpinfer.create_pipeline(wrong, engine="onnxruntime")


def run(*args):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer")


def test_command_lines(config, tmp_path):
    got = run(
        *("--pipeline", config, "--input", TABLE, "--save_path", tmp_path / "x"),
        *("--use_layout_detection", "False", "--use_table_cells_ocr_results", "True"),
        *("--use_doc_orientation_classify", "False", "--engine", "onnxruntime"),
    )
    assert got.exit_code == 0, got.stderr
    assert "VerifyOutputSizes" not in got.stderr
    saved = json.loads((tmp_path / "x" / "table_res.json").read_text())
    assert saved["model_settings"]["use_layout_detection"] is False
    assert (tmp_path / "x" / "table_table_1.xlsx").exists()
    got = run(
        *("table", PAGE, "-o", tmp_path / "y", "--format", "html", "--save", "html,xlsx"),
        *("--no-doc-orientation-classify", "--engine", "onnxruntime"),
    )
    assert got.exit_code == 0, got.stderr
    assert got.stdout.count("<table") == 1
    assert sorted(path.name for path in (tmp_path / "y").iterdir()) == [
        *("report_table_1.html", "report_table_1.xlsx")
    ]


def test_threads_and_bad_inputs(pipeline, whole, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    inputs = [TABLE, bad, TABLE]

    def read(_):
        return list(pipeline.predict(inputs, on_error="yield", use_layout_detection=False))

    with ThreadPoolExecutor(3) as pool:
        for first, failure, last in pool.map(read, range(3)):
            assert isinstance(failure, InputFailure)
            for result in (first, last):
                assert result.tables[0].pred_html == whole.tables[0].pred_html


def test_an_empty_page_has_no_tables(pipeline):
    page = np.full((400, 300, 3), 255, np.uint8)
    result = next(pipeline.predict(page))
    assert result.tables == []
    assert (result.to_text(), result.html, len(result)) == ("", {}, 0)
    assert "table_cell_img" not in result.img
    blank = next(pipeline.predict(page, use_layout_detection=False)).tables[0]
    assert blank.table_ocr_pred["rec_texts"] == []
    json.dumps(blank.to_dict(), allow_nan=False)
