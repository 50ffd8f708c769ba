"""Checks that files and functions stay small and that file names say what the files hold.

``python scripts/check_sizes.py [ROOT]`` prints one line for each violation.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cpp_text import CPP_SUFFIXES, functions

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 80

#: ``file`` or ``file:function`` that may be longer, with the reason.
ALLOWED: dict[str, str] = {}

TREES = ("csrc", "python", "scripts", "tests", "benchmarks", "examples")
#: Words that say nothing about what a file holds.
EMPTY_WORDS = {"util", "utils", "common", "misc", "manager", "helper", "helpers"}


def main(arguments: list[str]) -> int:
    """Prints the violations below the given root (default: this repository)."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    found = list(violations(root))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def violations(root: Path) -> Iterator[str]:
    """Every violation below `root`, as ``path:line: message``."""
    paths = (path for tree in TREES for path in (root / tree).rglob("*"))
    for path in sorted(path for path in paths if path.suffix in {".py", *CPP_SUFFIXES}):
        where = path.relative_to(root).as_posix()
        for word in EMPTY_WORDS.intersection(re.split(r"[_.]", path.stem)):
            yield f"{where}:1: '{word}' in a file name does not say what the file holds"
        source = path.read_text(encoding="utf-8")
        for name, line, length in measured(path.suffix, source):
            limit = MAX_FUNCTION_LINES if name else MAX_FILE_LINES
            if length > limit and (f"{where}:{name}" if name else where) not in ALLOWED:
                what = name or "the file"
                yield f"{where}:{line}: {what} has {length} lines; at most {limit}: split it"


def measured(suffix: str, source: str) -> Iterator[tuple[str, int, int]]:
    """Name, first line and number of lines of the file ("") and of each of its functions."""
    yield "", 1, len(source.splitlines())
    if suffix in CPP_SUFFIXES:
        yield from functions(source)
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
