"""The reference pages say what the code does: nothing missing, nothing made up."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from hpinfer import _native, errors

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    ROOT / name
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "third_party/README.md")
] + sorted((ROOT / "docs").glob("*.md"))


def first_cells(page: Path) -> list[str]:
    """The code words in the first column of every table of a page."""
    return re.findall(r"^\| `([^`|]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)


def variables_in_code() -> set[str]:
    native = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "csrc").rglob("*.cc"))
    python = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "python" / "hpinfer").rglob("*.py")
    )
    read = {f"HPINFER_{name}" for name in re.findall(r'environment\("([A-Z_]+)"\)', native)}
    registry = (ROOT / "csrc" / "engines" / "registry.cc").read_text(encoding="utf-8")
    engines = re.findall(r'^ +\{"(\w+)", ', registry, re.MULTILINE)  # also those left out here
    assert set(_native.compiled_engines()) <= set(engines)
    read |= {f"HPINFER_{engine.upper()}_LIBRARY" for engine in engines}
    return read | set(re.findall(r'"((?:HPINFER|PADDLE_PDX)_[A-Z_]+)"', python))


def test_every_environment_variable_is_documented_and_exists() -> None:
    assert set(first_cells(ROOT / "docs" / "environment.md")) == variables_in_code()


def test_every_error_class_is_documented_with_its_builtin() -> None:
    classes = {
        name: item
        for name, item in vars(errors).items()
        if inspect.isclass(item) and item is not errors.HpinferError
    }
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+Error)` \| `(\w+)` \|", page, re.MULTILINE))
    assert rows.keys() == classes.keys()
    for name, base in rows.items():
        assert base in {item.__name__ for item in classes[name].__mro__[1:]}, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_readme_names_the_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\nscripts/test\n" in readme
    assert "hpinfer ocr examples/images/hello.png" in readme
    for path in ("scripts/test", "scripts/lint", ".ci/run"):
        assert (ROOT / path).stat().st_mode & 0o111, path
