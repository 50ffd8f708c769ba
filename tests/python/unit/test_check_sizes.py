from __future__ import annotations

from typing import TYPE_CHECKING

import check_sizes
from cpp_text import functions

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
#include <array>
#define TWICE(x) \\
  do { x; x; } while (false)

namespace a::b {
namespace {

constexpr std::array kTable = {1, 2, 3};

struct Point {
  int x = 0;
  int y() const { return x; }
};

}  // namespace

enum class Kind { kOne, kTwo };

// A brace in a comment { and in a string:
Point::Point(int v)
    : x{v} {
  const char* text = "{";
  for (int i = 0; i < 2; ++i) {
    auto f = [&](int k) { return k; };
  }
}

template <typename T>
bool operator==(const T& a, const T& b) {
  return true;
}

}  // namespace a::b
"""


def write(root: Path, where: str, source: str) -> Path:
    path = root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return root


def test_functions_of_a_cpp_file_are_measured() -> None:
    found = {name: (line, length) for name, line, length in functions(SOURCE)}
    assert found["y"] == (12, 1)
    assert found["operator=="] == (28, 4)
    assert found["Point::Point"] == (20, 7)
    assert len(found) == 3


def test_long_functions_are_refused(tmp_path: Path) -> None:
    body = "  x += 1;\n" * (check_sizes.MAX_FUNCTION_LINES - 1)
    write(tmp_path, "csrc/core/a.cc", f"namespace n {{\nvoid grow(int x) {{\n{body}}}\n}}\n")
    body = "    x += 1\n" * check_sizes.MAX_FUNCTION_LINES
    write(tmp_path, "python/hpinfer/a.py", f"def grow(x):\n{body}")
    messages = list(check_sizes.violations(tmp_path))
    assert [message.split(": ")[0] for message in messages] == [
        "csrc/core/a.cc:2",
        "python/hpinfer/a.py:1",
    ]
    assert all("grow has 81 lines" in message for message in messages)


def test_functions_at_the_limit_are_accepted(tmp_path: Path) -> None:
    body = "  x += 1;\n" * (check_sizes.MAX_FUNCTION_LINES - 2)
    write(tmp_path, "csrc/core/a.cc", f"void grow(int x) {{\n{body}}}\n")
    assert list(check_sizes.violations(tmp_path)) == []


def test_long_files_are_refused_unless_listed(tmp_path: Path, monkeypatch) -> None:
    write(tmp_path, "tests/python/test_a.py", "x = 1\n" * (check_sizes.MAX_FILE_LINES + 1))
    (message,) = check_sizes.violations(tmp_path)
    assert "the file has 501 lines" in message
    monkeypatch.setattr(check_sizes, "ALLOWED", {"tests/python/test_a.py": "a table"})
    assert list(check_sizes.violations(tmp_path)) == []


def test_empty_words_in_file_names_are_refused(tmp_path: Path) -> None:
    for where in ("csrc/core/string_utils.h", "python/hpinfer/common.py", "examples/reader.py"):
        write(tmp_path, where, "")
    messages = list(check_sizes.violations(tmp_path))
    assert len(messages) == 2
    assert "'utils'" in messages[0]
    assert "'common'" in messages[1]
