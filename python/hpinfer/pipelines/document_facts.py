"""What layout parsing read, as the plain data that PP-ChatOCRv3 asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from hpinfer.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.results import LayoutParsingResult

#: ``normal_text_dict``, ``table_text_list`` and ``table_html_list``.
VisualInfo: TypeAlias = "dict[str, Any]"
#: ``flag_too_short_text``, ``flag_save_bytes_vector``, ``vector``, ``model_name``, ``block_size``.
VectorInfo: TypeAlias = "dict[str, Any]"

_KEYS = ("normal_text_dict", "table_text_list", "table_html_list")
#: Blocks whose content is no text of the page.
_NOT_TEXT = ("table", "formula")
#: Characters that a question about a table needs beside the table.
_AROUND_A_TABLE = 500


def visual_info(result: LayoutParsingResult) -> VisualInfo:
    """The text of a page by label, and its tables as text and HTML."""
    texts: dict[str, str] = {}
    for block in result:
        if block.block_label in _NOT_TEXT:
            continue
        key, content = f"words in {block.block_label}", block.block_content
        texts[key] = f"{texts[key]}\n {content}" if key in texts else content
    tables = result.table_res_list
    return {
        "normal_text_dict": texts,
        "table_text_list": [" ".join(table.table_ocr_pred["rec_texts"]) for table in tables],
        "table_html_list": [table.pred_html for table in tables],
    }


def merged(pages: VisualInfo | Sequence[VisualInfo]) -> VisualInfo:
    """The information of several pages as one; ``normal_text_dict`` becomes a list of dicts.

    Line feeds are taken out of texts, as PaddleX does; what was given stays as it is.

    Raises:
        InvalidInputError: It is not what `visual_info` gives.
    """
    found: VisualInfo = {key: [] for key in _KEYS}
    for page in [pages] if isinstance(pages, dict) else pages:
        if not isinstance(page, dict) or not all(key in page for key in _KEYS):
            raise InvalidInputError(
                f"visual_info must be a dict with {', '.join(_KEYS)}, or a list of them, as "
                f"visual_predict gives it; got {type(page).__name__}"
            )
        texts = {key: text.replace("\n", "") for key, text in page["normal_text_dict"].items()}
        found["normal_text_dict"].append(texts)
        for key in _KEYS[1:]:
            found[key].extend(page[key])
    return found


def document_texts(facts: VisualInfo) -> list[str]:
    """A line for each label of each page: its text."""
    return [
        f"{label}: {text}\n" for page in facts["normal_text_dict"] for label, text in page.items()
    ]


def short_tables(facts: VisualInfo, most_characters: int) -> list[str]:
    """The HTML of the tables that fit into a question."""
    return [
        html for html in facts["table_html_list"] if len(html) <= most_characters - _AROUND_A_TABLE
    ]


def long_tables(facts: VisualInfo, most_characters: int) -> list[str]:
    """The text of the tables that do not fit into a question."""
    tables = zip(facts["table_html_list"], facts["table_text_list"], strict=True)
    return [
        f"table: {text}\n" for html, text in tables if len(html) > most_characters - _AROUND_A_TABLE
    ]
