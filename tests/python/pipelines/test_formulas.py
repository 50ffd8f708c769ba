"""Formula models: inputs and texts of PaddleX, networks with a known answer."""

from __future__ import annotations

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from constructed import constant_network, write_model
from example_pages import GOLDEN
from formula_inputs import INPUT_SIZES, TEXTS, picture
from formula_networks import VOCABULARY, latex_config, sides_network, unimernet_config

import hpinfer
from hpinfer import _native
from hpinfer.errors import ConfigError, InvalidInputError, ModelFormatError, UnsupportedError
from hpinfer.models.formula_text import close_up_latex_ocr, close_up_unimernet

FORMULAS = json.loads((GOLDEN / "formulas.json").read_text(encoding="utf-8"))
PLANS = {
    "LaTeX_OCR_rec": _native.FormulaPlan.latex_ocr((32, 32), (672, 192), 16, 0.7931, 0.1738),
    **{
        name: _native.FormulaPlan.unimernet((width, height), 32 if name == "UniMERNet" else 16)
        for name, (height, width) in INPUT_SIZES.items()
    },
}


def bgr(case):
    return np.ascontiguousarray(picture(case)[:, :, ::-1])


def make_model(directory, graph, config, engine):
    write_model(directory, graph, config)
    return hpinfer.create_model(config["Global"]["model_name"], model_dir=directory, engine=engine)


@pytest.mark.parametrize(
    "expected", FORMULAS["inputs"], ids=lambda item: f"{item['model']}-{item['case']}"
)
def test_network_inputs_are_those_of_paddlex(expected):
    tensor = PLANS[expected["model"]].tensor(bgr(expected["case"]))
    assert list(tensor.shape) == expected["shape"]
    flat = tensor.reshape(-1)
    samples = flat[:: max(len(flat) // 25, 1)]
    np.testing.assert_allclose(samples, expected["samples"], atol=1e-6, rtol=0)
    assert float(flat.astype(np.float64).mean()) == pytest.approx(expected["mean"], abs=1e-6)
    assert hashlib.sha256(flat.tobytes()).hexdigest() == expected["sha256"]


@pytest.mark.parametrize(
    ("rules", "close_up"),
    [("LaTeXOCRDecode", close_up_latex_ocr), ("UniMERNetDecode", close_up_unimernet)],
)
def test_texts_are_closed_up_as_by_paddlex(rules, close_up):
    assert [close_up(text) for text in TEXTS] == FORMULAS["texts"][rules]


def test_latex_ocr_reads_what_its_network_says(tmp_path, engine):
    said = ["[BOS]", "\\frac", "{", "a", "}", "{", "b", "}", "+", "2", "[EOS]", "[PAD]"]
    ids = [VOCABULARY.index(word) for word in said]
    graph = constant_network([np.array([ids], np.int64)], channels=1)
    model = make_model(tmp_path / "m", graph, latex_config(), engine)
    pictures = [bgr(case) for case in range(4)]  # of four sizes
    results = list(model.predict(pictures, batch_size=3))
    assert [result.rec_formula for result in results] == [r"\frac{a}{b}+2"] * 4
    assert list(results[0].keys()) == ["input_path", "page_index", "input_img", "rec_formula"]
    assert results[0].json["res"]["rec_formula"] == r"\frac{a}{b}+2"
    assert results[0].img["res"].height > pictures[0].shape[0]


def test_a_network_that_looks_at_its_picture(tmp_path, engine):
    """Tokens are the sides of the input over 16: pictures do not mix and come in order."""
    model = make_model(tmp_path / "m", sides_network(), latex_config(), engine)
    sizes = [(48, 160), (32, 144), (112, 64), (96, 112)]
    pictures = [np.full((height, width, 3), 90, np.uint8) for height, width in sizes]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: model.native.recognize(pictures, 4), range(8)))
    assert runs == [[[height // 16, width // 16] for height, width in sizes]] * 8


@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_unimernet_ends_at_its_end_token(tmp_path, engine, dtype):
    rows = np.array([[0, 4, 5, 6, 7, 8, 2, 4, 9], [0, 4, 9, 2, 1, 1, 1, 1, 1]], dtype)
    config = unimernet_config("PP-FormulaNet-S", (64, 64))
    model = make_model(tmp_path / "m", constant_network([rows], channels=1), config, engine)
    results = list(model.predict([bgr(0), bgr(6)], batch_size=2))
    assert [result.rec_formula for result in results] == ["x^{2}", "x"]


@pytest.mark.parametrize(
    "ids", [[-1, -(2**63), 2**62, 2**40, 5, 6], [99999] * 50, [11] * 300, [0] * 5]
)
def test_garbage_tokens_are_read_as_text(tmp_path, engine, ids):
    for config in (latex_config(), unimernet_config("UniMERNet", (32, 64))):
        name = config["Global"]["model_name"]
        graph = constant_network([np.array([ids], np.int64)], channels=1)
        model = make_model(tmp_path / name, graph, config, engine)
        assert isinstance(next(model.predict(bgr(0))).rec_formula, str)


def test_flat_pictures_are_all_paper():
    tensor = PLANS["LaTeX_OCR_rec"].tensor(np.full((20, 50, 3), 7, np.uint8))
    assert tensor.shape == (1, 1, 32, 64)
    assert len(np.unique(tensor)) == 1
    assert PLANS["UniMERNet"].tensor(np.full((1, 1, 3), 7, np.uint8)).shape == (1, 1, 192, 672)
    assert PLANS["LaTeX_OCR_rec"].tensor(bgr(0)[:1, :1]).shape == (1, 1, 32, 32)


def test_a_formula_too_long_is_told():
    with pytest.raises(InvalidInputError, match=r"too (large|long)"):
        PLANS["PP-FormulaNet-L"].tensor(np.arange(6_000_000, dtype=np.uint8).reshape(1, -1, 3))


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        (latex_config(Rotate={"by": 3}), UnsupportedError, "'Rotate'"),
        (latex_config(MinMaxResize="dropped"), UnsupportedError, "MinMaxResize"),
        (latex_config(MinMaxResize={"min_dimensions": [0, 32]}), ConfigError, "sides of 1 to"),
        (latex_config(MinMaxResize={"min_dimensions": [32]}), ConfigError, "unusable parameters"),
        (latex_config(NormalizeImage={"order": "hwc"}), ConfigError, "unusable parameters"),
    ],
)  # fmt: skip
def test_configurations_of_another_form_are_refused(tmp_path, engine, config, error, message):
    graph = constant_network([np.zeros((1, 3), np.int64)], channels=1)
    with pytest.raises(error, match=message):
        make_model(tmp_path / "m", graph, config, engine)


@pytest.mark.parametrize("dictionary", [{}, {"model": "x"}, ["a", "b"]])
def test_a_broken_tokenizer_is_told(tmp_path, engine, dictionary):
    config = latex_config()
    config["PostProcess"]["character_dict"] = dictionary
    graph = constant_network([np.zeros((1, 3), np.int64)], channels=1)
    with pytest.raises(ModelFormatError, match="tokenizer"):
        make_model(tmp_path / "m", graph, config, engine)


def test_floats_are_no_tokens(tmp_path, engine):
    graph = constant_network([np.zeros((1, 3), np.float32)], channels=1)
    model = make_model(tmp_path / "m", graph, latex_config(), engine)
    with pytest.raises(ModelFormatError, match="token numbers"):
        next(model.predict(bgr(0)))


@pytest.mark.parametrize(
    ("package", "config"),
    [("tokenizers", latex_config()), ("ftfy", unimernet_config("UniMERNet", (32, 64)))],
)
def test_missing_packages_are_named(tmp_path, engine, monkeypatch, package, config):
    monkeypatch.setitem(sys.modules, package, None)
    graph = constant_network([np.zeros((1, 3), np.int64)], channels=1)
    with pytest.raises(UnsupportedError, match=r"hpinfer\[formula\]"):
        make_model(tmp_path / "m", graph, config, engine)
