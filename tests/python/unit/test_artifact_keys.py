"""Every field counts: with a recording builder for TensorRT, no change meets an old engine."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from hpinfer.errors import InvalidInputError, InvalidTypeError, ModelNotFoundError
from hpinfer.hpi import content_hash as content_hash_module
from hpinfer.hpi.artifact_keys import (
    CpuIdentity,
    GpuIdentity,
    ShapeProfile,
    converted_onnx_key,
    onnxruntime_graph_key,
    openvino_blob_key,
    tensorrt_engine_key,
    tensorrt_timing_key,
    this_cpu,
    tuning_key,
)
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore, content_hash

GPU = GpuIdentity(name="NVIDIA A10", compute_capability="8.6", driver="550.54.15", cuda="12.4")
CPU = CpuIdentity("Xeon", ("scalar", "avx2"))
SHAPE = ShapeProfile((1, 3, 32, 32), (1, 3, 640, 640), (8, 3, 1280, 1280))
OPTIONS = {
    "workspace": 1 << 30,
    "optimization_level": 3,
    "timing_cache": True,
    "refit": False,
    "plugins": ["a", "b"],
    "hardware_compatibility": None,
}


class FakeTensorRT:
    """Builds a "plan" that says what it was built for, and a timing cache; records every build."""

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store
        self.builds: list[dict] = []

    def engine(self, model, *, version="11.1", device=GPU, precision="fp32", profiles=None, **more):
        profiles = [{"x": SHAPE}] if profiles is None else profiles
        options = {**OPTIONS, **more}
        key = tensorrt_engine_key(
            model=content_hash([model]),
            engine_version=version,
            device=device,
            precision=precision,
            profiles=profiles,
            options=options,
        )
        plan = json.dumps(
            [model.read_text(), version, repr(device), precision, repr(profiles), options]
        )

        def build(folder):
            self.builds.append({"precision": precision, "timings": self.timings(version, device)})
            (folder / "engine.plan").write_text(plan)

        artifact = self.store.get_or_build(key, build)
        assert (artifact.path / "engine.plan").read_text() == plan
        return artifact

    def timings(self, version, device):
        """How many builds the timing cache has seen before this one; adds this one."""
        key = tensorrt_timing_key(engine_version=version, device=device)
        with self.store.directory_for(key) as folder:
            cache = folder / "timing.cache"
            seen = int(cache.read_text()) if cache.exists() else 0
            cache.with_suffix(".new").write_text(str(seen + 1))
            cache.with_suffix(".new").replace(cache)
        return seen


@pytest.fixture
def tensorrt(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))
    return FakeTensorRT(ArtifactStore([tmp_path / "root"]))


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "inference.onnx"
    path.write_text("model one")
    return path


def bounds():
    """A profile for every single bound of `SHAPE` changed."""
    for field in ("smallest", "usual", "largest"):
        for axis in range(4):
            dims = list(getattr(SHAPE, field))
            dims[axis] += 1
            changed = replace(SHAPE, **{field: tuple(dims)})
            yield pytest.param({"profiles": [{"x": changed}]}, id=f"{field}-{axis}")


CHANGES = [
    pytest.param({"version": "11.2"}, id="engine version"),
    *(pytest.param({"precision": name}, id=name) for name in ("fp16", "int8")),
    *(
        pytest.param({"device": replace(GPU, **{field: "other"})}, id=field)
        for field in ("name", "compute_capability", "driver", "cuda")
    ),
    *bounds(),
    pytest.param({"profiles": [{"y": SHAPE}]}, id="input name"),
    pytest.param({"profiles": [{"x": SHAPE}, {"x": SHAPE}]}, id="second profile"),
    pytest.param({"profiles": [{"x": SHAPE, "y": SHAPE}]}, id="second input"),
    pytest.param({"profiles": []}, id="no profile"),
    pytest.param({"workspace": 1 << 31}, id="workspace"),
    pytest.param({"optimization_level": 4}, id="optimization level"),
    pytest.param({"timing_cache": False}, id="timing cache"),
    pytest.param({"refit": True}, id="refit"),
    pytest.param({"plugins": ["b", "a"]}, id="order of plugins"),
    pytest.param({"hardware_compatibility": "ampere+"}, id="compatibility"),
    pytest.param({"new_option": None}, id="another option"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_setting_never_meets_the_old_engine(tensorrt, model, change):
    first = tensorrt.engine(model)
    changed = tensorrt.engine(model, **change)  # compares the plan with what was asked for
    assert changed.built
    assert changed.path != first.path
    assert not tensorrt.engine(model).built
    assert not tensorrt.engine(model, **change).built
    assert len(tensorrt.builds) == 2


def test_the_timing_cache_grows_with_every_build_of_one_gpu(tensorrt, model):
    tensorrt.engine(model)
    tensorrt.engine(model, precision="fp16")
    tensorrt.engine(model)
    tensorrt.engine(model, device=replace(GPU, name="other"))
    tensorrt.engine(model, workspace=1)
    assert [build["timings"] for build in tensorrt.builds] == [0, 1, 0, 2]


def test_switching_back_and_forth_builds_each_engine_once(tensorrt, model):
    for precision in ("fp32", "fp16", "fp32", "fp16"):
        tensorrt.engine(model, precision=precision)
    assert [build["precision"] for build in tensorrt.builds] == ["fp32", "fp16"]


def test_a_model_changed_in_place_with_size_and_time_kept_is_built_again(tensorrt, model):
    os.utime(model, ns=(1, 1))
    tensorrt.engine(model)
    with model.open("r+") as stream:
        stream.write("MODEL TWO")
    os.utime(model, ns=(1, 1))
    tensorrt.engine(model)
    assert len(tensorrt.builds) == 2


KEYS = {
    converted_onnx_key: {
        "model": ("a", "b"),
        "converter": ("paddle2onnx", "other"),
        "converter_version": ("1.3.1", "2.1.0"),
        "opset": (11, 14),
        "repairs": ((), ("squeeze-axes 1",)),
        "options": (None, {"optimize": True}),
    },
    onnxruntime_graph_key: {
        "model": ("a", "b"),
        "engine_version": ("1.20", "1.21"),
        "providers": (("CPU",), ("CUDA", "CPU")),
        "device": (CPU, replace(CPU, isas=("scalar",)), replace(CPU, name="EPYC"), GPU),
        "precision": ("fp32", "bf16"),
        "optimization": ("all", "extended"),
        "options": (None, {"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"b": 1}),
    },
    openvino_blob_key: {
        "model": ("a", "b"),
        "engine_version": ("2025.1", "2025.2"),
        "device": ("CPU", "GPU"),
        "identity": (CPU, replace(CPU, isas=("scalar",)), replace(CPU, name="EPYC"), GPU),
        "precision": ("f32", "bf16"),
        "num_threads": (1, 2),
        "shapes": (None, {}, {"x": (1, 3, -1)}, {"x": (1, 3, 4)}, {"y": (1, 3, 4)}),
        "options": (None, {"PERFORMANCE_HINT": "LATENCY"}, {"PERFORMANCE_HINT": "THROUGHPUT"}),
    },
    tensorrt_timing_key: {
        "engine_version": ("11.1", "11.2"),
        "device": (GPU, *(replace(GPU, **{name: "x"}) for name in ("name", "driver", "cuda"))),
    },
    tuning_key: {
        "model": ("a", "b"),
        "hpinfer_version": ("0.1", "0.2"),
        "engines": ({"openvino": "1"}, {"openvino": "2"}, {"openvino": "1", "onnxruntime": "1"}),
        "device": ("cpu", "gpu:0"),
        "identity": (CPU, replace(CPU, name="EPYC")),
        "num_threads": (1, 2),
        "inputs": (None, {"x": (1, 3)}, {"x": (1, 4)}),
        "options": (None, {"precisions": ["fp32"]}),
    },
}


@pytest.mark.parametrize("make", KEYS, ids=lambda make: make.__name__)
def test_every_argument_changes_the_digest(make):
    usual = {name: values[0] for name, values in KEYS[make].items()}
    assert make(**usual).digest == make(**usual).digest
    digests = [make(**usual).digest]
    for name, values in KEYS[make].items():
        digests += [make(**{**usual, name: value}).digest for value in values[1:]]
    assert len(set(digests)) == len(digests)


def test_kinds_do_not_share_digests():
    kinds = ("onnx", "openvino-blob", "tuning")
    assert len({ArtifactKey(kind, {"model": "a"}).digest for kind in kinds}) == 3


def test_a_key_is_a_value():
    fields = {"a": [1, 2], "b": {"c": None}}
    key = ArtifactKey("onnx", fields)
    same = ArtifactKey("onnx", {"b": {"c": None}, "a": (1, 2)})
    fields["a"].append(3)
    assert key == same
    assert {key: 1}[same] == 1
    assert key != ArtifactKey("onnx", {**same.fields, "a": [1, 2, 3]})
    assert key.digest == ArtifactKey("onnx", key.fields).digest


@pytest.mark.parametrize("fields", [{"a": {1: 2}}, {"a": b"x"}, {"a": {1, 2}}, {"a": object()}, []])
def test_what_json_would_bend_is_refused(fields):
    with pytest.raises(InvalidTypeError, match="fields"):
        ArtifactKey("onnx", fields)


def test_bad_keys_are_refused():
    with pytest.raises(InvalidInputError, match="kind must be one of onnx"):
        ArtifactKey("engine", {})
    with pytest.raises(InvalidInputError, match=r"fields\.a\[0\]"):
        ArtifactKey("onnx", {"a": [float("nan")]})


def test_this_cpu_is_named():
    assert this_cpu().isas[0] == "scalar"
    assert this_cpu() == this_cpu()


# --- content_hash ------------------------------------------------------------------------------


def test_names_do_not_count_but_order_and_borders_do(tmp_path):
    for name, text in {"a": "xy", "b": "z", "c": "x", "d": "yz", "e": "xy"}.items():
        (tmp_path / name).write_text(text)
    files = {name: tmp_path / name for name in "abcde"}
    assert content_hash([files["a"], files["b"]]) == content_hash([files["e"], files["b"]])
    assert content_hash([files["a"], files["b"]]) != content_hash([files["b"], files["a"]])
    assert content_hash([files["a"], files["b"]]) != content_hash([files["c"], files["d"]])


def test_a_settled_file_is_read_once(tmp_path, monkeypatch):
    file = tmp_path / "weights"
    file.write_bytes(b"w" * 100)
    read: list[str] = []
    real = content_hash_module._read
    monkeypatch.setattr(
        content_hash_module, "_read", lambda path: (read.append(path.name), real(path))[1]
    )
    content_hash([file])
    content_hash([file])
    assert len(read) == 2, "a file this young may change without a new stamp"
    monkeypatch.setattr(content_hash_module, "_SETTLED_NS", -(10**12))
    digests = {content_hash([file]) for _ in range(3)}
    assert (len(read), len(digests)) == (3, 1)
    stamps = file.stat()
    file.write_bytes(b"v" * 100)
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    assert content_hash([file]) not in digests


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        content_hash([tmp_path / "nowhere"])
