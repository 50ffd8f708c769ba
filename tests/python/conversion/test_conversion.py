"""Conversion of real and of handmade models, with the real converter."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import paddle_programs as programs
import pytest

from hpinfer import hub
from hpinfer.errors import ConfigError, ConversionError, ModelFormatError, ModelNotFoundError
from hpinfer.hpi.artifacts import ArtifactStore
from hpinfer.hpi.conversion import (
    ConversionOptions,
    Refusal,
    conversion,
    convert,
    convert_to_directory,
    onnx_is_stale,
    open_paddle_directory,
    route,
    routes,
    verification,
)
from hpinfer.networks import read_onnx_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer.hub import ModelFiles

SHAPES = {
    "PP-OCRv4_mobile_det": (1, 3, 320, 480),
    "PP-OCRv4_mobile_rec": (2, 3, 48, 320),
    "ch_ppocr_mobile_v2.0_cls": (3, 3, 48, 192),
}


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore([tmp_path / "artifacts"])


@pytest.fixture
def pool_model(tmp_path: Path) -> ModelFiles:
    return programs.write_model(tmp_path / "pool", programs.pool_pdmodel([8, 8], [4, 4]))


def answer(onnx: Path, feed: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: feed})[0]


@pytest.mark.parametrize("name", SHAPES)
def test_real_models_answer_like_the_published_onnx(name: str, store: ArtifactStore) -> None:
    paddle = hub.resolve(name, formats=("paddle",))
    published = hub.resolve(name, formats=("onnx",)).onnx
    assert published is not None
    converted = convert(paddle, store=store)
    assert converted.built
    assert converted.converter.startswith("paddle2onnx 1.")
    assert any("loads in ONNX Runtime" in check for check in converted.checks)
    assert any("agrees with" in check for check in converted.checks)
    assert converted.warnings == ()
    feed = np.random.default_rng(3).standard_normal(SHAPES[name]).astype(np.float32)
    difference = np.abs(answer(converted.path, feed) - answer(published, feed)).max()
    assert difference <= 3e-6
    again = convert(paddle, store=store)
    assert not again.built
    assert (again.path, again.checks) == (converted.path, converted.checks)


def test_the_opset_is_honoured_and_part_of_the_identity(
    pool_model: ModelFiles, store: ArtifactStore
) -> None:
    import onnx

    def opset(asked: int) -> int:
        options = ConversionOptions(opset=asked, check=False)
        model = onnx.load(convert(pool_model, store=store, options=options).path)
        return int(model.opset_import[0].version)

    assert (opset(16), opset(19), opset(16)) == (16, 19, 16)


def test_an_unchecked_conversion_says_so_and_is_not_taken_for_a_checked_one(
    pool_model: ModelFiles, store: ArtifactStore
) -> None:
    unchecked = convert(pool_model, store=store, options=ConversionOptions(check=False))
    assert unchecked.checks == ()
    assert unchecked.warnings == ("the conversion was not checked",)
    assert convert(pool_model, store=store).built


def test_changed_paddle_files_are_converted_again(
    pool_model: ModelFiles, store: ArtifactStore
) -> None:
    first = convert(pool_model, store=store)
    assert pool_model.pdmodel is not None
    pool_model.pdmodel.write_bytes(programs.pool_pdmodel([8, 8], [2, 2]))
    second = convert(pool_model, store=store)
    assert second.built
    feed = np.ones((1, 1, 8, 8), np.float32)
    assert answer(first.path, feed).shape == (1, 1, 4, 4)
    assert answer(second.path, feed).shape == (1, 1, 2, 2)


def test_known_faults_are_refused_before_anything_runs(
    tmp_path: Path, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = programs.write_model(tmp_path / "m", programs.pool_pdmodel([8, 8], [3, 3]))
    monkeypatch.setattr(conversion, "run_script", None)
    assert isinstance(route(files), Refusal)
    with pytest.raises(ConversionError, match=r"Toy cannot be converted .*silently wrong: run the"):
        convert(files, store=store)


def test_a_silently_wrong_conversion_is_found_by_comparing(
    tmp_path: Path, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rules for the graph would miss: OpenVINO reads the original and disagrees."""
    monkeypatch.setattr(routes, "known_fault", lambda _: None)
    monkeypatch.setattr(verification, "paddle_version", lambda: None)
    files = programs.write_model(tmp_path / "m", programs.pool_pdmodel([8, 8], [3, 3]))
    with pytest.raises(
        ConversionError, match=r"something else than OpenVINO .*difference [0-9.]+e"
    ):
        convert(files, store=store)


def test_a_model_that_onnxruntime_does_not_load_is_refused(
    tmp_path: Path, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "known_fault", lambda _: None)
    files = programs.write_model(tmp_path / "m", programs.pool_pdmodel([-1, -1], [3, 3]))
    with pytest.raises(ConversionError, match=r"ONNX Runtime does not load: .*strides"):
        convert(files, store=store)


def test_an_error_that_the_converter_only_mentions_counts(
    tmp_path: Path, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "known_fault", lambda _: None)
    files = programs.write_model(tmp_path / "m", programs.pool_pdmodel([-1, -1], [3, 3]))
    with pytest.raises(ConversionError, match="Adaptive only support static input shape"):
        convert(files, store=store, options=ConversionOptions(check=False))


def test_a_complaint_about_a_model_that_answers_right_is_a_warning(
    pool_model: ModelFiles, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_complaint", lambda _: "[ERROR] looks odd")
    assert convert(pool_model, store=store).warnings == ("the converter says [ERROR] looks odd",)
    with pytest.raises(ConversionError, match="looks odd"):
        convert(pool_model, store=store, options=ConversionOptions(check=False))


def test_an_unknown_operator_is_named_and_remembered(
    tmp_path: Path, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = programs.operator("no_such_operator", "x", "y")
    program = programs.pdmodel({"x": [1, 4], "y": [1, 4]}, [operator])
    files = programs.write_model(tmp_path / "m", program)
    with pytest.raises(ConversionError, match="no_such_operator") as first:
        convert(files, store=store)
    with monkeypatch.context() as patch:
        patch.setattr(conversion, "run_script", None)
        with pytest.raises(ConversionError) as second:
            convert(files, store=store)
        assert str(second.value) == str(first.value)
    with pytest.raises(ConversionError, match="no_such_operator"):
        convert(files, store=store, options=ConversionOptions(force=True))
    # Another release of an engine may judge otherwise, so it is tried again.
    monkeypatch.setattr(conversion, "checking_versions", lambda: {"onnxruntime": "99.0"})
    monkeypatch.setattr(conversion, "run_script", lambda *_, **__: pytest.fail("tried again"))
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        convert(files, store=store)


def test_a_timeout_is_not_remembered(pool_model: ModelFiles, store: ArtifactStore) -> None:
    with pytest.raises(ConversionError, match=r"stopped after 0\.001 s"):
        convert(pool_model, store=store, options=ConversionOptions(timeout_s=0.001))
    assert convert(pool_model, store=store).built


def test_a_converter_that_is_no_extension(
    pool_model: ModelFiles, store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "other.so"
    library.write_bytes(b"not a library")
    monkeypatch.setattr(conversion, "obtain", lambda *_: library)
    with pytest.raises(ConversionError, match="exit code 1, saying: ImportError"):
        convert(pool_model, store=store)


def test_damaged_files_are_refused(pool_model: ModelFiles) -> None:
    assert pool_model.pdmodel is not None
    pool_model.pdmodel.write_bytes(b"damaged")
    refusal = route(pool_model)
    assert isinstance(refusal, Refusal)
    assert "inference.pdmodel is not a Paddle program" in refusal.reason
    missing = dataclasses.replace(pool_model, pdiparams=None)
    assert "no complete Paddle model" in str(route(missing))


def test_the_users_own_onnx_is_taken(pool_model: ModelFiles, store: ArtifactStore) -> None:
    own = pool_model.directory / "inference.onnx"
    own.write_bytes(convert(pool_model, store=store).path.read_bytes()[:-400])
    files = dataclasses.replace(pool_model, onnx=own)
    taken = convert(files, store=store)
    assert (taken.path, taken.built, taken.converter) == (own, False, "")


def written_into(files: ModelFiles) -> ModelFiles:
    converted = convert_to_directory(files, files.directory, options=ConversionOptions(check=False))
    return dataclasses.replace(files, onnx=converted.path)


def test_what_hpinfer_wrote_is_stale_when_its_source_changes(
    pool_model: ModelFiles, store: ArtifactStore
) -> None:
    files = written_into(pool_model)
    assert files.onnx is not None
    assert onnx_is_stale(files) is None
    assert convert(files, store=store).path == files.onnx
    assert files.pdmodel is not None
    files.pdmodel.write_bytes(programs.pool_pdmodel([8, 8], [2, 2]))
    reason = onnx_is_stale(files)
    assert reason is not None
    assert "inference.pdmodel" in reason
    converted = convert(files, store=store)
    assert converted.path != files.onnx
    assert any("was converted from other files" in warning for warning in converted.warnings)


def test_an_onnx_that_hpinfer_did_not_write_is_never_stale(pool_model: ModelFiles) -> None:
    files = written_into(pool_model)
    assert files.onnx is not None
    import onnx

    model = onnx.load(files.onnx)
    del model.metadata_props[:]
    onnx.save(model, files.onnx)
    assert files.pdmodel is not None
    files.pdmodel.write_bytes(b"anything")
    assert onnx_is_stale(files) is None
    assert onnx_is_stale(dataclasses.replace(files, onnx=None)) is None
    files.onnx.write_bytes(b"damaged")
    assert onnx_is_stale(files) is None


def test_a_directory_gets_what_belongs_to_the_model(pool_model: ModelFiles, tmp_path: Path) -> None:
    (pool_model.directory / "scaler.pkl").write_bytes(b"scaler")
    target = tmp_path / "deep" / "onnx"
    converted = convert_to_directory(pool_model, target)
    assert converted.path == target / "inference.onnx"
    names = sorted(path.name for path in target.iterdir())
    assert names == ["inference.onnx", "inference.yml", "scaler.pkl"]
    assert (target / "inference.yml").read_bytes() == pool_model.inference_yml.read_bytes()
    metadata = read_onnx_metadata(converted.path)
    assert metadata["hpinfer.converter"] == converted.converter
    assert hub.resolve(target).onnx == converted.path


def test_an_existing_onnx_is_kept_or_replaced(pool_model: ModelFiles, tmp_path: Path) -> None:
    target = tmp_path / "onnx"
    options = ConversionOptions(check=False)
    assert convert_to_directory(pool_model, target, options=options).built
    assert not convert_to_directory(pool_model, target, options=options).built
    higher = ConversionOptions(opset=17, check=False)
    assert convert_to_directory(pool_model, target, options=higher).built
    shutil.copy(hub_onnx(), target / "inference.onnx")
    with pytest.raises(ConfigError, match=r"not written by hpinfer.*--force"):
        convert_to_directory(pool_model, target, options=options)
    forced = ConversionOptions(check=False, force=True)
    assert convert_to_directory(pool_model, target, options=forced).built


def hub_onnx() -> Path:
    found = hub.resolve("ch_ppocr_mobile_v2.0_cls", formats=("onnx",)).onnx
    assert found is not None
    return found


def test_a_failed_conversion_leaves_the_directory_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "known_fault", lambda _: None)
    files = programs.write_model(tmp_path / "m", programs.pool_pdmodel([-1, -1], [3, 3]))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "inference.onnx").write_bytes(b"an older one")
    with pytest.raises(ConversionError):
        convert_to_directory(files, tmp_path / "out", options=ConversionOptions(force=True))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["inference.onnx"]
    assert (tmp_path / "out" / "inference.onnx").read_bytes() == b"an older one"


def test_directories_that_are_none(tmp_path: Path, pool_model: ModelFiles) -> None:
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        open_paddle_directory(tmp_path / "nowhere")
    with pytest.raises(ModelFormatError, match="is a file"):
        open_paddle_directory(pool_model.inference_yml)
    with pytest.raises(ModelFormatError, match="holds no Paddle model"):
        open_paddle_directory(tmp_path)
    assert open_paddle_directory(pool_model.directory).name == "Toy"
    pool_model.inference_yml.unlink()
    assert open_paddle_directory(pool_model.directory).name == "pool"


def test_without_onnxruntime_the_conversion_says_that_it_was_not_run(
    pool_model: ModelFiles, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "is_installed", lambda _: False)
    converted = convert(pool_model, store=store)
    assert any("was not run" in warning for warning in converted.warnings)


def test_without_a_reference_the_conversion_says_that_it_was_not_compared(
    pool_model: ModelFiles, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "reference_engine", lambda _: None)
    monkeypatch.setattr(conversion, "reference_engine", lambda _: None)
    converted = convert(pool_model, store=store)
    assert any("runs on a random feed" in check for check in converted.checks)
    assert any("not compared" in warning for warning in converted.warnings)
