"""Tables as values: grid, JSON, HTML, Excel, pandas."""

from __future__ import annotations

import io
import sys

import numpy as np
import openpyxl
import pytest

from hpinfer.errors import UnsupportedError
from hpinfer.results import SingleTableResult, TableRecognitionResult, TableRecResult
from hpinfer.results.table_grid import parse_table

HTML = (
    '<html><body><table><thead><tr><td rowspan="2">Item</td><td colspan="2">Price</td></tr>'
    "<tr><td>Retail</td><td>Trade</td></tr></thead><tbody>"
    "<tr><td>A &amp; B</td><td></td><td>=1+1</td></tr></tbody></table></body></html>"
)


def table(html=HTML, **fields):
    boxes = np.array([[0, 0, 10, 10], [10, 0, 30, 10]])
    return SingleTableResult(cell_box_list=boxes, pred_html=html, **fields)


def test_grid_keeps_spans():
    grid = parse_table(HTML)
    assert (grid.rows, grid.columns, grid.header_rows) == (3, 3, 2)
    spans = [(cell.row, cell.column, cell.row_span, cell.column_span) for cell in grid.cells]
    assert spans == [(0, 0, 2, 1), (0, 1, 1, 2), (1, 1, 1, 1), (1, 2, 1, 1),
                     (2, 0, 1, 1), (2, 1, 1, 1), (2, 2, 1, 1)]  # fmt: skip
    assert grid.texts() == [
        ["Item", "Price", "Price"],
        ["Item", "Retail", "Trade"],
        ["A & B", "", "=1+1"],
    ]


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("", []),
        ("no table", []),
        ("<table></table>", []),
        ("<table><tr></tr></table>", [[]]),
        ("<table><td>a<td>b<tr><td>c", [["a", "b"], ["c", ""]]),
        ('<table><tr><td colspan="x">a</td></tr></table>', [["a"]]),
        ('<table><tr><td rowspan="9">a</td><td>b</td></tr></table>', [["a", "b"]]),
        ("<table><tr><td>p < 0.05</td></tr></table>", [["p < 0.05"]]),
        ("<table><tr><td><b>x</b> y<br>z</td></tr></table>", [["x y\nz"]]),
        ("<table><tr><td>1</td></tr></table><table><tr><td>2</td></tr></table>", [["1"]]),
        (
            '<table><tr><td>a<td rowspan="2">b</td></tr><tr><td colspan="2">c</td></tr></table>',
            [["a", "b"], ["c", "b"]],
        ),
    ],
)
def test_html_of_any_kind_has_a_grid(html, texts):
    assert parse_table(html).texts() == texts


def test_spans_of_a_broken_network_are_bounded():
    grid = parse_table('<table><tr><td colspan="99999999" rowspan="0">a</td></tr></table>')
    assert (grid.rows, grid.columns) == (1, 1000)


def test_keys_are_those_of_paddlex():
    result = table(table_ocr_pred={"rec_texts": ["a"], "rec_boxes": np.zeros((1, 4), int)},
                   neighbor_texts="Table 1; ", table_region_id=3)  # fmt: skip
    assert result.keys() == (
        "cell_box_list", "pred_html", "table_ocr_pred", "neighbor_texts", "table_region_id",
    )  # fmt: skip
    assert result["neighbor_texts"] == "Table 1; "
    assert result.to_dict()["cell_box_list"] == [[0, 0, 10, 10], [10, 0, 30, 10]]
    assert result.to_dict()["table_ocr_pred"]["rec_boxes"] == [[0, 0, 0, 0]]
    assert "pred_html" in result
    with pytest.raises(KeyError, match="has no key 'html'"):
        result["html"]


def test_html_is_saved_with_borders(tmp_path):
    (path,) = table(table_region_id=2).save_to_html(tmp_path, name="page_0")
    assert path == tmp_path / "page_0_table_2.html"
    text = path.read_text(encoding="utf-8")
    assert text == HTML.replace("<table>", '<table border="1">')
    (named,) = table().save_to_html(tmp_path / "own.html")
    assert named.name == "own.html"


def test_xlsx_keeps_merged_cells_and_makes_no_formulas(tmp_path):
    html = HTML.replace("Retail", "Re\x0btail \ud800")
    (path,) = table(html).save_to_xlsx(tmp_path, name="page")
    assert path.name == "page_table_1.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(path.read_bytes())).active
    assert sheet.title == "table_1"
    assert {str(span) for span in sheet.merged_cells.ranges} == {"A1:A2", "B1:C1"}
    assert sheet["B2"].value == "Retail "
    assert (sheet["C3"].value, sheet["C3"].data_type) == ("=1+1", "s")
    assert sheet["A1"].font.bold
    assert not sheet["A3"].font.bold


def test_xlsx_of_nothing_is_a_workbook(tmp_path):
    (path,) = table("").save_to_xlsx(tmp_path)
    assert openpyxl.load_workbook(path).active.max_row == 1


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UnsupportedError, match=r"hpinfer\[xlsx\]"):
        table().save_to_xlsx(tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UnsupportedError, match=r"hpinfer\[pandas\]"):
        table().to_pandas()


def test_pandas_takes_the_head_as_names():
    frame = table().to_pandas()
    assert list(frame.columns) == ["Item", "Price\nRetail", "Price\nTrade"]
    assert frame.to_numpy().tolist() == [["A & B", "", "=1+1"]]
    assert table("").to_pandas().shape == (0, 0)


def test_structure_is_drawn_on_a_copy():
    image = np.full((40, 60, 3), 255, np.uint8)
    result = TableRecResult(
        bbox=[[2, 2, 30, 20], [30, 2, 55, 2, 55, 20, 30, 20]],
        structure=["<html>", "<body>", "<table>", "<tr>", "<td></td>", "<td></td>", "</tr>",
                   "</table>", "</body>", "</html>"],
        structure_score=0.5,
        image=image,
    )  # fmt: skip
    assert list(result.keys()) == [
        "input_path", "page_index", "input_img", "bbox", "structure", "structure_score",
    ]  # fmt: skip
    assert (result.grid().rows, result.grid().columns) == (1, 2)
    drawn = np.asarray(result.img["res"])
    assert (drawn != 255).any()
    assert (image == 255).all()
    assert result.json["res"]["bbox"][0] == [2, 2, 30, 20]


def test_notebook_shows_tables_with_their_text_escaped():
    html = HTML.replace("<td></td>", "<td>p <0.05 &lt;script&gt;</td>")
    page = TableRecognitionResult(name="page", table_res_list=[table(html)])
    shown = page._repr_html_()
    assert '<td rowspan="2" colspan="1">Item</td>' in shown.replace("th", "td")
    assert "A &amp; B" in shown
    assert "p &lt;0.05 &lt;script&gt;" in shown
    assert "<script>" not in shown


def test_parts_of_a_page_have_the_keys_of_a_result():
    part = table(neighbor_texts="a; ")
    assert part.get("neighbor_texts") == part["neighbor_texts"] == "a; "
    assert part.get("nothing", 3) == 3
    assert list(part.to_dict()) == list(part.keys()) == list(SingleTableResult.KEYS)
    with pytest.raises(KeyError, match="SingleTableResult has no key 'x'; it has"):
        part["x"]
    with pytest.raises(AttributeError):
        part.neighbor_texts = "b"
    assert not hasattr(part, "__dict__")
