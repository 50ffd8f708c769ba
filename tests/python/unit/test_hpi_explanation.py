"""What people and programs are told of a choice."""

from __future__ import annotations

import json

from hpinfer.hpi.candidates import Candidate
from hpinfer.hpi.explanation import ArtifactUse, Explanation, PipelineExplanation

EXPLANATION = Explanation(
    model="M",
    chosen=Candidate("openvino", "pdmodel", None, "bf16"),
    source="measured",
    reason="the next takes 1.60 times as long (2026-11-20)",
    rejected={"tensorrt": "not part of this build", "om": "not part\n of this build"},
    fallbacks={"onnxruntime fp32 from .onnx": "the file is truncated"},
    timings_ms={"onnxruntime fp32 from .onnx": 20.0, "openvino bf16 from .pdmodel": 10.0},
    agreements={"openvino bf16 from .pdmodel": "0 of 40 steps read another character"},
    assumptions=("M is not in the lists",),
    artifacts=(ArtifactUse("conversion", "some/inference.onnx", True, 1.25, "paddle2onnx 1.3.1"),),
    threads=2,
    load_seconds=0.5,
    origins={"backend": "--engine"},
)


def test_a_person_reads_the_choice_first_then_why_and_what_else():
    lines = str(EXPLANATION).splitlines()
    assert lines[0] == "M: openvino bf16 from .pdmodel on cpu"
    assert lines[1].split(maxsplit=1) == [
        "why",
        "measured on this machine: the next takes 1.60 times as long (2026-11-20)",
    ]
    text = "\n".join(lines)
    assert text.index("10.00 ms  chosen") < text.index("20.00 ms")
    for part in (
        "0 of 40 steps read another character",
        "the file is truncated",
        "om        not part of this build",
        "M is not in the lists",
        "made in 1.25 s (paddle2onnx 1.3.1): some/inference.onnx",
        "in 0.50 s, 2 threads",
        "backend  --engine",
    ):
        assert part in text


def test_entries_without_content_are_left_out():
    short = Explanation("M", Candidate("onnxruntime", "onnx"), "asked", "asked for", threads=1)
    assert [line.split()[0] for line in str(short).splitlines()] == ["M:", "why", "loaded"]


def test_a_program_gets_everything_as_json():
    data = json.loads(json.dumps(EXPLANATION.to_dict()))
    assert data["chosen"]["label"] == "openvino bf16 from .pdmodel"
    assert data["chosen"]["engine"] == "openvino"
    assert data["timings_ms"]["openvino bf16 from .pdmodel"] == 10.0
    assert data["artifacts"][0]["built"] is True
    assert data["rejected"]["tensorrt"] == "not part of this build"


def test_a_pipeline_explains_each_model():
    pipeline = PipelineExplanation((EXPLANATION, EXPLANATION))
    assert str(pipeline).count("M: openvino") == 2
    assert [model["model"] for model in pipeline.to_dict()["models"]] == ["M", "M"]
