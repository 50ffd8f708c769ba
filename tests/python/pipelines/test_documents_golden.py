"""Tables and pages as PaddleX reads them, with the same networks on the same engine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from document_goldens import candidate, differences
from example_pages import GOLDEN, ROOT

import hpinfer

DOCUMENTS = json.loads((GOLDEN / "documents.json").read_text(encoding="utf-8"))
#: Real pictures, which are not kept here: of their texts there are hashes.
ELSEWHERE = json.loads((GOLDEN / "documents_elsewhere.json").read_text(encoding="utf-8"))
PLACES = {"table.png": GOLDEN, "report.png": ROOT / "examples" / "pages"}


@pytest.fixture(scope="module")
def pipelines():
    return candidate()


@pytest.mark.parametrize("expected", DOCUMENTS["pages"], ids=lambda page: page["image"])
def test_tables_and_blocks_are_those_of_paddlex(pipelines, expected):
    path = PLACES[expected["image"]] / expected["image"]
    assert list(differences(pipelines, path, expected)) == []


@pytest.mark.parametrize("expected", ELSEWHERE["pages"], ids=lambda page: page["image"])
def test_tables_and_blocks_of_real_pictures_are_those_of_paddlex(pipelines, expected):
    folder = os.environ.get("HPINFER_TEST_IMAGES")
    if not folder:
        pytest.skip("HPINFER_TEST_IMAGES names no directory")
    path = Path(folder) / expected["image"]
    assert list(differences(pipelines, path, expected)) == []
    assert expected["blocks"]


@pytest.mark.parametrize("expected", DOCUMENTS["pages"], ids=lambda page: page["image"])
def test_results_have_the_keys_of_paddlex(pipelines, expected):
    path = PLACES[expected["image"]] / expected["image"]
    for pipeline, settings in zip(pipelines, expected["keys"]["model_settings"], strict=True):
        result = next(pipeline.predict(path))
        assert sorted(result.json["res"]) == expected["keys"][pipeline.name]
        assert result["model_settings"] == settings


def test_tables_of_a_turned_page_are_cut_out_of_the_upright_page():
    """PaddleX cuts them out of the page as it was read (Q4)."""
    pipeline = hpinfer.create_pipeline("table_recognition", engine="onnxruntime")
    page = next(
        hpinfer.create_pipeline("doc_preprocessor").predict(PLACES["report.png"] / "report.png")
    )
    sideways = np.ascontiguousarray(np.rot90(page.output_img, -1))
    upright, turned = pipeline.predict([page.output_img, sideways])
    assert turned["doc_preprocessor_res"]["angle"] == 90
    assert turned.page.shape == upright.page.shape
    assert turned.tables[0].grid().texts() == upright.tables[0].grid().texts()
