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
    )


TEXT_DETECTION = text_parameters("text")

#: Where the regions that are read lie on a page.
LAYOUT = (
    Parameter("use_layout_detection", None, "Find the regions on pages first.", switch=True),
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

#: ``pipeline_name`` to its parameters, in the order of the help.
PIPELINE_PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "OCR": (
        *DOCUMENT_SWITCHES,
        Parameter("use_textline_orientation", None, "Turn upside-down lines.", switch=True),
        *TEXT_DETECTION,
        Parameter("return_word_box", None, "Return the words of each line with their boxes."),
    ),
    "doc_preprocessor": DOCUMENT_SWITCHES,
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
}
