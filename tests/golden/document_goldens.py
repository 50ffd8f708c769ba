"""Compares what hpinfer reads in documents with documents.json; also a command:

``python document_goldens.py GOLDEN IMAGE…`` prints every difference.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Pixels by which a box may differ, as the same network does on processors of different kinds.
_TOLERANCE = 1.0
#: Width and height together of pictures in which PaddleX misplaces text.
_SMALL = 64
_DIGEST = "sha256:"


def candidate() -> tuple[Any, Any]:
    """Our table recognition and layout parsing, with the settings of generate_documents.py."""
    import hpinfer

    recognition = {"TextRecognition": {"batching": "official"}}
    settings = {
        "use_doc_preprocessor": False,
        "SubPipelines": {"GeneralOCR": {"SubModules": recognition}},
    }
    return tuple(
        hpinfer.create_pipeline({"pipeline_name": name, **settings}, engine="onnxruntime")
        for name in ("table_recognition", "layout_parsing")
    )


def differences(pipelines: tuple[Any, Any], path: Path, expected: dict[str, Any]) -> Iterator[str]:
    """Every difference between what `pipelines` read in `path` and what PaddleX did, in words."""
    tables, parsing = pipelines
    found = next(tables.predict(path))
    yield from _tables("tables", found, expected["tables"])
    whole = next(tables.predict(path, use_layout_detection=False))
    yield from _tables("whole page", whole, expected["whole_page"])
    if expected["by_cells"] is not None:
        cells = next(tables.predict(path, use_ocr_results_with_table_cells=True))
        for table, reference in zip(cells, expected["by_cells"], strict=True):
            yield from _equal(
                "by cells", _large_cells(table, table.html), _large_cells(table, reference)
            )
    yield from _blocks(next(parsing.predict(path)), expected["blocks"])


def _tables(what: str, result: Any, expected: list[dict[str, Any]]) -> Iterator[str]:
    if len(result) != len(expected):
        yield f"{what}: {len(result)} instead of {len(expected)}"
        return
    for number, (table, reference) in enumerate(zip(result, expected, strict=True), 1):
        name = f"{what} {number}"
        for key in ("pred_html", "neighbor_texts", "table_region_id"):
            yield from _equal(f"{name}: {key}", table[key], reference[key])
        pred = table["table_ocr_pred"]
        yield from _equal(f"{name}: rec_texts", pred["rec_texts"], reference["rec_texts"])
        yield from _near(f"{name}: rec_boxes", pred["rec_boxes"], reference["rec_boxes"])
        yield from _near(f"{name}: cells", table["cell_box_list"], reference["cell_box_list"])


def _blocks(result: Any, expected: list[dict[str, Any]]) -> Iterator[str]:
    labels = [block["block_label"] for block in expected]
    yield from _equal("labels of blocks", [block["block_label"] for block in result], labels)
    for number, (block, reference) in enumerate(zip(result, expected, strict=False)):
        name = f"block {number} ({reference['block_label']})"
        yield from _equal(name, block["block_content"], reference["block_content"])
        yield from _near(name, block["block_bbox"], reference["block_bbox"])


def _large_cells(table: Any, html: str) -> list[str]:
    """The texts of cells that are not so small that PaddleX loses their boxes (Q6)."""
    from hpinfer.results.table_grid import parse_table

    sizes = [(x2 - x1) + (y2 - y1) for x1, y1, x2, y2 in table.cell_box_list]
    cells = zip(parse_table(html).cells, sizes, strict=True)
    return [cell.text for cell, size in cells if size > _SMALL]


def digest(value: Any) -> str:
    """What stands for a text, or a list of them, of a page that is not ours."""
    data = json.dumps(value, ensure_ascii=False).encode()
    return f"{_DIGEST}{hashlib.sha256(data).hexdigest()[:32]}"


def _equal(what: str, found: Any, expected: Any) -> Iterator[str]:
    if isinstance(expected, str) and expected.startswith(_DIGEST):
        found = digest(found)
    if found != expected:
        yield f"{what}: {found!r} instead of {expected!r}"


def _near(what: str, found: Any, expected: Any) -> Iterator[str]:
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.size == expected.size == 0:
        return
    if found.shape != expected.shape or np.abs(found - expected).max() > _TOLERANCE:
        yield f"{what}: {found.tolist()} instead of {expected.tolist()}"


def main() -> int:
    golden, *images = (Path(argument) for argument in sys.argv[1:])
    pages = {page["image"]: page for page in json.loads(golden.read_text("utf-8"))["pages"]}
    pipelines = candidate()
    count = 0
    for image in images:
        lines = list(differences(pipelines, image, pages[image.name]))
        count += len(lines)
        print(image.name, "equal" if not lines else f"{len(lines)} differences", *lines, sep="\n  ")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
