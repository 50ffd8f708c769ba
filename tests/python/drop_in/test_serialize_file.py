"""``trt_option.serialize_file``: a place for engines, never what decides which one is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import ui_networks as networks
from paddlex_calls import build

from hpinfer.errors import ConfigError, InvalidInputError, UnsupportedError
from hpinfer.hpi import discovery

SHAPES = {"x": [[1, 3, 32, 32], [1, 3, 64, 64], [1, 3, 960, 960]]}


@pytest.fixture
def opened(monkeypatch):
    """ONNX Runtime with TensorRT, as far as the drop-in can see; the sessions it asks for."""
    import hpinfer.session
    from hpinfer.ultra_infer import tensorrt

    status = discovery.EngineStatus(
        "onnxruntime", usable=True, version="1.31.1", devices=("TensorrtExecutionProvider",)
    )
    monkeypatch.setattr(discovery, "engines", lambda: [status])
    monkeypatch.setattr(tensorrt, "gpu_identity", lambda: _gpu("GPU A"))
    real, calls = hpinfer.session.Session, []

    def session(model, **options):
        if "providers" in options:
            calls.append(options)
            folder = Path(options["providers"][0][1]["trt_engine_cache_path"])
            if not list(folder.glob("*.engine")):
                (folder / "network.engine").write_bytes(b"engine")
        cpu = {k: v for k, v in options.items() if k not in ("providers", "device")}
        return real(model, **cpu)

    monkeypatch.setattr(hpinfer.session, "Session", session)
    return calls


def _gpu(name):
    from hpinfer.hpi.artifact_keys import GpuIdentity

    return GpuIdentity(name, "", "driver", "")


def _folder(options):
    return options["providers"][0][1]["trt_engine_cache_path"]


def test_paddlex_calls_reach_the_provider(ui, tmp_path, opened):
    networks.text_map(tmp_path / "inference.onnx")
    assert ui.is_built_with_trt()
    config = {"precision": "fp16", "dynamic_shapes": SHAPES}
    build(ui, tmp_path, "tensorrt", device="gpu", device_id=1, config=config)
    (options,) = opened
    name, given = options["providers"][0]
    assert (name, options["device"]) == ("TensorrtExecutionProvider", "gpu:1")
    assert given["trt_fp16_enable"] == "1"
    assert given["trt_profile_min_shapes"] == "x:1x3x32x32"
    assert given["trt_profile_opt_shapes"] == "x:1x3x64x64"
    assert given["trt_profile_max_shapes"] == "x:1x3x960x960"


def test_engines_lie_beside_the_file_which_is_never_written(ui, tmp_path, opened):
    networks.text_map(tmp_path / "inference.onnx")
    build(ui, tmp_path, "tensorrt", device="gpu", config={"dynamic_shapes": SHAPES})
    place = tmp_path / ".cache" / "tensorrt"
    assert Path(_folder(opened[0])).is_relative_to(place / "hpinfer")
    assert not (place / "trt_serialized.trt").exists()


def test_whatever_changes_the_engine_changes_the_folder(ui, tmp_path, opened, monkeypatch):
    from hpinfer.ultra_infer import tensorrt

    networks.text_map(tmp_path / "inference.onnx")

    def built(**config):
        config = {"dynamic_shapes": SHAPES, **config}
        build(ui, tmp_path, "tensorrt", device="gpu", config=config)
        return _folder(opened[-1])

    first = built()
    assert built() == first
    other_shapes = {"x": [[1, 3, 32, 32], [1, 3, 64, 64], [8, 3, 960, 960]]}
    folders = [first, built(precision="fp16"), built(dynamic_shapes=other_shapes)]
    monkeypatch.setattr(tensorrt, "gpu_identity", lambda: _gpu("GPU B"))
    folders.append(built())
    networks.labels(tmp_path / "inference.onnx")
    folders.append(built())
    assert len(set(folders)) == 5


def test_a_file_of_another_runtime_is_not_loaded_but_explained(ui, tmp_path, opened):
    networks.text_map(tmp_path / "inference.onnx")
    stale = tmp_path / ".cache" / "tensorrt" / "trt_serialized.trt"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"an engine of other settings")
    with pytest.raises(ConfigError, match=r"remove that file"):
        build(ui, tmp_path, "tensorrt", device="gpu", config={"dynamic_shapes": SHAPES})
    assert opened == []
    assert stale.read_bytes() == b"an engine of other settings"


def test_missing_shapes_and_wrong_ones_raise(ui, tmp_path, opened):
    networks.text_map(tmp_path / "inference.onnx")
    with pytest.raises(ConfigError, match=r"needs the shapes of x: give dynamic_shapes"):
        build(ui, tmp_path, "tensorrt", device="gpu")
    with pytest.raises(ConfigError, match="runs on a GPU"):
        build(ui, tmp_path, "tensorrt", config={"dynamic_shapes": SHAPES})
    option = ui.RuntimeOption()
    for shapes in ([[2, 3], [1, 3], [4, 3]], [[1, 3], [1, 3, 4], [1, 3]], [[0], [1], [1]]):
        with pytest.raises(InvalidInputError):
            option.trt_option.set_shape("x", *shapes)
    option.trt_option.set_shape("x", [1, 3])
    assert option.trt_option.max_shape == {"x": [1, 3]}
    with pytest.raises(UnsupportedError):
        option.trt_option.set_input_data("x", [1])
