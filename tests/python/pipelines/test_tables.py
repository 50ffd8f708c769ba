"""Table structure models against the goldens of PaddleX and networks with a known answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from constructed import constant_network, table_config, write_model
from example_pages import GOLDEN
from table_inputs import DICTIONARY, SIZES, match_case, network_outputs

import hpinfer
from hpinfer import _native
from hpinfer.errors import EngineError, InvalidInputError, ModelFormatError

TABLES = json.loads((GOLDEN / "tables.json").read_text(encoding="utf-8"))
PICTURES = [np.full((height, width, 3), 200, np.uint8) for width, height in SIZES]
# OpenVINO cannot convert the loop of these networks (nor does it claim to): one engine is enough.
REAL_ENGINE = "onnxruntime"


def make_model(directory, name, outputs, engine, **options):
    write_model(directory, constant_network(outputs), table_config(name, DICTIONARY, **options))
    return hpinfer.create_model(name, model_dir=directory, engine=engine)


@pytest.mark.parametrize("boxes_first", [True, False])
@pytest.mark.parametrize(
    ("golden", "name", "end_weight"),
    [("SLANet", "SLANet", 1.04), ("SLANet_plus", "SLANet_plus", 1.04),
     ("endless", "SLANet_plus", 0.0), ("without_boxes", "SLANet_plus", 1.04)],
)  # fmt: skip
def test_decoding_is_that_of_paddlex(tmp_path, engine, golden, name, end_weight, boxes_first):
    boxes, tokens = network_outputs(7, end_weight=end_weight)
    outputs = [boxes, tokens] if boxes_first else [tokens, boxes]
    model = make_model(
        tmp_path / name, name, [tokens] if golden == "without_boxes" else outputs, engine
    )
    results = list(model.predict(PICTURES, batch_size=4))
    for result, expected in zip(results, TABLES["decoded"][golden], strict=True):
        assert result["bbox"] == expected["bbox"]
        assert result["structure"] == expected["structure"]
        assert result["structure_score"] == pytest.approx(expected["structure_score"], abs=1e-6)


def test_garbage_of_a_network_stays_within_bounds(tmp_path, engine):
    boxes, tokens = network_outputs(3)
    boxes[0, :] = np.nan
    boxes[1, :] = np.inf
    boxes[2, :] = -1e30
    tokens[3, ::2] = -3e38
    model = make_model(tmp_path / "m", "SLANet_plus", [boxes, tokens], engine)
    results = list(model.predict(PICTURES, batch_size=4))
    assert all(number == 0 for cell in results[0].bbox for number in cell)
    assert all(
        abs(number) <= 1 << 24 for result in results for box in result.bbox for number in box
    )
    for result in results:
        result.grid().texts()
        json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_tokens_that_are_no_numbers_are_an_error(tmp_path, engine, value):
    boxes, tokens = network_outputs(3)
    tokens[3, ::2] = value
    model = make_model(tmp_path / "m", "SLANet_plus", [boxes, tokens], engine)
    with pytest.raises(EngineError, match="numbers that are none"):
        list(model.predict(PICTURES, batch_size=4))


@pytest.mark.parametrize(
    ("shape", "message"), [((1, 9, 7), "character_dict"), ((2, 9, 15), "gives tensors")]
)
def test_a_network_of_another_form_is_refused(tmp_path, engine, shape, message):
    model = make_model(tmp_path / "m", "SLANet", [np.zeros(shape, np.float32)], engine)
    with pytest.raises(ModelFormatError, match=message):
        next(model.predict(PICTURES[0]))


def test_a_table_larger_than_its_padding_is_told(tmp_path, engine):
    config = table_config("SLANet", DICTIONARY)
    config["PreProcess"]["transform_ops"][5]["PaddingTableImage"]["size"] = [480, 480]
    outputs = [np.zeros((1, 4, 15), np.float32)]
    write_model(tmp_path / "m", constant_network(outputs), config)
    model = hpinfer.create_model("SLANet", model_dir=tmp_path / "m", engine=engine)
    with pytest.raises(InvalidInputError, match="larger than the padding 480x480"):
        next(model.predict(PICTURES[0]))


@pytest.mark.parametrize("expected", TABLES["matched"], ids=lambda item: f"seed{item['seed']}")
def test_matching_is_that_of_paddlex(expected):
    case = match_case(expected["seed"])
    table = _native.match_table(
        case["tokens"],
        case["boxes"],
        case["place"],
        case["page"],
        case["lines"],
        case["texts"],
        sort_lines=case["sort_lines"],
        neighbors=True,
        cell_texts=case["cell_texts"][: len(case["boxes"])] if expected["by_cells"] else None,
    )
    assert table.html == expected["html"]
    assert table.cells.tolist() == expected["cells"]
    assert table.lines == expected["lines"]
    assert table.neighbor_texts == expected["neighbors"]


def test_matching_refuses_what_does_not_fit():
    case = match_case(2)
    with pytest.raises(InvalidInputError, match="one text for each box"):
        _native.match_table(
            case["tokens"], case["boxes"], case["place"], case["page"], case["lines"], ["one"]
        )
    with pytest.raises(InvalidInputError, match="cell texts"):
        _native.match_table(
            case["tokens"], case["boxes"], case["place"], case["page"], case["lines"],
            case["texts"], cell_texts=["one"] * 99,
        )  # fmt: skip
    with pytest.raises(InvalidInputError, match="4 or 8"):
        _native.match_table(
            case["tokens"], [[1, 2, 3]], case["place"], case["page"], case["lines"], case["texts"]
        )


@pytest.mark.parametrize("expected", TABLES["recognized"], ids=lambda item: item["image"])
def test_slanet_plus_sees_what_paddlex_sees(expected):
    model = hpinfer.create_model("SLANet_plus", engine=REAL_ENGINE)
    result = next(model.predict(GOLDEN / expected["image"]))
    assert result.structure == expected["structure"]
    assert np.abs(np.array(result.bbox) - np.array(expected["bbox"])).max() <= 1
    assert result.structure_score == pytest.approx(expected["structure_score"], abs=1e-4)
    grid = result.grid()
    assert (grid.rows, grid.columns) == (5, 4)


def test_the_models_of_paddleocr_2_give_boxes_of_two_corners():
    model = hpinfer.create_model("en_ppstructure_mobile_v2.0_SLANet", engine=REAL_ENGINE)
    result = next(model.predict(GOLDEN / "table.png"))
    boxes = np.array(result.bbox)
    assert boxes.shape[1] == 4
    assert boxes.min() >= 0
    assert (boxes[:, 2] > boxes[:, 0]).all()
    assert boxes[:, 2].max() <= 496
    assert result.grid().rows == 5
    assert result.img["res"].size == (496, 210)


def test_threads_and_batches_give_the_same_tables():
    model = hpinfer.create_model("SLANet_plus", engine=REAL_ENGINE)
    pictures = [GOLDEN / "table.png"] * 2
    alone = next(model.predict(pictures[0]))
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: list(model.predict(pictures, batch_size=2)), range(4)))
    for result in (result for run in runs for result in run):
        assert result.structure == alone.structure
        assert np.abs(np.array(result.bbox) - np.array(alone.bbox)).max() <= 1
