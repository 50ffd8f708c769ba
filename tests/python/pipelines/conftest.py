"""Real models, with every engine that is installed."""

from __future__ import annotations

import pytest
from example_pages import ENGINES

import hpinfer


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture(scope="session")
def ocr(engine):
    return hpinfer.create_pipeline("OCR", engine=engine)


@pytest.fixture(scope="session")
def turning_ocr(engine):
    """With page and line orientation."""
    config = {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": True,
        "use_textline_orientation": True,
    }
    return hpinfer.create_pipeline(config, engine=engine)
