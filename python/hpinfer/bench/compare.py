"""A run beside an older one: ratios, and whether they are more than noise."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, InputNotFoundError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

#: Figure to whether more of it is better.
_FIGURES = {"p50_ms": False, "images_per_second": True}
_MACHINE = ("cpu", "cores", "threads", "isa")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of one case, before and now.

    Attributes:
        label: The case.
        figure: ``"p50_ms"`` or ``"images_per_second"``.
        before: Median over the rounds of the older run.
        now: Median over the rounds of this run.
        ratio: How many times better it is now.
        low: The ratio of this run's worst round to the older one's best.
        high: The ratio of this run's best round to the older one's worst.
    """

    label: str
    figure: str
    before: float
    now: float
    ratio: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``"better"`` or ``"worse"`` if no round of one run reaches into the other."""
        if self.low > 1:
            return "better"
        return "worse" if self.high < 1 else "within the spread"


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads what ``hpinfer bench --json`` wrote.

    Raises:
        InputNotFoundError: The file does not exist.
        ConfigError: It holds something else.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror
        raise InputNotFoundError(f"benchmark {path} cannot be read: {reason}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != 1 or "cases" not in document:
        raise ConfigError(f"{path} must be a file that 'hpinfer bench --json' wrote (schema 1)")
    return document


def machine_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What makes the two runs hard to compare, in words."""
    old, new = before["machine"], now["machine"]
    differences = [
        f"{name}: {old.get(name)} before, {new.get(name)} now"
        for name in _MACHINE
        if old.get(name) != new.get(name)
    ]
    names = [sorted(Path(item).name for item in run["settings"]["inputs"]) for run in (before, now)]
    return [*differences, *(["other inputs"] if names[0] != names[1] else [])]


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Comparison]:
    """The figures of every case that both runs have.

    Raises:
        ConfigError: They have no measured case in common.
    """
    old = {_identity(case): case for case in before["cases"] if "by_round" in case["summary"]}
    found = [
        _comparison(case["label"], figure, old[_identity(case)]["summary"], case["summary"])
        for case in now["cases"]
        if _identity(case) in old and "by_round" in case["summary"]
        for figure in _FIGURES
    ]
    if not found:
        labels = ", ".join(f"{case['case']['target']} ({case['label']})" for case in old.values())
        raise ConfigError(f"the older run has no case of this one; it has {labels or 'none'}")
    return found


def _identity(case: Mapping[str, Any]) -> tuple[str, str]:
    return case["case"]["target"], case["label"]


def _comparison(
    label: str, figure: str, before: Mapping[str, Any], now: Mapping[str, Any]
) -> Comparison:
    old, new = before["by_round"][figure], now["by_round"][figure]

    def ratio(was: float, is_now: float) -> float:
        return is_now / was if _FIGURES[figure] else was / is_now

    ratios = [ratio(was, is_now) for was in old for is_now in new]
    middle_before, middle_now = statistics.median(old), statistics.median(new)
    return Comparison(
        label,
        figure,
        middle_before,
        middle_now,
        ratio(middle_before, middle_now),
        min(ratios),
        max(ratios),
    )
