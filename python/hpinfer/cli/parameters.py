"""The OCR pipeline's call parameters as options, in our spelling and in PaddleX's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., Any]")

_YES = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO = frozenset({"false", "f", "no", "n", "off", "0"})


def paddlex_bool(text: str) -> bool | None:
    """Reads a yes/no value as PaddleX's command line takes it: ``True``, ``t``, ``1``, ``None`` ….

    Raises:
        click.BadParameter: It is none of these.
    """
    word = text.lower()
    if word not in _YES | _NO | {"none"}:
        raise click.BadParameter(f"{text!r} is not True, False or None")
    return None if word == "none" else word in _YES


@dataclass(frozen=True, slots=True)
class OCRParameter:
    """A parameter of the OCR pipeline.

    Attributes:
        name: Its name in Python.
        kind: Its type; None for yes/no.
        help: What it does.
    """

    name: str
    kind: click.ParamType[Any] | None
    help: str


_UNIT = click.FloatRange(0.0, 1.0)

#: Steps that need a model of their own, so they are part of the pipeline's configuration.
OCR_SWITCHES = (
    OCRParameter("use_doc_orientation_classify", None, "Turn pages upright first."),
    OCRParameter("use_doc_unwarping", None, "Flatten curved pages first."),
    OCRParameter("use_textline_orientation", None, "Turn upside-down lines."),
)

#: Parameters of a call of ``predict``.
OCR_PARAMETERS = (
    OCRParameter(
        "text_det_limit_side_len", click.IntRange(min=1), "Side length that detection resizes to."
    ),
    OCRParameter(
        "text_det_limit_type",
        click.Choice(["max", "min"]),
        "Whether that length bounds the longer (max) or the shorter (min) side.",
    ),
    OCRParameter("text_det_thresh", _UNIT, "Pixels above this probability are text."),
    OCRParameter("text_det_box_thresh", _UNIT, "Boxes of at least this score are kept."),
    OCRParameter(
        "text_det_unclip_ratio",
        click.FloatRange(0.0, min_open=True),
        "How far boxes grow around the text core.",
    ),
    OCRParameter("text_rec_score_thresh", _UNIT, "Lines of at least this score are kept."),
    OCRParameter("return_word_box", None, "Return the words of each line with their boxes."),
)


def ocr_options(command: Command) -> Command:
    """Adds the parameters as ``--text-det-thresh``, yes/no ones as ``--x`` and ``--no-x``."""
    for parameter in reversed((*OCR_SWITCHES, *OCR_PARAMETERS)):
        flag = "--" + parameter.name.replace("_", "-")
        if parameter.kind is None:
            negated = "--no-" + parameter.name.removeprefix("use_").replace("_", "-")
            decorate = click.option(f"{flag}/{negated}", default=None, help=parameter.help)
        else:
            decorate = click.option(flag, type=parameter.kind, help=parameter.help)
        command = decorate(command)
    return command


def paddlex_ocr_options(command: Command) -> Command:
    """Adds the parameters as ``--text_det_thresh``, yes/no ones with a value."""
    for parameter in reversed((*OCR_SWITCHES, *OCR_PARAMETERS)):
        kind = paddlex_bool if parameter.kind is None else parameter.kind
        metavar = "True|False" if parameter.kind is None else None
        option = click.option(
            f"--{parameter.name}", type=kind, metavar=metavar, help=parameter.help
        )
        command = option(command)
    return command


def given_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """Takes the parameters of ``predict`` that the user gave out of `options`."""
    return _take(options, OCR_PARAMETERS)


def given_switches(options: dict[str, Any]) -> dict[str, bool]:
    """Takes the steps that the user switched on or off out of `options`."""
    return _take(options, OCR_SWITCHES)


def _take(options: dict[str, Any], parameters: tuple[OCRParameter, ...]) -> dict[str, Any]:
    values = {parameter.name: options.pop(parameter.name) for parameter in parameters}
    return {name: value for name, value in values.items() if value is not None}
