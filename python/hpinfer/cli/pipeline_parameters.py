"""The parameters of each pipeline: one table, from which both command lines are made."""

from __future__ import annotations

import click

from hpinfer.cli.parameters import LiteralValue, Parameter

_UNIT = click.FloatRange(0.0, 1.0)
_VALUE = LiteralValue()

#: Steps before a page is read.
DOCUMENT_SWITCHES = (
    Parameter("use_doc_orientation_classify", None, "Turn pages upright first.", switch=True),
    Parameter("use_doc_unwarping", None, "Flatten curved pages first.", switch=True),
)


def text_parameters(what: str) -> tuple[Parameter, ...]:
    """Text detection and recognition, of ``"text"`` or ``"seal"``."""
    return (
        Parameter(
            f"{what}_det_limit_side_len",
            click.IntRange(min=1),
            "Side length that detection resizes to.",
        ),
        Parameter(
            f"{what}_det_limit_type",
            click.Choice(["max", "min"]),
            "Whether that length bounds the longer (max) or the shorter (min) side.",
        ),
        Parameter(f"{what}_det_thresh", _UNIT, "Pixels above this probability are text."),
        Parameter(f"{what}_det_box_thresh", _UNIT, "Boxes of at least this score are kept."),
        Parameter(
            f"{what}_det_unclip_ratio",
            click.FloatRange(0.0, min_open=True),
            "How far boxes grow around the text core.",
        ),
        Parameter(f"{what}_rec_score_thresh", _UNIT, "Lines of at least this score are kept."),
        Parameter(
            f"{what}_rec_batching",
            click.Choice(("compact", "official")),
            "Input width of each line: its own (compact), or as PaddleX pads batches (official).",
        ),
    )


TEXT_DETECTION = text_parameters("text")

#: Where the regions lie on a page.
LAYOUT_DETECTION = (
    Parameter(
        "layout_threshold",
        _VALUE,
        "Score that a region must exceed; or one for each class, by label or number.",
        metavar="SCORE|{CLASS: SCORE}",
    ),
    Parameter("layout_nms", None, "Drop regions that overlap a better one."),
    Parameter(
        "layout_unclip_ratio",
        _VALUE,
        "How much regions grow about their centre; or by class.",
        metavar="RATIO|[W,H]|{CLASS: RATIO}",
    ),
    Parameter(
        "layout_merge_bboxes_mode",
        _VALUE,
        "Regions inside others: keep all, the outer (large) or the inner (small); or by class.",
        metavar="union|large|small|{CLASS: MODE}",
    ),
)

LAYOUT = (
    Parameter("use_layout_detection", None, "Find the regions on pages first.", switch=True),
    *LAYOUT_DETECTION,
)

#: Reading pages part by part.
LAYOUT_PARSING = (
    *DOCUMENT_SWITCHES,
    Parameter("use_general_ocr", None, "Make text part of the result."),
    Parameter("use_textline_orientation", None, "Turn upside-down lines.", switch=True),
    Parameter("use_table_recognition", None, "Read tables as tables.", switch=True),
    Parameter("use_seal_recognition", None, "Read seals.", switch=True),
    Parameter("use_formula_recognition", None, "Read formulas as LaTeX.", switch=True),
    *LAYOUT_DETECTION,
    *TEXT_DETECTION,
    *text_parameters("seal"),
)

#: ``pipeline_name`` to its parameters, in the order of the help.
PIPELINE_PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "OCR": (
        *DOCUMENT_SWITCHES,
        Parameter("use_textline_orientation", None, "Turn upside-down lines.", switch=True),
        *TEXT_DETECTION,
        Parameter("return_word_box", None, "Return the words of each line with their boxes."),
    ),
    "PP-ChatOCRv3-doc": LAYOUT_PARSING,
    "doc_preprocessor": DOCUMENT_SWITCHES,
    "layout_parsing": LAYOUT_PARSING,
    "seal_recognition": (*DOCUMENT_SWITCHES, *LAYOUT, *text_parameters("seal")),
    "formula_recognition": (*DOCUMENT_SWITCHES, *LAYOUT),
    "image_classification": (
        Parameter("topk", click.IntRange(min=1), "How many classes to give, the best first."),
    ),
    "object_detection": (
        Parameter(
            "threshold",
            _VALUE,
            "Score that a box must exceed; or one for each class, by label or number.",
            metavar="SCORE|{CLASS: SCORE}",
        ),
    ),
    "semantic_segmentation": (
        Parameter(
            "target_size",
            _VALUE,
            "Size for the network in pixels; -1 for each picture's own.",
            metavar="SIDE|(WIDTH,HEIGHT)|-1",
        ),
    ),
    "instance_segmentation": (Parameter("threshold", _UNIT, "Score that a box must exceed."),),
    "table_recognition": (
        *DOCUMENT_SWITCHES,
        *LAYOUT,
        Parameter("use_ocr_model", None, "Read the text of the page; tables need it."),
        Parameter(
            "use_table_cells_ocr_results", None, "Read every cell of a table on its own (slow)."
        ),
        Parameter(
            "cell_sort_by_y_projection",
            None,
            "Order the texts of a cell by line, then from left to right.",
        ),
        *TEXT_DETECTION,
    ),
}
