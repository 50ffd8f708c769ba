"""Text and the parts of pages as Markdown."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$])")
_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")

_HEADINGS = {"doc_title": "#", "title": "##", "paragraph_title": "##"}
#: Parts of the sheet, not of the text.
_AROUND_THE_TEXT = frozenset({"header", "footer", "number", "header_image", "footer_image"})
_PICTURES = frozenset({"figure", "image", "chart"})
_FORMULAS = frozenset({"formula"})


def escape_markdown(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    return _START.sub(_escape_start, _SPECIAL.sub(r"\\\1", text))


def is_picture(label: str) -> bool:
    """Whether a part of a page with this label is a picture rather than text."""
    return label in _PICTURES


def block_markdown(label: str, content: str, picture: str | None = None) -> str:
    """A part of a page as Markdown.

    Args:
        label: Its ``block_label``.
        content: Its ``block_content``.
        picture: File with its picture, to be shown instead of the content.

    Returns:
        Markdown without a line feed at its end; empty for what is not shown.
    """
    if picture is not None:
        return f"![{label}]({picture.replace(' ', '%20')})"
    if label in _AROUND_THE_TEXT or not content:
        return ""
    if label == "table":
        return table_element(content)
    if label in _FORMULAS:
        return f"$$\n{content}\n$$"
    lines = [escape_markdown(line) for line in content.split("\n")]
    if label in _HEADINGS:
        return f"{_HEADINGS[label]} {' '.join(lines)}"
    return "\n".join(lines)


def table_element(html: str) -> str:
    """The ``<table>`` of an HTML document with lines around its cells; `html` if it has none."""
    start, end = html.find("<table"), html.rfind("</table>")
    table = html if start < 0 or end < start else html[start : end + len("</table>")]
    return table.replace("<table>", '<table border="1">')


def _escape_start(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark}\\" if mark.isdigit() else f"{space}\\{mark}"
