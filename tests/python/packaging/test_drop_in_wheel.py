"""The wheel of the drop-in: a name on the import path, and nothing that could overwrite another."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def drop_in_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of packaging/ultra_infer, built without network."""
    folder = tmp_path_factory.mktemp("drop-in")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    done = subprocess.run(
        [*command, "--wheel-dir", folder, ROOT / "packaging" / "ultra_infer"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("hpinfer_ultra_infer-*-py3-none-any.whl")
    return path


def test_it_has_no_file_that_ultra_infer_has(drop_in_wheel: Path) -> None:
    with zipfile.ZipFile(drop_in_wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        assert archive.read("hpinfer-ultra-infer.pth") == b"hpinfer_drop_in\n"
    assert sorted(names) == ["hpinfer-ultra-infer.pth", "hpinfer_drop_in/ultra_infer/__init__.py"]


def test_it_asks_for_hpinfer_of_its_own_series(drop_in_wheel: Path) -> None:
    with zipfile.ZipFile(drop_in_wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    assert "Requires-Dist: hpinfer<0.2,>=0.1" in lines
