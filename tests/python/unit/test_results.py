"""Results: PaddleX's keys, JSON, text, tables, saving and pickling."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import pickle
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from hpinfer.errors import InvalidInputError, UnsupportedError
from hpinfer.results import (
    ClassificationResult,
    DocPreprocessorResult,
    OCRResult,
    TextDetResult,
    TextRecResult,
    TopkResult,
    files,
)

JSON_KEYS = {
    "dt_polys",
    "input_path",
    "model_settings",
    "page_index",
    "rec_boxes",
    "rec_polys",
    "rec_scores",
    "rec_texts",
    "return_word_box",
    "text_det_params",
    "text_rec_score_thresh",
    "text_type",
    "textline_orientation_angles",
}


def quad(x, y, width, height):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return np.array(corners, np.int16)


def page(height=60, width=200):
    return np.full((height, width, 3), 255, np.uint8)


def ocr_result(texts=("Hello", "World, <b>"), **changes):
    polygons = [quad(10, 5 + 25 * i, 90, 20) for i in range(len(texts))]
    boxes = [[*p.min(axis=0), *p.max(axis=0)] for p in polygons]
    values = {
        "image": page(),
        "input_path": "folder/receipt.jpg",
        "dt_polys": polygons,
        "rec_texts": list(texts),
        "rec_scores": [np.float32(0.5 + 0.25 * i) for i in range(len(texts))],
        "rec_polys": polygons,
        "rec_boxes": np.array(boxes, np.int16).reshape(-1, 4),
        "textline_orientation_angles": [-1] * len(texts) if texts else None,
    }
    return OCRResult(**{**values, **changes})


def preprocessor_result(**changes):
    values = {
        "image": page(),
        "input_path": "folder/receipt.jpg",
        "model_settings": {"use_doc_orientation_classify": True, "use_doc_unwarping": False},
        "angle": 180,
        "rot_img": page(),
        "output_img": page(40, 80),
    }
    return DocPreprocessorResult(**{**values, **changes})


def test_json_has_exactly_paddlex_keys_in_plain_types():
    result = ocr_result()
    assert set(result.json) == {"res"}
    assert set(result.json["res"]) == JSON_KEYS
    again = json.loads(json.dumps(result.json["res"]))
    assert again == result.json["res"]
    assert again["dt_polys"][0] == [[10, 5], [100, 5], [100, 25], [10, 25]]
    assert again["rec_boxes"] == [[10, 5, 100, 25], [10, 30, 100, 50]]
    assert again["rec_scores"] == [0.5, 0.75]


def test_json_holds_the_preprocessor_without_pictures_when_it_was_used():
    result = ocr_result(doc_preprocessor_res=preprocessor_result())
    assert result.json["res"]["doc_preprocessor_res"] == {
        "input_path": "folder/receipt.jpg",
        "page_index": None,
        "model_settings": {"use_doc_orientation_classify": True, "use_doc_unwarping": False},
        "angle": 180,
    }


def test_json_of_words_has_texts_and_boxes_but_no_regions():
    words = {
        "text_word": [["Hel", "lo"], ["World"]],
        "text_word_region": [[quad(10, 5, 40, 20), quad(50, 5, 40, 20)], [quad(10, 30, 90, 20)]],
        "text_word_boxes": [np.array([[10, 5, 50, 25], [50, 5, 90, 25]]), np.array([[1, 2, 3, 4]])],
    }
    result = ocr_result(return_word_box=True, **words)
    assert set(result.json["res"]) == JSON_KEYS | {"text_word", "text_word_boxes"}
    assert result.json["res"]["text_word_boxes"][1] == [[1, 2, 3, 4]]
    assert "text_word_region" in result


def test_a_page_without_text_has_no_angles_and_no_lines():
    result = ocr_result(texts=())
    assert "textline_orientation_angles" not in result
    assert set(result.json["res"]) == JSON_KEYS - {"textline_orientation_angles"}
    assert result.json["res"]["rec_boxes"] == []
    assert (len(result), list(result), result.text) == (0, [], "")
    assert bool(result)


def test_a_number_that_json_cannot_hold_becomes_null():
    result = ocr_result(timing={}, text_det_params={"thresh": float("nan")})
    assert result.json["res"]["text_det_params"] == {"thresh": None}


def test_dictionary_access_by_paddlex_keys():
    result = ocr_result()
    assert result["rec_texts"] == ["Hello", "World, <b>"]
    assert result.get("rec_texts") is result["rec_texts"]
    assert result.get("nothing", 7) == 7
    assert "rec_polys" in result
    assert "image" not in result
    assert set(dict(result)) == set(result.keys())
    assert result["doc_preprocessor_res"]["output_img"] is result.image
    with pytest.raises(KeyError, match="has no key 'nothing'"):
        result["nothing"]


def test_lines_carry_text_score_polygon_and_box():
    first, second = ocr_result()
    assert (first.text, first.score) == ("Hello", 0.5)
    assert isinstance(first.score, float)
    assert second.polygon.tolist() == quad(10, 30, 90, 20).tolist()
    assert second.box.tolist() == [10, 30, 100, 50]


def test_lines_of_seals_get_the_bounds_of_their_polygons():
    result = ocr_result(texts=("seal",), text_type="seal", rec_boxes=np.empty((0, 4), np.int16))
    assert result.lines[0].box.tolist() == [10, 5, 100, 25]


def test_results_are_immutable_and_survive_pickling():
    result = ocr_result(timing={"text_detection": 0.02})
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.name = "other"
    again = pickle.loads(pickle.dumps(result))
    assert again.json == result.json
    assert (again.name, again.timing) == ("receipt", {"text_detection": 0.02})
    np.testing.assert_array_equal(again.image, result.image)


def test_repr_is_short():
    assert repr(ocr_result(page_index=2)) == (
        "OCRResult('folder/receipt.jpg' page 2, 2 lines, 200x60)"
    )


def test_print_shortens_arrays_and_leaves_numpy_alone(capsys):
    before = np.get_printoptions()
    ocr_result(texts=["line"] * 40).print()
    printed = capsys.readouterr()
    assert printed.out.startswith("{'res': {'input_path': 'folder/receipt.jpg'")
    assert re.search(r"'rec_scores': array\(\[\s*0\.5", printed.out)
    assert "...," in printed.out
    assert printed.err == ""
    assert np.get_printoptions() == before


def test_print_can_write_complete_json(capsys):
    ocr_result(texts=("é",)).print(json_format=True, indent=2, ensure_ascii=True)
    printed = capsys.readouterr().out
    assert '\n  "res"' in printed
    assert "\\u00e9" in printed
    assert json.loads(printed) == ocr_result(texts=("é",)).json


def test_str_gathers_numbers_into_arrays():
    res = ocr_result().str["res"]
    assert isinstance(res["rec_scores"], np.ndarray)
    assert res["rec_polys"].shape == (2, 4, 2)
    ragged = ocr_result(dt_polys=[quad(1, 2, 3, 4), np.zeros((7, 2), np.int16)])
    assert len(ragged.str["res"]["dt_polys"]) == 2


def test_markdown_escapes_what_would_be_markup():
    result = ocr_result(texts=("# not a *title*", "1. no list", "a_b|c <i>", "- dash"))
    assert result.to_markdown().split("  \n") == [
        r"\# not a \*title\*",
        r"1\. no list",
        r"a\_b\|c \<i\>",
        r"\- dash",
    ]


def test_csv_has_one_row_a_line():
    rows = list(csv.reader(io.StringIO(ocr_result(page_index=3).to_csv())))
    assert rows[0] == ["input_path", "page_index", "line", "text", "score", "x1", "y1", "x2", "y2"]
    assert rows[2] == [
        *("folder/receipt.jpg", "3", "1", "World, <b>", "0.75"),
        *("10", "30", "100", "50"),
    ]


def test_to_pandas_hands_over_rows_and_polygons(monkeypatch):
    class Frame(dict):
        def __init__(self, rows, columns):
            super().__init__(zip(columns, zip(*rows, strict=True), strict=True))

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Frame))
    frame = ocr_result().to_pandas()
    assert frame["text"] == ("Hello", "World, <b>")
    assert frame["x2"] == (100, 100)
    assert frame["polygon"][1].tolist() == quad(10, 30, 90, 20).tolist()


def test_to_pandas_without_pandas_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UnsupportedError, match=r"hpinfer\[pandas\]"):
        ocr_result().to_pandas()


@pytest.mark.parametrize(
    ("input_path", "page_index", "stem"),
    [
        ("a/b.c.png", None, "b.c"),
        ("a/doc.pdf", 0, "doc_0"),
        ("https://host/pic.jpg?size=1", None, "pic"),
    ],
)
def test_saved_files_are_named_after_the_input(input_path, page_index, stem):
    assert ocr_result(input_path=input_path, page_index=page_index).name == stem


def test_an_input_in_memory_gets_a_name_of_its_own_that_stays():
    names = {ocr_result(input_path=None).name for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"\d{10,}_\d{8}", name) for name in names)
    result = ocr_result(input_path=None, name="input_0")
    assert result.name == "input_0"


def test_save_all_uses_paddlex_names(tmp_path):
    paths = ocr_result(doc_preprocessor_res=preprocessor_result()).save_all(
        tmp_path / "new" / "out"
    )
    assert [path.name for path in paths] == [
        "receipt_res.json",
        "receipt_ocr_res_img.jpg",
        "receipt_preprocessed_img.jpg",
    ]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == sorted(
        path.name for path in paths
    )
    saved = json.loads(paths[0].read_text(encoding="utf-8"))
    assert saved["rec_texts"] == ["Hello", "World, <b>"]
    with Image.open(paths[1]) as picture:
        assert picture.format == "JPEG"


def test_saving_to_a_file_name(tmp_path):
    result = ocr_result(doc_preprocessor_res=preprocessor_result())
    assert result.save_to_json(str(tmp_path / "x.json"), indent=None) == [tmp_path / "x.json"]
    assert (tmp_path / "x.json").read_text().count("\n") == 0
    assert result.save_to_img(tmp_path / "y.png") == [tmp_path / "y.png"]
    with Image.open(tmp_path / "y.png") as picture:
        assert picture.size == (160, 40)
    assert result.save_to_text(tmp_path / "z.txt")[0].read_text() == "Hello\nWorld, <b>\n"
    assert result.save_to_markdown(tmp_path)[0].name == "receipt.md"
    assert result.save_to_csv(tmp_path)[0].read_text() == result.to_csv()


@pytest.mark.parametrize("source", ["scan.pdf", "picture.gif", "noname", None])
def test_pictures_of_other_inputs_are_saved_as_png(tmp_path, source):
    (path,) = ocr_result(input_path=source, name="n").save_to_img(tmp_path)
    assert path.name == "n_ocr_res_img.png"


def test_a_picture_too_wide_for_its_format_is_saved_as_png(tmp_path):
    result = ocr_result(image=page(8, 40_000))
    assert result.save_to_img(tmp_path)[0].suffix == ".png"
    with pytest.raises(InvalidInputError, match=r"does not fit JPEG"):
        result.save_to_img(tmp_path / "wide.jpg")
    assert not (tmp_path / "wide.jpg").exists()


def test_a_file_in_the_way_is_a_typed_error(tmp_path):
    (tmp_path / "file").write_text("mine")
    for target in ("file", "file/below"):
        with pytest.raises(InvalidInputError, match="file"):
            ocr_result().save_all(tmp_path / target)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "receipt_res.json"
    path.write_text("old")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        ocr_result().save_to_json(tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"


def test_saved_files_have_ordinary_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    (path,) = ocr_result().save_to_json(tmp_path)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_result_without_its_image_cannot_be_drawn(tmp_path):
    with pytest.raises(InvalidInputError, match="holds no image"):
        ocr_result(image=None).save_to_img(tmp_path)


def test_text_detection_result():
    result = TextDetResult(image=page(), dt_polys=[quad(1, 2, 30, 10)], dt_scores=[0.9])
    assert set(result.json["res"]) == {"input_path", "page_index", "dt_polys", "dt_scores"}
    assert result["input_img"] is result.image
    assert len(result) == 1


def test_text_recognition_result():
    result = TextRecResult(image=page(), rec_text="abc", rec_score=np.float32(0.5))
    assert result.json["res"] == {
        "input_path": None,
        "page_index": None,
        "rec_text": "abc",
        "rec_score": 0.5,
    }


def test_classification_result_gives_its_image_as_rgb():
    image = page()
    image[:, :, 0] = 7
    result = TopkResult(
        image=image,
        class_ids=np.array([3, 1], np.int32),
        scores=np.array([0.75, 0.25], np.float32),
        label_names=["three", "one"],
    )
    assert result["input_img"][0, 0].tolist() == [255, 255, 7]
    assert result.json["res"]["class_ids"] == [3, 1]
    assert ClassificationResult is TopkResult


def test_preprocessor_result_draws_its_three_stages():
    result = preprocessor_result()
    assert result["rot_img"] is result.rot_img
    assert set(result.json["res"]) == {"input_path", "page_index", "model_settings", "angle"}
    assert result.img["preprocessed_img"].width == 200 + 200 + 80


def test_temporary_files_are_hidden_and_beside_the_target(tmp_path):
    seen = []

    class Spy:
        width = height = 10
        size = (10, 10)

        def save(self, stream, **_):
            seen.extend(item.name for item in tmp_path.iterdir())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write_picture(tmp_path / "x.png", Spy())
    assert len(seen) == 1
    assert re.fullmatch(r"\.x\.png\.[0-9a-f]+\.tmp", seen[0])
    assert list(tmp_path.iterdir()) == []
