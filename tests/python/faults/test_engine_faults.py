"""An engine that misbehaves: a typed error on one line, and the next call works."""

from __future__ import annotations

import pytest
from colour_network import colour_model, coloured
from example_pages import IMAGES, summary
from fault_engine import RAISED, SPOILT, WAIT_S, Fault, put_in_front

import hpinfer
from hpinfer.errors import (
    EngineError,
    HpinferError,
    ModelFormatError,
    OutOfMemoryError,
    TimeLimitError,
)

PAGE = IMAGES / "hello.png"
#: Fault to the error that tells of it.
ERRORS = {
    "fails": (EngineError, "RuntimeError: kernel launch failed"),
    "foreign": (EngineError, "ForeignError: from another library"),
    "no memory": (OutOfMemoryError, "cannot allocate 8 GiB"),
    "NaN": (EngineError, "numbers that are none"),
    "infinite": (EngineError, "numbers that are none"),
    "fewer rows": (ModelFormatError, r"\[0, "),
    "more rows": (ModelFormatError, r"got \[2, "),
    "other rank": (ModelFormatError, "got "),
    "scalar": (ModelFormatError, r"got \[\]"),
    "other dtype": (EngineError, "should be float32; the engine gave float64"),
    "no outputs": (EngineError, "list of 1 outputs; it gave 0"),
    "too many outputs": (EngineError, "list of 1 outputs; it gave 2"),
    "no list": (EngineError, "it gave no list"),
    "no arrays": (EngineError, "should be an array; the engine gave float"),
}


def test_every_fault_has_its_error():
    assert set(ERRORS) == (set(RAISED) | set(SPOILT)) - {"interrupted"}


def check_each(fault, predict, expected):
    """Every fault in turn, and after each what a sound engine gives."""
    for name, (kind, message) in ERRORS.items():
        fault.now = name
        with pytest.raises(kind, match=message) as caught:
            predict()
        assert isinstance(caught.value, HpinferError), name
        assert "\n" not in str(caught.value), name
        fault.now = ""
        assert predict() == expected, name


@pytest.mark.parametrize("model", ["det", "rec"])
def test_reading_a_page(monkeypatch, model):
    fault = Fault()
    put_in_front(monkeypatch, fault, model=f"_{model}")
    pipeline = hpinfer.create_pipeline("OCR", engine="onnxruntime")

    def read():
        return [summary(result) for result in pipeline.predict(PAGE)]

    expected = read()
    assert expected[0][0]
    assert fault.runs
    check_each(fault, read, expected)


def test_classifying(monkeypatch, tmp_path):
    fault = Fault()
    put_in_front(monkeypatch, fault)
    pipeline = hpinfer.create_pipeline(
        {
            "pipeline_name": "image_classification",
            "SubModules": {
                "ImageClassification": {
                    "model_name": "colours",
                    "model_dir": str(colour_model(tmp_path / "colours")),
                }
            },
        },
        engine="onnxruntime",
    )

    def classify():
        return [(r.label_names, list(r.scores)) for r in pipeline.predict(coloured("green"))]

    expected = classify()
    assert expected[0][0][0] == "green"
    check_each(fault, classify, expected)


def test_one_fault_among_many_pages_is_raised_in_its_place_and_the_next_call_works(monkeypatch):
    """Workers that run other pages meanwhile end; the results before it are kept."""
    monkeypatch.setenv("HPINFER_BATCHES_AT_ONCE", "3")
    fault = Fault()
    put_in_front(monkeypatch, fault, model="_det")
    pipeline = hpinfer.create_pipeline("OCR", engine="onnxruntime")
    expected = [summary(result) for result in pipeline.predict(PAGE)] * 6

    def pages():
        for number in range(40):
            if number == 4:
                fault.now = "fails"
            yield PAGE

    read = []
    with pytest.raises(EngineError, match="kernel launch failed"):
        read.extend(summary(result) for result in pipeline.predict(pages()))
    assert len(read) < 6
    assert read == expected[: len(read)]
    fault.now = ""
    assert [summary(result) for result in pipeline.predict([PAGE] * 6)] == expected


def test_an_interrupt_inside_the_engine_reaches_the_caller(monkeypatch):
    fault = Fault()
    put_in_front(monkeypatch, fault, model="_rec")
    pipeline = hpinfer.create_pipeline("OCR", engine="onnxruntime")
    expected = [summary(result) for result in pipeline.predict(PAGE)]
    fault.now = "interrupted"
    with pytest.raises(KeyboardInterrupt):
        list(pipeline.predict(PAGE))
    fault.now = ""
    assert [summary(result) for result in pipeline.predict(PAGE)] == expected


def test_an_engine_that_hangs_does_not_hang_its_caller(monkeypatch):
    fault = Fault()
    put_in_front(monkeypatch, fault, model="_det")
    pipeline = hpinfer.create_pipeline("OCR", engine="onnxruntime")
    expected = [summary(result) for result in pipeline.predict(PAGE)]
    fault.now = "hang"
    with pytest.raises(TimeLimitError, match=r"OCR\.predict took longer than its timeout of 0\.3"):
        list(pipeline.predict(PAGE, timeout=0.3))
    assert fault.hangs.is_set()
    fault.now = ""
    # While that run still hangs in its thread:
    assert [summary(result) for result in pipeline.predict(PAGE, timeout=WAIT_S)] == expected
    fault.release.set()
    assert [summary(result) for result in pipeline.predict(PAGE)] == expected


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_that_cannot_be_made(monkeypatch, engine):
    """Asked for by name it is an error; in automatic mode the next one is taken, and says so."""
    from hpinfer.models import opening

    real = opening.Session
    users = ("opening", "openvino_opening", "optimized_graph")

    def failing(model, *, engine: str, **options):
        if engine == broken:
            raise EngineError("out of handles")
        return real(model, engine=engine, **options)

    broken = engine
    for user in users:
        monkeypatch.setattr(f"hpinfer.models.{user}.Session", failing)
    with pytest.raises(EngineError, match="out of handles"):
        hpinfer.create_pipeline("OCR", engine=engine)
    pipeline = hpinfer.create_pipeline("OCR")
    assert all(found.engine != engine for found in pipeline.engines.values())
    assert [r.rec_texts for r in pipeline.predict(PAGE)]
    for user in users:
        monkeypatch.setattr(f"hpinfer.models.{user}.Session", real)
    assert next(iter(hpinfer.create_pipeline("OCR", engine=engine).predict(PAGE))).rec_texts
