"""The same input gives the same bytes, whatever else is different."""

from __future__ import annotations

import random

import numpy as np
import pytest
from answers import fingerprint, page_answer
from example_pages import ENGINES, IMAGES
from rows import child
from subjects import line_reader, small_pages, text_lines

import hpinfer
from hpinfer import _native

PATHS = sorted(IMAGES.glob("*.png"))
PAGES = small_pages(PATHS, side=300)
# Engines add in another order when other lines share the run.
MATES_MOVE_SCORES_BY = 1e-5


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def test_pages_do_not_depend_on_the_pages_beside_them(engine):
    pipeline = hpinfer.create_pipeline("OCR", engine=engine)
    wanted = [fingerprint(page_answer(next(iter(pipeline.predict(page))))) for page in PAGES]
    for seed in range(3):
        order = random.Random(seed).choices(range(len(PAGES)), k=8)
        results = pipeline.predict([PAGES[index] for index in order])
        assert [fingerprint(page_answer(result)) for result in results] == [
            wanted[index] for index in order
        ]


def test_lines_are_moved_by_their_mates_in_the_last_digits_only(engine):
    model = hpinfer.create_model("PP-OCRv4_mobile_rec", engine=engine)
    lines = text_lines(PAGES, 24)
    alone = [next(iter(model.predict(line))) for line in lines]
    for size in (2, 5, 24):
        together = list(model.predict(lines, batch_size=size))
        assert [result.rec_text for result in together] == [result.rec_text for result in alone]
        np.testing.assert_allclose(
            [result.rec_score for result in together],
            [result.rec_score for result in alone],
            rtol=0,
            atol=MATES_MOVE_SCORES_BY,
        )


def test_repetition_changes_nothing(engine):
    read = line_reader(engine)
    lines = text_lines(PAGES, 12)
    wanted = [fingerprint(read(line)) for line in lines]
    for seed in range(4):
        order = list(range(len(lines)))
        random.Random(seed).shuffle(order)
        assert [fingerprint(read(lines[index])) for index in order] == [
            wanted[index] for index in order
        ]


def prints(engine, **variables):
    answer = child("determinism_worker.py", "pages", engine, *PATHS, **variables)
    return [page["print"] for page in answer["pages"]]


def test_every_instruction_set_gives_the_same_bytes():
    found = {isa: prints(ENGINES[0], HPINFER_FORCE_ISA=isa) for isa in _native.cpu_info()["isas"]}
    assert found == dict.fromkeys(found, found["scalar"])


def test_memory_that_nobody_wrote_is_not_read(engine):
    # glibc fills fresh memory with 0x7f, which makes floats of 3e38, and freed memory with 0x80.
    assert prints(engine, MALLOC_PERTURB_="128") == prints(engine)
