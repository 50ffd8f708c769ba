"""Models on TensorRT: ranges of shapes, the cache of plans, another engine beside it."""

from __future__ import annotations

import gc
import logging
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorrt_networks as networks
import yaml
from stand_in import facts

from hpinfer.config import Given, resolve_model
from hpinfer.errors import ConfigError, EngineError, InvalidInputError, UnsupportedError
from hpinfer.hpi.dynamic_shapes import extended, ranges_of, read_shapes, write_shapes
from hpinfer.models import load_model, locate_model

if TYPE_CHECKING:
    from pathlib import Path

RANGES = {"x": [[1, 3, 8, 8], [1, 3, 16, 16], [2, 3, 32, 32]]}
WIDE = {"x": [[1, 3, 8, 8], [1, 3, 64, 64], [4, 3, 128, 128]]}


@pytest.fixture
def model_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "Tiny"
    folder.mkdir()
    (folder / "inference.onnx").write_bytes(networks.classifier())
    write_config(folder)
    return folder


def write_config(folder: Path, ranges: Any = None) -> None:
    operators = [{"ResizeImage": {"size": [16, 16]}}, {"ToCHWImage": None}]
    config: dict[str, Any] = {
        "Global": {"model_name": "PP-LCNet_x1_0"},
        "PreProcess": {"transform_ops": operators},
        "PostProcess": {"Topk": {"topk": 1, "label_list": ["red", "green", "blue"]}},
    }
    if ranges is not None:
        config["Hpi"] = {"backend_configs": {"tensorrt": {"dynamic_shapes": ranges}}}
    (folder / "inference.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


def load(folder: Path, *, backend: str | None = "tensorrt", device: str = "gpu:0", **config: Any):
    hpi: dict[str, Any] = {"backend_config": config} if config else {}
    if backend is not None:
        hpi |= {"auto_config": False, "backend": backend}
    settings = resolve_model(Given(hpi_config=hpi, device=device))
    return load_model(locate_model("PP-LCNet_x1_0", model_dir=folder, settings=settings), settings)


def picture(*shape: int) -> Any:
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def check(session: Any, *shapes: tuple[int, ...]) -> None:
    """Results equal softmax of the means, computed here."""
    for shape in shapes:
        x = picture(*shape)
        means = np.exp(x.mean(axis=(2, 3)))
        expected = means / means.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(session.run([x])[0], expected, rtol=1e-5)


def plans(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("engine.plan"))]


def test_an_engine_is_built_once_and_explained(model_dir):
    first = load(model_dir, dynamic_shapes=RANGES)
    assert first.explanation.engine == "tensorrt"
    assert [(use.kind, use.built) for use in first.explanation.artifacts] == [("compilation", True)]
    assert "TensorRT engine for x 1x3x8x8 to 2x3x32x32" in str(first.explanation)
    check(first.session, (1, 3, 8, 8), (2, 3, 32, 20))
    second = load(model_dir, dynamic_shapes=RANGES)
    assert not second.explanation.artifacts[0].built
    check(second.session, (1, 3, 30, 8))
    assert len(plans(model_dir)) == 1


def test_whatever_changes_the_engine_builds_another(model_dir, monkeypatch):
    load(model_dir, dynamic_shapes=RANGES)
    for number, other in enumerate(
        (
            {"dynamic_shapes": WIDE},
            {"dynamic_shapes": [RANGES, WIDE]},
            {"dynamic_shapes": RANGES, "optimization_level": 5},
            {"dynamic_shapes": RANGES, "tf32": False},
        ),
        2,
    ):
        assert load(model_dir, **other).explanation.artifacts[0].built
        assert len(plans(model_dir)) == number
    monkeypatch.setenv("HPINFER_STAND_IN_GPU", "Another GPU")
    assert load(model_dir, dynamic_shapes=RANGES).explanation.artifacts[0].built


def test_the_timing_cache_is_shared_by_models(model_dir, tmp_path):
    load(model_dir, dynamic_shapes=RANGES)
    assert facts(plans(model_dir)[0])["measured"] == "3"
    other = tmp_path / "Other"
    other.mkdir()
    (other / "inference.onnx").write_bytes(networks.classifier())
    write_config(other, WIDE)
    load(other)
    assert facts(plans(other)[0])["measured"] == "0"


def test_a_damaged_plan_is_built_again(model_dir):
    load(model_dir, dynamic_shapes=RANGES)
    (path,) = model_dir.rglob("engine.plan")
    path.write_bytes(path.read_bytes()[:-10])
    again = load(model_dir, dynamic_shapes=RANGES)
    assert again.explanation.artifacts[0].built
    check(again.session, (1, 3, 8, 8))


def test_ranges_of_the_models_own_file_are_taken(model_dir):
    write_config(model_dir, RANGES)
    loaded = load(model_dir)
    assert "from inference.yml of PP-LCNet_x1_0" in str(loaded.explanation)
    with pytest.raises(InvalidInputError, match="built for"):
        loaded.session.run([picture(4, 3, 8, 8)])
    check(load(model_dir, dynamic_shapes=WIDE).session, (4, 3, 8, 8))


def test_without_ranges_the_error_says_how_to_get_them(model_dir):
    with pytest.raises(ConfigError, match="hpinfer tune --collect-shapes"):
        load(model_dir)


def test_it_runs_on_a_gpu_only(model_dir):
    with pytest.raises(Exception, match="it runs on a GPU only: set the device to gpu"):
        load(model_dir, device="cpu", dynamic_shapes=RANGES)


def test_automatic_mode_passes_over_it_without_ranges(model_dir):
    with pytest.raises(UnsupportedError, match="dynamic_shapes"):
        load(model_dir, backend=None)  # this ONNX Runtime has no GPU: nothing else is left


def test_other_shapes_run_on_the_other_engine(model_dir):
    loaded = load(model_dir, dynamic_shapes=RANGES, outside_shapes="other_engine")
    assert "other shapes run on onnxruntime" in str(loaded.explanation)
    check(loaded.session, (1, 3, 8, 8), (4, 3, 64, 64), (1, 3, 16, 16))
    assert (loaded.session.native.main_runs, loaded.session.native.other_runs) == (2, 1)


def test_the_other_engine_serves_while_building(model_dir, monkeypatch):
    monkeypatch.setenv("HPINFER_STAND_IN_BUILD_MS", "200")
    loaded = load(model_dir, dynamic_shapes=RANGES, build="background")
    session = loaded.session
    assert "is being built; onnxruntime serves meanwhile" in str(loaded.explanation)
    assert not session.native.has_main
    check(session, (1, 3, 8, 8))
    assert session.native.other_runs == 1
    assert session.background.wait(60)
    assert session.background.failure is None
    check(session, (1, 3, 8, 8))
    assert session.native.main_runs == 1
    with pytest.raises(InvalidInputError, match="built for"):  # outside_shapes is error
        session.run([picture(4, 3, 8, 8)])
    again = load(model_dir, dynamic_shapes=RANGES, build="background")
    assert again.session.background is None  # the engine is there at once
    check(again.session, (1, 3, 8, 8))
    assert not again.explanation.artifacts[0].built


def test_a_build_in_the_background_that_fails_leaves_the_other_engine(model_dir, caplog):
    (model_dir / "inference.onnx").write_bytes(networks.convolution("unbuildable_conv"))
    loaded = load(model_dir, dynamic_shapes=RANGES, build="background")
    assert loaded.session.background.wait(60)
    assert isinstance(loaded.session.background.failure, EngineError)
    assert "no TensorRT engine: TensorRT cannot build" in caplog.text
    assert loaded.session.run([picture(1, 3, 8, 8)])[0].shape == (1, 4, 8, 8)


def test_a_build_in_the_background_can_be_cancelled(model_dir, monkeypatch):
    monkeypatch.setenv("HPINFER_STAND_IN_BUILD_MS", "150")
    loaded = load(model_dir, dynamic_shapes=RANGES, build="background")
    loaded.session.background.cancel()
    assert loaded.session.background.wait(60)
    assert type(loaded.session.background.failure).__name__ == "CancelledError"
    assert plans(model_dir) == []
    check(loaded.session, (1, 3, 8, 8))


def test_new_shapes_get_a_profile_in_the_background_and_it_is_remembered(model_dir, caplog):
    caplog.set_level(logging.INFO, "hpinfer")
    write_shapes(model_dir, "PP-LCNet_x1_0", [RANGES])
    loaded = load(model_dir, outside_shapes="new_profile")
    session = loaded.session
    check(session, (1, 3, 8, 8), (1, 3, 40, 40))
    assert session.native.other_runs == 1
    assert session.background.wait(60)
    check(session, (1, 3, 40, 40), (1, 3, 60, 50), (2, 3, 32, 32))
    assert session.native.other_runs == 1
    ranges = read_shapes(model_dir / "dynamic_shapes.yml")
    assert ranges == [RANGES, {"x": [[1, 3, 40, 40], [1, 3, 40, 40], [1, 3, 64, 64]]}]
    check(load(model_dir).session, (1, 3, 64, 64))


def test_a_session_with_a_background_builder_is_freed(model_dir, cuda):
    gc.collect()
    before = (cuda.stand_in_device_buffers(), cuda.stand_in_streams())
    loaded = load(model_dir, dynamic_shapes=RANGES, outside_shapes="new_profile")
    check(loaded.session, (1, 3, 8, 8))
    del loaded
    gc.collect()
    assert (cuda.stand_in_device_buffers(), cuda.stand_in_streams()) == before
    assert not [t for t in threading.enumerate() if t.name.startswith("tensorrt")]


def test_collected_shapes_are_written_readable_and_used(model_dir, tmp_path):
    from click.testing import CliRunner
    from PIL import Image

    from hpinfer.cli.tune import tune

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for index in range(3):
        Image.new("RGB", (20 + index, 30), (200, 30, 30)).save(pictures / f"{index}.png")
    done = CliRunner().invoke(tune, [str(model_dir), "--collect-shapes", str(pictures)])
    assert done.exit_code == 0, done.output
    file = model_dir / "dynamic_shapes.yml"
    assert f"written to {file}" in done.output
    text = file.read_text(encoding="utf-8")
    assert "- x: [[1, 3, 16, 16], [1, 3, 16, 16], [1, 3, 16, 16]]" in text
    loaded = load(model_dir)
    assert f"from {file}" in str(loaded.explanation)
    check(loaded.session, (1, 3, 16, 16))


def test_ranges_hold_every_run_and_know_the_usual_one():
    runs = [([[1, 3, 48, 320]], 2), ([[6, 3, 48, 512]], 5), ([[1, 3, 48, 900]], 1)]
    wanted = {"x": [[1, 3, 48, 320], [6, 3, 48, 512], [6, 3, 48, 900]]}
    assert ranges_of(["x"], runs) == wanted
    with pytest.raises(ConfigError, match="never run"):
        ranges_of(["x"], [])
    with pytest.raises(ConfigError, match="different ranks"):
        ranges_of(["x"], [([[1, 2]], 1), ([[1]], 1)])


def test_a_new_range_has_room_to_grow():
    found = extended(
        ["x"], [[[1, 3, 48, 1000]]], [{"x": [[1, 3, 48, 160]] * 2 + [[8, 3, 48, 900]]}]
    )
    assert found == {"x": [[1, 3, 48, 1000], [1, 3, 48, 1000], [1, 3, 48, 1504]]}


@pytest.mark.parametrize("text", ["", "profiles: 3", "profiles: [{x: [[4], [2], [8]]}]", "{"])
def test_files_without_ranges_are_refused(tmp_path, text):
    file = tmp_path / "dynamic_shapes.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"dynamic_shapes\.yml"):
        read_shapes(file)


def test_shapes_of_a_read_only_model_go_to_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    path = write_shapes(blocked / "model", "Tiny", [RANGES])
    assert path.parent == tmp_path / "cache" / "shapes"
    assert read_shapes(path) == [RANGES]


def test_paddlex_reaches_the_engine_through_ultra_infer(model_dir):
    from hpinfer.ultra_infer import ModelFormat, Runtime, RuntimeOption, is_built_with_trt

    assert is_built_with_trt()
    option = RuntimeOption()
    option.use_gpu(0)
    option.set_model_path(str(model_dir / "inference.onnx"), "", ModelFormat.ONNX)
    option.use_trt_backend()
    option.trt_option.serialize_file = str(model_dir / ".cache" / "tensorrt" / "trt.trt")
    option.trt_option.set_shape("x", *RANGES["x"])
    runtime = Runtime(option)
    x = picture(1, 3, 8, 8)
    (got,) = runtime.infer([x])
    np.testing.assert_allclose(got.sum(), 1, rtol=1e-5)
    assert len(list((model_dir / ".cache").rglob("engine.plan"))) == 1


def test_the_doctor_tries_it_on_the_gpu():
    from hpinfer import doctor

    found = next(item for item in doctor.report().engines if item.name == "tensorrt")
    assert (found.usable, found.reason) == (True, "")
    assert found.devices == ("GPU 0: Stand-in GPU (8.6)",)
