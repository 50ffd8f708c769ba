"""Which engine, format, converter and precision could run a model."""

from __future__ import annotations

import pytest

from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.config.validation import validate
from hpinfer.errors import ConfigError
from hpinfer.hpi.backend_options import backend_options, options_problem
from hpinfer.hpi.candidates import Candidate, Conversion, ModelFacts, candidates
from hpinfer.hpi.discovery import EngineStatus

ORT = EngineStatus("onnxruntime", usable=True, version="1.30", devices=("CPUExecutionProvider",))
OPENVINO = EngineStatus("openvino", usable=True, version="2026.1", devices=("CPU",))
PADDLE = EngineStatus("paddle", usable=True, version="3.2.2")
ALL = [ORT, OPENVINO, PADDLE]
CONVERTIBLE = Conversion("paddle2onnx 1.3.1", "")


def facts(*formats, name="M", conversion=None, operators=()):
    return ModelFacts(
        name,
        formats,
        conversion=conversion or Conversion(),
        operators=lambda _format: frozenset(operators),
    )


def settings(**hpi):
    top = {key: hpi.pop(key) for key in ("use_hpip", "device", "precision") if key in hpi}
    return HPISettings(hpi=validate(HPIConfig, hpi, where="hpi_config"), **top)


def labels(found):
    return [item.label for item in found.usable]


def test_labels_name_engine_precision_format_and_converter():
    assert Candidate("openvino", "pdmodel", None, "bf16").label == "openvino bf16 from .pdmodel"
    converted = Candidate("onnxruntime", "pir", "paddle2onnx 2.1.0")
    assert converted.label == "onnxruntime fp32 from PIR .json by paddle2onnx 2.1.0"


def test_onnx_is_read_by_the_onnx_engines_only():
    found = candidates(facts("onnx"), ALL, settings())
    assert labels(found) == ["openvino fp32 from .onnx", "onnxruntime fp32 from .onnx"]
    assert found.rejected["paddle"].reason == "reads .pdmodel, PIR .json; the model has .onnx"
    assert found.rejected["paddle"].kind == "format"


def test_pdmodel_is_read_directly_or_converted():
    found = candidates(facts("pdmodel", conversion=CONVERTIBLE), ALL, settings())
    assert set(labels(found)) == {
        "paddle fp32 from .pdmodel",
        "openvino fp32 from .pdmodel",
        "openvino fp32 from .pdmodel by paddle2onnx 1.3.1",
        "onnxruntime fp32 from .pdmodel by paddle2onnx 1.3.1",
    }
    openvino = [label for label in labels(found) if label.startswith("openvino")]
    assert openvino[0] == "openvino fp32 from .pdmodel"  # the most complete route comes first


def test_pir_needs_paddle_or_a_conversion():
    conversion = Conversion(None, "paddle2onnx is not installed")
    found = candidates(facts("pir", conversion=conversion), ALL, settings())
    assert labels(found) == ["paddle fp32 from PIR .json"]
    assert found.rejected["onnxruntime"].reason.endswith(
        "not converted: paddle2onnx is not installed"
    )


def test_own_onnx_is_taken_instead_of_a_conversion():
    found = candidates(facts("onnx", "pdmodel", conversion=CONVERTIBLE), ALL, settings())
    assert not [label for label in labels(found) if "paddle2onnx" in label]
    assert "openvino fp32 from .onnx" in labels(found)


def test_conversion_can_be_switched_off():
    found = candidates(
        facts("pdmodel", conversion=CONVERTIBLE), ALL, settings(auto_paddle2onnx=False)
    )
    assert labels(found) == ["paddle fp32 from .pdmodel", "openvino fp32 from .pdmodel"]
    assert "auto_paddle2onnx" in found.rejected["onnxruntime"].reason


def test_absent_and_broken_engines_are_out_with_the_loaders_words():
    broken = EngineStatus("openvino", usable=False, reason="libopenvino_c.so: no such file")
    found = candidates(facts("onnx"), [ORT, broken], settings())
    assert labels(found) == ["onnxruntime fp32 from .onnx"]
    assert found.rejected["openvino"].reason == "libopenvino_c.so: no such file"
    for engine in ("paddle", "tensorrt", "om"):
        assert found.rejected[engine].reason == "not part of this build"


def test_an_npu_has_one_engine_and_that_reads_compiled_models():
    om = EngineStatus("om", usable=True, devices=("NPU 0: Ascend310P3",))
    for device, expected in (
        ("npu", ["om fp32 from .om"]),
        ("cpu", ["onnxruntime fp32 from .onnx"]),
    ):
        assert (
            labels(candidates(facts("onnx", "om"), [ORT, om], settings(device=device))) == expected
        )
    found = candidates(facts("onnx"), [ORT, om], settings(device="npu:1"))
    assert "compile it with atc" in found.rejected["om"].reason
    assert "does not run on an NPU" in found.rejected["onnxruntime"].reason
    without = EngineStatus("om", usable=True)
    found = candidates(facts("om"), [without], settings(device="npu"))
    assert "no Ascend NPU here" in found.rejected["om"].reason


def test_a_gpu_is_never_replaced_by_the_processor():
    found = candidates(facts("onnx", "pdmodel"), ALL, settings(device="gpu:0"))
    assert labels(found) == []
    assert "install paddlepaddle-gpu" in found.rejected["paddle"].reason
    assert "install onnxruntime-gpu" in found.rejected["onnxruntime"].reason
    assert "CPU only" in found.rejected["openvino"].reason
    with_cuda = EngineStatus("onnxruntime", usable=True, devices=("CUDAExecutionProvider",))
    assert labels(candidates(facts("onnx"), [with_cuda], settings(device="gpu"))) == [
        "onnxruntime fp32 from .onnx"
    ]


def test_several_gpus_are_for_onnxruntime():
    statuses = [
        EngineStatus("onnxruntime", usable=True, devices=("CUDAExecutionProvider",)),
        EngineStatus("tensorrt", usable=True, devices=("gpu:0", "gpu:1")),
        EngineStatus("paddle", usable=True, devices=("GPU",)),
    ]
    found = candidates(facts("onnx"), statuses, settings(device="gpu:0,1"))
    assert labels(found) == ["onnxruntime fp32 from .onnx"]
    assert "it runs on one device" in found.rejected["tensorrt"].reason
    assert "it runs on one device" in found.rejected["paddle"].reason


@pytest.mark.parametrize("device", ["tpu", "cpu:0", "gpu:x", ""])
def test_unknown_devices_are_refused(device):
    with pytest.raises(ConfigError, match="device must be"):
        candidates(facts("onnx"), ALL, settings(device=device))


def test_lower_precisions_are_candidates_only_when_asked_for():
    model = facts("onnx")
    assert not [
        item
        for item in candidates(model, ALL, settings(), reduced_precisions=["bf16"]).usable
        if item.precision != "fp32"
    ]
    auto = candidates(model, ALL, settings(precision="auto"), reduced_precisions=["bf16"])
    assert "openvino bf16 from .onnx" in labels(auto)
    assert "openvino fp32 from .onnx" in labels(auto)
    asked = candidates(model, ALL, settings(backend_config={"precision": "bf16"}))
    assert labels(asked) == ["openvino bf16 from .onnx"]
    assert asked.rejected["onnxruntime"].kind == "precision"


def test_an_unknown_precision_is_an_error():
    with pytest.raises(ConfigError, match="precision must be"):
        candidates(facts("onnx"), ALL, settings(backend_config={"precision": "int8"}))


@pytest.mark.parametrize(
    ("model", "engine", "reason"),
    [
        (facts("onnx", operators=["Conv", "Loop"]), "openvino", "Loop"),
        (facts("pdmodel", name="UVDoc"), "openvino", "grid_sample"),
        (facts("pdmodel", operators=["write_to_array"]), "openvino", "tensor arrays"),
        (facts("pdmodel", name="YOLOv3-DarkNet53"), "openvino", "infinite"),
        (facts("pdmodel", operators=["index_put"]), "openvino", "index_put"),
        (
            facts("pir", name="SwinTransformer_tiny_patch4_window7_224", conversion=CONVERTIBLE),
            "openvino",
            "sequences",
        ),
    ],
)
def test_known_faults_are_rejected_instead_of_tried(model, engine, reason):
    found = candidates(model, ALL, settings())
    faulty = [item for item in found.faulty if item.engine == engine]
    assert faulty
    assert reason in found.rejected[faulty[0].label].reason
    assert not set(faulty) & set(found.usable)


def test_a_decoder_from_pir_is_left_to_the_check_of_its_conversion():
    """The zoo's SLANet_plus converts and agrees with Paddle; a conversion that fails is told."""
    model = facts("pir", name="SLANet_plus", conversion=CONVERTIBLE)
    found = candidates(model, ALL, settings())
    assert "onnxruntime" in {item.engine for item in found.usable}


def test_mask_rt_detr_from_pir_runs_in_openvino():
    """The zoo's Mask-RT-DETR-L agrees with Paddle there."""
    model = facts("pir", name="Mask-RT-DETR-L", conversion=CONVERTIBLE)
    found = candidates(model, ALL, settings())
    assert "openvino" in {item.engine for item in found.usable}


def test_faults_of_other_models_do_not_matter():
    found = candidates(facts("pdmodel", operators=["conv2d", "while"]), ALL, settings())
    assert "openvino fp32 from .pdmodel" in labels(found)
    assert found.faulty == ()


def test_files_are_read_for_operators_only_where_loops_may_be():
    def read(_format):
        raise AssertionError("the file must not be read")

    model = ModelFacts("M", ("onnx",), "text_recognition", operators=read)
    assert len(candidates(model, ALL, settings()).usable) == 2


def test_backend_options_of_another_engine_rule_an_engine_out():
    asked = settings(backend_config={"run_mode": "mkldnn"})
    found = candidates(facts("onnx", "pdmodel"), ALL, asked, options_problem=options_problem)
    assert {item.engine for item in found.usable} == {"paddle"}
    assert found.rejected["openvino"].kind == "options"
    assert "run_mode" in found.rejected["openvino"].reason


def test_backend_options_become_session_options():
    asked = settings(
        backend_config={"cpu_num_threads": 3, "engine_config": {"A": "1"}, "precision": "auto"}
    )
    assert backend_options("openvino", asked) == {"num_threads": 3, "engine_config": {"A": "1"}}
    assert backend_options("onnxruntime", settings()) == {}
    plain = settings(use_hpip=False, backend_config={"cpu_num_threads": 3})
    assert backend_options("onnxruntime", plain) == {}
    with pytest.raises(ConfigError, match="cpu_num_threads"):
        backend_options("openvino", settings(backend_config={"cpu_num_thread": 3}))
