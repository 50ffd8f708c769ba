"""Explicit model directories and PaddleX's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpinfer import hub
from hpinfer.errors import ConfigError, InvalidTypeError, ModelFormatError, ModelNotFoundError

YML = "Global: {model_name: Toy}\nPostProcess: {name: X, character_dict: ['\u3000', a]}\n"


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path / "paddlex"))
    monkeypatch.setenv("HPINFER_OFFLINE", "1")


def make(directory: Path, *files: str, yml: str | None = YML) -> Path:
    directory.mkdir(parents=True)
    for file in files:
        (directory / file).write_bytes(b"weights")
    if yml is not None:
        (directory / "inference.yml").write_text(yml, encoding="utf-8")
    return directory


def test_directory_gives_paths_and_config(tmp_path: Path) -> None:
    directory = make(tmp_path / "m", "inference.onnx", "inference.json", "inference.pdiparams")
    for files in (hub.resolve(directory), hub.resolve(str(directory))):
        assert files.name == "Toy"
        assert files.directory == directory
        assert files.onnx == directory / "inference.onnx"
        assert files.program_json == directory / "inference.json"
        assert files.pdmodel is None
        assert files.formats == ("onnx", "paddle")
        assert files.config["PostProcess"]["character_dict"] == ["\u3000", "a"]


def test_flow_yaml_that_starts_with_a_brace_is_read(tmp_path: Path) -> None:
    directory = make(tmp_path / "m", "inference.onnx", yml="{Global: {model_name: Toy}, a: 1}")
    assert hub.resolve(directory).config["a"] == 1


def test_each_call_returns_its_own_config(tmp_path: Path) -> None:
    directory = make(tmp_path / "m", "inference.onnx")
    hub.resolve(directory).config.clear()
    assert hub.resolve(directory).config


def test_relative_name_of_an_existing_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "my_model", "inference.onnx")
    monkeypatch.chdir(tmp_path)
    assert hub.resolve("my_model").directory == tmp_path / "my_model"


def test_model_dir_must_hold_the_named_model(tmp_path: Path) -> None:
    directory = make(tmp_path / "m", "inference.onnx")
    assert hub.resolve("Toy", model_dir=directory).name == "Toy"
    with pytest.raises(ConfigError, match=r"describes model 'Toy', not 'Other'"):
        hub.resolve("Other", model_dir=directory)


def test_onnx_without_inference_yml(tmp_path: Path) -> None:
    directory = make(tmp_path / "m", "det.onnx", yml=None)
    with pytest.raises(ModelFormatError, match=r"has det\.onnx but no inference\.yml"):
        hub.resolve(directory)


@pytest.mark.parametrize(
    ("yml", "error", "words"),
    [
        (None, ModelFormatError, "not a model directory"),
        ("a: [", ModelFormatError, "not valid YAML"),
        ("- a\n", ModelFormatError, "holds list"),
        ("a: 1\n", ConfigError, "no Global.model_name"),
        ("Global: {model_name: ''}\n", ConfigError, "no Global.model_name"),
        (YML, ModelFormatError, "no usable weights"),
    ],
)
def test_unusable_directories(
    tmp_path: Path, yml: str | None, error: type[Exception], words: str
) -> None:
    directory = make(tmp_path / "m", "inference.pdiparams", yml=yml)
    with pytest.raises(error, match=words) as caught:
        hub.resolve(directory)
    assert "\n" not in str(caught.value)


def test_missing_directory_and_file_instead_of_directory(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        hub.resolve(tmp_path / "nope")
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        hub.resolve("../nope/../nope")
    (tmp_path / "file.onnx").write_bytes(b"x")
    with pytest.raises(ModelFormatError, match="is a file"):
        hub.resolve(tmp_path / "file.onnx")


def test_values_that_are_no_name() -> None:
    with pytest.raises(ModelNotFoundError, match="not a model name"):
        hub.resolve("two words")
    with pytest.raises(InvalidTypeError):
        hub.resolve(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="formats"):
        hub.resolve("Toy", formats=("om",))  # type: ignore[arg-type]


def test_paddlex_cache_is_used_and_the_onnx_variant_preferred(tmp_path: Path) -> None:
    models = tmp_path / "paddlex" / "official_models"
    paddle = make(models / "Toy", "inference.json", "inference.pdiparams")
    assert hub.resolve("Toy").directory == paddle
    onnx = make(models / "Toy_onnx", "inference.onnx")
    assert hub.resolve("Toy").directory == onnx
    assert hub.resolve("Toy", formats=("paddle", "onnx")).directory == paddle
    assert not (tmp_path / "cache").exists()


def test_incomplete_paddlex_directory_is_a_reason_not_an_error(tmp_path: Path) -> None:
    make(tmp_path / "paddlex" / "official_models" / "Toy", "inference.json")
    with pytest.raises(ModelNotFoundError, match=r"PaddleX cache: .*no usable weights"):
        hub.resolve("Toy")


def test_default_paddlex_cache_is_in_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PADDLE_PDX_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    directory = make(tmp_path / ".paddlex" / "official_models" / "Toy_onnx", "inference.onnx")
    assert hub.resolve("Toy").directory == directory
