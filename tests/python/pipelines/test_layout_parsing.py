"""Layout parsing: reading order, blocks, Markdown, files and command lines."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from constructed import write_model
from detection_networks import detection_model
from example_pages import GOLDEN, ROOT
from formula_networks import VOCABULARY, latex_config, sides_network
from PIL import Image
from shipped_yaml import LAYOUT_PARSING

import hpinfer
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, ModelNotFoundError
from hpinfer.io import InputImage
from hpinfer.pipelines.page_blocks import PageContents, page_blocks
from hpinfer.pipelines.reading_order import overlaps, reading_order
from hpinfer.results import DetResult, LayoutBlock, LayoutParsingResult, OCRResult
from hpinfer.results.markdown import block_markdown

PAGE = ROOT / "examples" / "pages" / "report.png"
LABELS = ("text", "table", "formula", "title")


@pytest.fixture(scope="module")
def parsed():
    pipeline = hpinfer.create_pipeline("layout_parsing", engine="onnxruntime")
    return next(pipeline.predict(PAGE, use_doc_orientation_classify=False))


def order_in_plain_words(boxes, width):
    """The rule box by box, as an independent reference."""
    order, left, right = [], [], []
    for index in sorted(range(len(boxes)), key=lambda i: (boxes[i][1], boxes[i][0])):
        x1, _, x2, _ = boxes[index]
        if x1 < width / 4 and x2 < 3 * width / 5:
            left.append(index)
        elif x1 > 2 * width / 5:
            right.append(index)
        else:
            order += [*left, *right, index]
            left, right = [], []
    return [*order, *left, *right]


@pytest.mark.parametrize("seed", range(30))
def test_the_reading_order_is_that_of_the_rule(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 60, (int(rng.integers(0, 25)), 2, 2)) * 10.0
    boxes = np.concatenate([corners.min(1), corners.max(1)], axis=1).reshape(-1, 4)
    assert reading_order(boxes, 600) == order_in_plain_words(boxes.tolist(), 600)


def test_overlaps_need_more_than_three_pixels_both_ways():
    blocks = np.array([[0, 0, 100, 20], [0, 30, 100, 60]], float)
    lines = np.array([[96, 0, 200, 20], [97, 0, 200, 20], [0, 16, 9, 34], [0, 17, 9, 33]], float)
    assert overlaps(blocks, lines).tolist() == [
        [True, False, True, False],
        [False, False, True, False],
    ]
    assert overlaps(np.zeros((0, 4)), lines).shape == (0, 4)


def layout_of(*boxes):
    return DetResult(
        class_ids=np.array([LABELS.index(label) for label, *_ in boxes], np.int32),
        scores=np.ones(len(boxes), np.float32),
        coordinates=np.array([box for _, *box in boxes], np.float32).reshape(-1, 4),
        class_names=LABELS,
    )


def ocr_of(**lines):
    boxes = np.array(list(lines.values()), np.int32).reshape(-1, 4)
    return OCRResult(
        dt_polys=[], rec_texts=list(lines), rec_scores=[1.0] * len(lines), rec_polys=[],
        rec_boxes=boxes,
    )  # fmt: skip


def blocks_of(layout, ocr, read_again=None):
    page = InputImage(np.full((100, 200, 3), 7, np.uint8), None, None, None, "p")
    blocks = page_blocks(page, PageContents(layout, ocr), read_again or pytest.fail)
    return [(block.block_label, block.block_content) for block in blocks]


def test_lines_go_to_their_blocks_and_the_rest_becomes_other_text():
    layout = layout_of(("text", 0, 50, 190, 90), ("table", 0, 20, 190, 40), ("title", 0, 0, 190, 9))
    ocr = ocr_of(
        above=[0, 0, 90, 9], first=[0, 50, 90, 60], second=[0, 70, 90, 80], cell=[0, 22, 50, 30],
        below=[0, 92, 90, 99],
    )  # fmt: skip
    assert blocks_of(layout, ocr) == [
        ("title", "above"),
        ("table", ""),
        ("text", "first\nsecond"),
        ("other_text", "below"),
    ]
    assert blocks_of(layout, None) == [("title", ""), ("table", ""), ("text", "")]
    assert blocks_of(layout_of(), ocr_of(only=[1, 1, 9, 9])) == [("other_text", "only")]
    assert blocks_of(layout_of(), ocr_of()) == []


def test_a_line_across_two_blocks_has_both_read_again_alone():
    layout = layout_of(("text", 0, 0, 90, 20), ("text", 110, 0, 190, 20), ("text", 0, 50, 90, 70))
    ocr = ocr_of(across=[0, 0, 190, 20], alone=[0, 50, 90, 70])
    seen = []

    def read_again(image):
        seen.append(np.flatnonzero((image.bgr == 7).all(axis=(0, 2)) | (image.bgr == 7)[5, :, 0]))
        return ocr_of(**{f"part{len(seen)}": [0, 0, 9, 9]})

    assert blocks_of(layout, ocr, read_again) == [
        ("text", "part1"),
        ("text", "alone"),
        ("text", "part2"),
    ]
    assert [(columns[0], columns[-1]) for columns in seen] == [(0, 89), (110, 189)]


def test_a_page(parsed, tmp_path):
    assert parsed["model_settings"] == {
        "use_doc_preprocessor": False,
        "use_seal_recognition": False,
        "use_table_recognition": True,
        "use_formula_recognition": False,
    }
    labels = [block["block_label"] for block in parsed]
    assert labels.count("table") == len(parsed.tables) == 1
    assert {"text", "title", "figure", "figure_caption", "table_caption"} <= set(labels)
    markdown = parsed.to_markdown()
    assert markdown.count('<table border="1">') == 1
    assert "Figure 1" in markdown
    paths = {path.name for path in parsed.save_to_markdown(tmp_path)}
    (picture,) = paths - {"report.md"}
    assert f"![figure]({picture})" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert set(parsed.img) == {"layout_det_res", "overall_ocr_res", "table_cell_img"}
    frame = parsed.to_pandas()
    assert list(frame["label"]) == labels
    json.dumps(parsed.to_dict(), allow_nan=False)


def test_steps_of_a_call():
    config = {"pipeline_name": "layout_parsing", "use_doc_preprocessor": False}
    pipeline = hpinfer.create_pipeline(config, engine="onnxruntime")
    bare = next(pipeline.predict(PAGE, use_general_ocr=False, use_table_recognition=False))
    assert bare.overall_ocr_res is None
    assert all(block.block_content == "" for block in bare)
    few = next(pipeline.predict(PAGE, use_general_ocr=False, layout_threshold={"table": 0.5}))
    assert [block.block_content != "" for block in few if block.block_label == "table"] == [True]
    for params, message in (
        ({"use_seal_recognition": True}, "use_seal_recognition=True needs a model"),
        ({"use_formula_recognition": True}, "use_formula_recognition=True needs a model"),
        ({"seal_det_thresh": 0.1}, "seal_det_thresh has no effect without seal recognition"),
        ({"layout_threshold": {"tabel": 0.5}}, "the model has no class 'tabel'"),
        ({"use_table": True}, "did you mean 'use_table_recognition'"),
    ):
        with pytest.raises(ConfigError, match=message):
            pipeline.predict(PAGE, **params)


def test_a_sub_pipeline_that_cannot_be_had_names_its_key():
    data = {"pipeline_name": "layout_parsing", "use_formula_recognition": True}
    with pytest.raises(ModelNotFoundError, match=r"FormulaRecognition\.model_dir"):
        hpinfer.create_pipeline(data, engine="onnxruntime")


@pytest.mark.parametrize(
    ("label", "content", "expected"),
    [
        ("doc_title", "A *b*\nc", "# A \\*b\\* c"),
        ("title", "1. x", "## 1\\. x"),
        ("text", "- a\n# b", "\\- a\n\\# b"),
        ("table", "<html><body><table><tr></tr></table></body></html>",
         '<table border="1"><tr></tr></table>'),
        ("formula", "x^2", "$$\nx^2\n$$"),
        ("footer", "page 3", ""),
        ("figure", "", ""),
    ],
)  # fmt: skip
def test_blocks_as_markdown(label, content, expected):
    assert block_markdown(label, content) == expected


def test_pictures_and_empty_pages_as_markdown():
    assert block_markdown("figure", "in it", "a b.png") == "![figure](a%20b.png)"
    empty = LayoutParsingResult(table_res_list=[], parsing_res_list=[])
    assert (empty.to_markdown(), empty.to_text(), empty.html) == ("", "", {})
    block = LayoutBlock(block_bbox=[1, 2, 3, 4], block_label="text")
    assert block.to_dict() == {
        "block_bbox": [1, 2, 3, 4],
        "block_label": "text",
        "block_content": "",
    }


def run(*args):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer")


def test_command_lines(tmp_path):
    got = run(
        *("layout", PAGE, "-o", tmp_path / "x", "--format", "markdown", "--engine", "onnxruntime"),
        *("--no-doc-orientation-classify", "--no-table-recognition", "--save", "json,markdown"),
    )
    assert got.exit_code == 0, got.stderr
    assert got.stdout.startswith("## ")
    saved = json.loads((tmp_path / "x" / "report_res.json").read_text())
    assert saved["model_settings"]["use_table_recognition"] is False
    assert (tmp_path / "x" / "report.md").exists()
    got = run("layout", PAGE, "--use-formula-recognition", "--engine", "onnxruntime")
    assert got.exit_code != 0
    assert "FormulaRecognition" in got.stderr
    got = run(
        *("--pipeline", "PP-ChatOCRv3-doc", "--input", PAGE, "--engine", "onnxruntime"),
        *("--use_table_recognition", "False", "--use_doc_orientation_classify", "False"),
    )
    assert got.exit_code == 0, got.stderr
    assert "parsing_res_list" in got.stdout


ALL_LABELS = ["text", "formula", "seal", "Table"]


def around(picture, label):
    """A page whose region from 1/4 to 3/4, of the class `label`, is `picture`."""
    height, width = picture.shape[:2]
    page = np.full((2 * height, 2 * width, 3), 255, np.uint8)
    page[height // 2 : height // 2 + height, width // 2 : width // 2 + width] = picture
    page[: max(height // 4, 1), : max(width // 4, 1)] = (0, 0, ALL_LABELS.index(label))
    return page


def test_everything_on_in_the_shipped_file(tmp_path):
    layout = tmp_path / "layout"
    layout.mkdir()
    detection_model(layout, ("im_shape", "image", "scale_factor"), label_list=ALL_LABELS)
    formula = write_model(tmp_path / "formula", sides_network(), latex_config())
    file = tmp_path / "layout_parsing.yaml"
    file.write_text(LAYOUT_PARSING.format(layout=layout, formula=formula), encoding="utf-8")
    pipeline = hpinfer.create_pipeline(file, engine="onnxruntime")
    upright = {"use_doc_orientation_classify": False, "layout_threshold": 0.1}

    (page,) = pipeline.predict(around(np.full((64, 96, 3), 90, np.uint8), "formula"), **upright)
    (block,) = [block for block in page if block.block_label == "formula"]
    said = (VOCABULARY[64 // 16] + VOCABULARY[96 // 16]).replace("Ġ", " ").strip()
    assert block.block_content == said
    assert page["model_settings"]["use_formula_recognition"] is True
    assert "formula_res_region1" in page.img
    assert f"$$\n{block.block_content}\n$$" in page.to_markdown()

    with Image.open(GOLDEN / "table.png") as picture:
        table = np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    (page,) = pipeline.predict(around(table, "Table"), **upright)
    (block,) = [block for block in page if block.block_label == "table"]
    assert block.block_content == page.tables[0].pred_html
    assert page.tables[0].grid().rows == 5

    with Image.open(ROOT / "examples" / "pages" / "seal.png") as picture:
        seal = np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
    (page,) = pipeline.predict(around(seal, "seal"), **upright)
    (block,) = [block for block in page if block.block_label == "seal"]
    assert block.block_content == ", ".join(page.seal_res_list[0].rec_texts)
    assert page.seal_res_list[0].rec_texts
    assert {"seal_res_region1", "overall_ocr_res"} <= set(page.img)
    saved = json.loads(page.save_to_json(tmp_path / "page.json")[0].read_text(encoding="utf-8"))
    assert "seal_res_list" in saved
    assert "table_res_list" not in saved
