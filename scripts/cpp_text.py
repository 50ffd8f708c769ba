"""C++ source as text: enough of its syntax for the checks, without a compiler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CPP_SUFFIXES = {".h", ".cc", ".cu", ".cuh", ".inc"}

# A quote after a digit separates digits (1'000), it does not open a character.
_NOT_CODE = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)\"|\"(?:\\.|[^\"\\\n])*\""
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
# Our format puts a space before the brace of a body and none before that of a value: x{1}.
_VALUE = re.compile(r"(?<=[\w>])\{[^{};]*\}")
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()=]*$")


def without_comments(source: str) -> str:
    """The source with comments, strings and characters blanked; line numbers stay."""
    return _NOT_CODE.sub(lambda match: _newlines(match) or " ", source)


def _newlines(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def functions(source: str) -> Iterator[tuple[str, int, int]]:
    """Name, first line and number of lines of each function that has a body."""
    code = _DIRECTIVE.sub(_newlines, without_comments(source))
    code = _VALUE.sub(_newlines, code)
    scopes: list[tuple[str, int]] = []  # function name or "" of each open brace, its first line
    depth_of_code = 0  # open braces of functions and initialisers
    head_start = 0
    for match in re.finditer(r"[{};]", code):
        head = code[head_start : match.start()]
        head_start = match.end()
        if match[0] == "{":
            is_scope = depth_of_code == 0 and _SCOPE.search(head) is not None
            name = re.search(r"([~\w:]+|operator\W+?)\s*\(", head)
            is_function = depth_of_code == 0 and not is_scope and name and not head.endswith("= ")
            first = code.count("\n", 0, match.start() - len(head.lstrip())) + 1
            scopes.append((name[1] if is_function and name else "", 0 if is_scope else first))
            depth_of_code += not is_scope
        elif match[0] == "}" and scopes:
            function, first = scopes.pop()
            depth_of_code -= first > 0
            if function:
                yield function, first, code.count("\n", 0, match.start()) + 2 - first
