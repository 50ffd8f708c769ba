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

TEXT_DETECTION = (
    Parameter(
        "text_det_limit_side_len", click.IntRange(min=1), "Side length that detection resizes to."
    ),
    Parameter(
        "text_det_limit_type",
        click.Choice(["max", "min"]),
        "Whether that length bounds the longer (max) or the shorter (min) side.",
    ),
    Parameter("text_det_thresh", _UNIT, "Pixels above this probability are text."),
    Parameter("text_det_box_thresh", _UNIT, "Boxes of at least this score are kept."),
    Parameter(
        "text_det_unclip_ratio",
        click.FloatRange(0.0, min_open=True),
        "How far boxes grow around the text core.",
    ),
    Parameter("text_rec_score_thresh", _UNIT, "Lines of at least this score are kept."),
)

#: ``pipeline_name`` to its parameters, in the order of the help.
PIPELINE_PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "OCR": (
        *DOCUMENT_SWITCHES,
        Parameter("use_textline_orientation", None, "Turn upside-down lines.", switch=True),
        *TEXT_DETECTION,
        Parameter("return_word_box", None, "Return the words of each line with their boxes."),
    ),
    "doc_preprocessor": DOCUMENT_SWITCHES,
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
        Parameter(
            "use_layout_detection",
            None,
            "Look for tables first; without, each page is one table.",
            switch=True,
        ),
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
