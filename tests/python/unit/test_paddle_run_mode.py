"""The run mode of Paddle Inference: faults of releases and models, and what a machine can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hpinfer.errors import UnsupportedError
from hpinfer.paddle_inference import Machine, ProgramFacts, decide_new_ir, decide_run_mode
from hpinfer.paddle_inference.model_name import model_name_beside

if TYPE_CHECKING:
    from pathlib import Path

CPU = Machine()
PIR = ProgramFacts("pir")
LEGACY = ProgramFacts("pdmodel")


def test_onednn_is_the_usual_mode_on_a_cpu() -> None:
    for version in ("3.0.0", "3.2.2", "3.4.0"):
        assert decide_run_mode(version, PIR, None, CPU) == ("mkldnn", ())
    assert decide_run_mode("3.2.2", PIR, None, Machine(device="gpu", cuda=True)) == ("paddle", ())


@pytest.mark.parametrize("mode", ["paddle", "paddle_fp32", "mkldnn"])
def test_a_mode_without_a_fault_is_taken_as_asked(mode) -> None:
    assert decide_run_mode("3.2.2", PIR, mode, CPU) == (mode, ())


@pytest.mark.parametrize("version", ["3.3.0", "3.3.1", "3.3.1.post2"])
@pytest.mark.parametrize("requested", [None, "mkldnn"])
def test_onednn_is_off_for_pir_in_3_3(version, requested) -> None:
    mode, reasons = decide_run_mode(version, PIR, requested, CPU)
    assert mode == "paddle"
    (reason,) = reasons
    assert version in reason
    assert "oneDNN is off" in reason


def test_a_pdmodel_avoids_the_fault_of_3_3_without_pir() -> None:
    new_ir = decide_new_ir("3.3.1", LEGACY, None)
    assert new_ir is False
    assert decide_run_mode("3.3.1", LEGACY, None, Machine(new_ir=new_ir)) == ("mkldnn", ())
    forced = decide_new_ir("3.3.1", LEGACY, True)
    mode, reasons = decide_run_mode("3.3.1", LEGACY, None, Machine(new_ir=forced))
    assert mode == "paddle"
    assert reasons


@pytest.mark.parametrize(
    ("version", "facts", "requested", "device", "expected"),
    [
        ("3.2.2", LEGACY, None, "cpu", True),
        ("3.2.2", LEGACY, False, "cpu", False),
        ("3.3.1", LEGACY, None, "gpu", True),
        ("3.3.1", PIR, None, "cpu", True),
        ("3.2.2", PIR, False, "cpu", True),
        ("3.2.2", ProgramFacts("pdmodel", "LaTeX_OCR_rec"), None, "cpu", False),
        ("3.2.2", ProgramFacts("pdmodel", "LaTeX_OCR_rec"), True, "cpu", True),
    ],
)
def test_when_a_program_runs_through_pir(version, facts, requested, device, expected) -> None:
    assert decide_new_ir(version, facts, requested, device=device) is expected


@pytest.mark.parametrize("version", ["3.0.0", "3.2.2", "3.4.0"])
def test_onednn_is_off_for_aligned_bilinear_resizing(version) -> None:
    mode, reasons = decide_run_mode(version, ProgramFacts("pir", "", True), None, CPU)
    assert mode == "paddle"
    assert "align_corners" in reasons[0]


@pytest.mark.parametrize("version", ["3.0.0", "3.2.2", "3.4.0"])
def test_onednn_is_off_for_products_of_reduced_rows(version) -> None:
    facts = ProgramFacts("pir", "", multiplied_rows=True)
    mode, reasons = decide_run_mode(version, facts, None, CPU)
    assert mode == "paddle"
    assert "reduced rows" in reasons[0]


@pytest.mark.parametrize(
    "name",
    [
        *("LaTeX_OCR_rec", "UVDoc", "SLANet", "SLANet_plus", "PP-FormulaNet-S", "UniMERNet"),
        *("PP-FormulaNet_plus-L", "Mask-RT-DETR-M", "Mask-RT-DETR-S"),
        *("PP-DocLayoutV2", "PP-DocLayoutV3"),
    ],
)
def test_models_of_the_blocklist_run_without_onednn(name) -> None:
    mode, reasons = decide_run_mode("3.2.2", ProgramFacts("pdmodel", name), "mkldnn", CPU)
    assert mode == "paddle"
    assert name in reasons[0]


@pytest.mark.parametrize("name", ["", "SLANeXt_wired", "Mask-RT-DETR-L", "PP-DocLayout-L"])
def test_other_models_run_with_onednn(name) -> None:
    assert decide_run_mode("3.2.2", ProgramFacts("pdmodel", name), None, CPU) == ("mkldnn", ())


def test_every_reason_is_told() -> None:
    facts = ProgramFacts("pir", "UVDoc", aligned_bilinear=True)
    assert len(decide_run_mode("3.3.1", facts, None, CPU)[1]) == 3
    assert decide_run_mode("3.3.1", facts, "paddle", CPU) == ("paddle", ())


@pytest.mark.parametrize(
    ("mode", "machine", "words"),
    [
        ("trt_fp16", CPU, "CPU-only build"),
        ("trt_fp32", Machine(cuda=True), "CUDA build"),
        ("trt_int8", Machine(device="gpu"), "needs a CUDA build"),
        ("paddle", Machine(device="gpu"), "needs a CUDA build"),
        ("paddle_fp16", CPU, "needs device 'gpu'"),
        ("mkldnn", Machine(device="gpu", cuda=True), "is for device 'cpu'"),
        ("mkldnn_bf16", CPU, "AVX-512 BF16"),
    ],
)
def test_modes_that_cannot_run_here(mode, machine, words) -> None:
    with pytest.raises(UnsupportedError, match=words):
        decide_run_mode("3.2.2", PIR, mode, machine)


def test_a_precision_is_never_dropped_silently() -> None:
    able = Machine(bf16=True)
    assert decide_run_mode("3.2.2", PIR, "mkldnn_bf16", able) == ("mkldnn_bf16", ())
    with pytest.raises(UnsupportedError, match=r"'mkldnn_bf16' cannot be used.*oneDNN is off"):
        decide_run_mode("3.3.1", PIR, "mkldnn_bf16", able)


def test_modes_of_a_gpu() -> None:
    gpu = Machine(device="gpu", cuda=True)
    for mode in ("paddle", "paddle_fp32", "paddle_fp16", "trt_fp32", "trt_fp16", "trt_int8"):
        assert decide_run_mode("3.3.1", PIR, mode, gpu) == (mode, ())


def test_the_model_name_beside(tmp_path: Path) -> None:
    path = tmp_path / "inference.json"
    assert model_name_beside(path) == ""
    (tmp_path / "inference.yml").write_text("Global:\n  model_name: 'UVDoc'\nPreProcess: {}\n")
    assert model_name_beside(path) == "UVDoc"
