"""``hpinfer convert`` and PaddleX's ``hpinfer --paddle2onnx``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import paddle_programs as programs
import pytest

from hpinfer.cli import main
from hpinfer.networks import read_onnx_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.hub import ModelFiles


@pytest.fixture
def model(tmp_path: Path) -> ModelFiles:
    return programs.write_model(tmp_path / "pool", programs.pool_pdmodel([8, 8], [4, 4]))


def run(*args: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(arg) for arg in args])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_into_the_models_own_directory(
    model: ModelFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("convert", model.directory) == 0
    out, err = capsys.readouterr()
    assert out == f"{model.directory / 'inference.onnx'}\n"
    assert "converted by paddle2onnx 1." in err
    assert "checked: loads in ONNX Runtime" in err
    assert run("convert", model.directory) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_json(model: ModelFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("convert", model.directory, "-o", tmp_path / "out", "--no-check", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == str(tmp_path / "out" / "inference.onnx")
    assert report["built"] is True
    assert report["warnings"] == ["the conversion was not checked"]


def test_the_users_onnx_is_replaced_only_on_request(
    model: ModelFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx = model.directory / "inference.onnx"
    onnx.write_bytes(b"\x08\x07")  # ModelProto.ir_version 7
    assert run("convert", model.directory, "--no-check") == 2
    assert "not written by hpinfer" in capsys.readouterr().err
    assert run("convert", model.directory, "--no-check", "--force") == 0
    assert len(onnx.read_bytes()) > 100


def test_what_cannot_be_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = programs.write_model(tmp_path / "m", programs.pool_pdmodel([8, 8], [3, 3]))
    assert run("convert", files.directory) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "error: Toy cannot be converted to ONNX here" in err


def test_paddlex_spelling(
    model: ModelFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnx

    (model.directory / "scaler.pkl").write_bytes(b"scaler")
    target = tmp_path / "onnx"
    paddlex = ["--paddle2onnx", "--paddle_model_dir", model.directory]
    assert run(*paddlex, "--onnx_model_dir", target, "--opset_version", "16") == 0
    assert capsys.readouterr().out == f"{target / 'inference.onnx'}\n"
    names = sorted(path.name for path in target.iterdir())
    assert names == ["inference.onnx", "inference.yml", "scaler.pkl"]
    assert onnx.load(target / "inference.onnx").opset_import[0].version == 16
    assert run(*paddlex) == 0
    written = model.directory / "inference.onnx"
    assert "hpinfer.source" in read_onnx_metadata(written)
    assert run(*paddlex) == 0  # PaddleX replaces what is there


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([], 2, "--paddle_model_dir"),
        (["--paddle_model_dir", "nowhere"], 4, "does not exist"),
        (["--paddle_model_dir", "pool/inference.yml"], 4, "is a file, not a model directory"),
        (["--paddle_model_dir", "."], 4, "holds no Paddle model"),
        (["--paddle_model_dir", "pool", "--opset_version", "3"], 2, "opset_version"),
    ],
)
def test_paddlex_mistakes(
    args: list[str],
    code: int,
    said: str,
    model: ModelFiles,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(model.directory.parent)
    assert run("--paddle2onnx", *args) == code
    assert said in capsys.readouterr().err


def test_no_converter(
    model: ModelFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    assert run("--paddle2onnx", "--paddle_model_dir", model.directory) == 4
    assert "HPINFER_OFFLINE is set" in capsys.readouterr().err
