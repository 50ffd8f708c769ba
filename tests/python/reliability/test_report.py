"""The page of the long runs: every figure of every file is on it."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree

import pytest
import report
from curves import Curve, draw
from memory import last_half_slope
from rows import Row, document

OWN = {
    "when": "2026-01-02T03:04+00:00",
    "machine": {
        "cpu": "A processor",
        "cores": 2,
        "memory_gib": 8.0,
        "system": "Linux 6",
        "python": "3.12",
        "load_average_before": 0.1,
        "versions": {"openvino": "2026.1"},
    },
    "promises": [
        document("Concurrency", [Row("sixteen threads", "at random", {"calls": 12345})]),
        document(
            "Memory",
            [
                Row("shapes: ours", "random", {"most MB": 300}, [(10, 100.0), (20, 300.0)]),
                Row("shapes: plain", "random", {"most MB": 900}, [(10, 100.0), (20, 900.0)]),
                Row("cycles: ours", "1000", {"end MB": 80.5}, [(1, 80.5)]),
            ],
        ),
    ],
}
OTHER = {"promise": "Faults", "rows": [{"what": "full disk", "how": "tmpfs", "figures": {"n": 7}}]}


def test_page_has_every_figure_of_every_file(tmp_path, monkeypatch):
    paths = []
    for number, content in enumerate((OWN, OTHER)):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(content), encoding="utf-8")
    page = tmp_path / "page.md"
    monkeypatch.setattr(sys, "argv", ["report.py", *map(str, paths), "--page", str(page)])
    assert report.main() == 0
    text = page.read_text(encoding="utf-8")
    for expected in (
        "A processor",
        "openvino 2026.1",
        "12,345",
        "80.5",
        "## Faults",
        "full disk",
        "**7**",
        "## Found and fixed",
    ):
        assert expected in text
    plots = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert plots == ["reliability-memory-1.svg", "reliability-memory-2.svg"]
    assert all(f"]({name})" in text for name in plots)


def test_a_file_of_something_else_is_refused():
    with pytest.raises(SystemExit, match="promise"):
        report.sections([{"samples": []}])


def test_curves_stay_inside_the_picture():
    root = ElementTree.fromstring(
        draw("a <title>", [Curve("one & two", [(1, 12.0), (500, 730.0)]), Curve("b", [(9, 3.0)])])
    )
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    lines = [element for element in root.iter() if element.tag.endswith("polyline")]
    assert len(lines) == 2
    for line in lines:
        for point in line.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_slope_is_that_of_the_last_half():
    rising = [(calls, 5.0 * calls) for calls in range(10)]
    flat = [(calls, 900.0) for calls in range(10, 20)]
    assert last_half_slope([*rising, *flat]) == pytest.approx(0)
    assert last_half_slope([(calls, 0.25 * calls) for calls in range(40)]) == pytest.approx(250)
