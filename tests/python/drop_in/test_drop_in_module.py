"""Which ``ultra_infer`` is found, and switching hpinfer's on and off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpinfer.errors import ConfigError
from hpinfer.paddlex import drop_in

ROOT = Path(__file__).resolve().parents[3]
PACKAGING = ROOT / "packaging" / "ultra_infer"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty site-packages for `enable` and `disable`."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(drop_in, "path_file", lambda: folder / drop_in.PATH_FILE)
    monkeypatch.delitem(sys.modules, "ultra_infer", raising=False)
    monkeypatch.setattr(
        sys, "path", [p for p in sys.path if not (Path(p) / "ultra_infer").exists()]
    )
    return folder


def python_with(site, code):
    """Runs code in a process that treats `site` as a site directory."""
    program = f"import site; site.addsitedir({str(site)!r}); {code}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    ).stdout.strip()


def test_the_distribution_and_the_command_provide_the_same_module():
    file = Path("ultra_infer") / "__init__.py"
    mine = (drop_in.folder() / file).read_text(encoding="utf-8")
    assert (PACKAGING / "hpinfer_drop_in" / file).read_text(encoding="utf-8") == mine


def test_enable_and_disable(site):
    assert drop_in.origin().kind == "none"
    assert drop_in.disable() is False
    found = drop_in.enable()
    assert found.kind == "hpinfer"
    code = "import ultra_infer as u; print(u.__file__, u.Runtime.__module__)"
    assert python_with(site, code) == f"{found.location} hpinfer.ultra_infer.runtime"
    assert drop_in.disable() is True
    assert list(site.iterdir()) == []


def test_a_real_ultra_infer_is_left_alone(site, monkeypatch):
    other = site / "ultra_infer"
    other.mkdir()
    (other / "__init__.py").write_text("Runtime = 'the original'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    assert drop_in.origin().kind == "other"
    with pytest.raises(ConfigError, match="stays as it is"):
        drop_in.enable()
    assert [path.name for path in site.iterdir()] == ["ultra_infer"]


def test_a_real_ultra_infer_wins_over_the_distribution(site):
    """As pip unpacks both: the folder of the distribution comes after site-packages itself."""
    for path in PACKAGING.glob("*.pth"):
        (site / path.name).write_bytes(path.read_bytes())
    shim = site / "hpinfer_drop_in" / "ultra_infer"
    shim.mkdir(parents=True)
    source = PACKAGING / "hpinfer_drop_in" / "ultra_infer" / "__init__.py"
    (shim / "__init__.py").write_bytes(source.read_bytes())
    code = "import ultra_infer as u; print(u.__file__)"
    assert python_with(site, code) == str(shim / "__init__.py")
    (site / "ultra_infer").mkdir()
    (site / "ultra_infer" / "__init__.py").write_text("", encoding="utf-8")
    assert python_with(site, code) == str(site / "ultra_infer" / "__init__.py")


def test_site_packages_that_cannot_be_written_are_said(site, monkeypatch):
    monkeypatch.setattr(drop_in, "path_file", lambda: site / "missing" / drop_in.PATH_FILE)
    with pytest.raises(ConfigError, match="pip install hpinfer-ultra-infer"):
        drop_in.enable()


def test_the_module_is_cheap_to_import(site):
    """PaddleX imports it in the middle of loading a model; `import paddlex` must not meet it."""
    drop_in.enable()
    code = (
        "import sys, ultra_infer; "
        "print([n for n in ('paddle', 'paddlex', 'numpy', 'openvino', 'onnxruntime', "
        "'hpinfer._native') if n in sys.modules])"
    )
    assert python_with(site, code) == "[]"
