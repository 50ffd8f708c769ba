"""Environment variables are read when asked for, and bad values are named."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from hpinfer._settings import DEFAULT_MAX_PIXELS, Settings, unchanged_environment
from hpinfer.errors import ConfigError


def test_defaults_come_from_an_empty_environment() -> None:
    settings = Settings.from_env({})
    assert settings.offline is False
    assert settings.max_pixels == DEFAULT_MAX_PIXELS == 178_956_970
    assert settings.pdf_scale == 2.0
    assert settings.cache_dir.name == "hpinfer"
    assert settings.paddlex_cache_dir == Path.home() / ".paddlex"
    assert settings.pip_args == ()


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "HPINFER_CACHE_DIR": str(tmp_path),
            "HPINFER_OFFLINE": "Yes",
            "PADDLE_PDX_CACHE_HOME": str(tmp_path / "pdx"),
            "HPINFER_PIP_ARGS": "--find-links 'a b'",
            "HPINFER_DOWNLOAD_TIMEOUT": "5",
            "HPINFER_MAX_PIXELS": "100",
            "HPINFER_MAX_FILE_BYTES": "200",
            "HPINFER_MAX_PAGES": "3",
            "HPINFER_INPUT_SOURCES": "Local",
            "HPINFER_PDF_SCALE": "1.5",
            "HPINFER_URL_MAX_BYTES": "10",
            "HPINFER_URL_TIMEOUT": "0.5",
            "HPINFER_FONT": str(tmp_path / "font.ttf"),
            "HPINFER_ARTIFACT_BUDGET": "1000",
        }
    )
    paths = {"cache_dir": tmp_path, "paddlex_cache_dir": tmp_path / "pdx"}
    assert settings == Settings(
        **paths,
        offline=True,
        pip_args=("--find-links", "a b"),
        download_timeout_s=5.0,
        max_pixels=100,
        max_file_bytes=200,
        max_pages=3,
        input_sources="local",
        pdf_scale=1.5,
        url_max_bytes=10,
        url_timeout_s=0.5,
        font=tmp_path / "font.ttf",
        artifact_budget=1000,
    )


def test_process_environment_is_read_at_call_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPINFER_MAX_PIXELS", "7")
    assert Settings.from_env().max_pixels == 7
    monkeypatch.setenv("HPINFER_MAX_PIXELS", "8")
    assert Settings.from_env().max_pixels == 8


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("HPINFER_OFFLINE", "maybe"),
        ("HPINFER_MAX_PIXELS", "many"),
        ("HPINFER_MAX_PIXELS", "-1"),
        ("HPINFER_ARTIFACT_BUDGET", "10 GB"),
        ("HPINFER_PDF_SCALE", "0"),
        ("HPINFER_PDF_SCALE", "nan"),
        ("HPINFER_URL_TIMEOUT", "inf"),
        ("HPINFER_PIP_ARGS", "'open"),
    ],
)
def test_bad_values_name_the_variable(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        Settings.from_env({key: value})


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPINFER_TEST_KEPT", "before")
    monkeypatch.setenv("HPINFER_TEST_GONE", "before")
    before = dict(os.environ)
    kept = {"HPINFER_TEST_KEPT": "default", "HPINFER_TEST_DEFAULT": "1"}
    with contextlib.suppress(RuntimeError), unchanged_environment(**kept):
        assert os.environ["HPINFER_TEST_KEPT"] == "before"
        assert os.environ["HPINFER_TEST_DEFAULT"] == "1"
        os.environ["HPINFER_TEST_NEW"] = "1"
        os.environ["HPINFER_TEST_KEPT"] = "after"
        del os.environ["HPINFER_TEST_GONE"]
        raise RuntimeError
    assert dict(os.environ) == before
