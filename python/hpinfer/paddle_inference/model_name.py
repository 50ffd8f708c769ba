"""The name of a model that is given as a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MODEL_NAME = re.compile(r"^\s+model_name:\s*['\"]?([^\s'\"]+)", re.MULTILINE)


def model_name_beside(path: Path) -> str:
    """`Global.model_name` of the inference.yml in the same directory; empty if there is none."""
    try:
        text = (path.parent / "inference.yml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    found = _MODEL_NAME.search(text)
    return found[1] if found else ""
