"""The choice: asked for, measured, known, or the family's rule; every refusal says why."""

from __future__ import annotations

import pytest

from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.config.validation import validate
from hpinfer.errors import (
    ConfigError,
    EngineUnavailableError,
    ModelFormatError,
    UnsupportedError,
)
from hpinfer.hpi.backend_options import options_problem
from hpinfer.hpi.candidates import Conversion, ModelFacts, candidates
from hpinfer.hpi.choice import choose, needs_measuring
from hpinfer.hpi.discovery import EngineStatus
from hpinfer.hpi.records import OUT_OF_TIME, Measurement, TuningRecord

ORT = EngineStatus("onnxruntime", usable=True, devices=("CPUExecutionProvider",))
OPENVINO = EngineStatus("openvino", usable=True)
PADDLE = EngineStatus("paddle", usable=True)
ALL = (ORT, OPENVINO, PADDLE)
OV_ONNX, ORT_ONNX = "openvino fp32 from .onnx", "onnxruntime fp32 from .onnx"
BF16 = "openvino bf16 from .onnx"


def make(model, statuses=ALL, record=None, **hpi):
    top = {key: hpi.pop(key) for key in ("use_hpip", "device", "precision") if key in hpi}
    settings = HPISettings(hpi=validate(HPIConfig, hpi, where="hpi_config"), **top)
    found = candidates(
        model,
        statuses,
        settings,
        reduced_precisions=["bf16"],
        options_problem=options_problem,
    )
    return choose(model, found, settings, record=record)


def model(*formats, name="ResNet50", family="classification", convertible=False, operators=()):
    conversion = Conversion("paddle2onnx 1.3.1", "") if convertible else Conversion()
    return ModelFacts(name, formats, family, conversion, lambda _format: frozenset(operators))


def record(**times):
    """A record from ``label=milliseconds``; text is the reason why a label is out."""
    return TuningRecord(
        tuple(
            Measurement(label, reason=value)
            if isinstance(value, str)
            else Measurement(label, milliseconds=value, rounds=15)
            for label, value in times.items()
        ),
        created="2026-11-20T12:00:00+00:00",
    )


def ranked(choice):
    return [item.label for item in choice.ranked]


def test_prior_knowledge_decides_without_a_measurement():
    choice = make(model("onnx"))
    assert ranked(choice) == [OV_ONNX, ORT_ONNX]
    assert choice.source == "prior"
    assert "PaddleX" in choice.reason
    assert choice.rejected["tensorrt"] == "not part of this build"


def test_an_unknown_model_follows_its_rule_and_the_assumption_is_told():
    choice = make(model("onnx", name="Mine", family="table"))
    assert ranked(choice)[0] == ORT_ONNX
    assert choice.source == "rule"
    assert any("Mine" in item for item in choice.assumptions)


def test_an_engine_that_the_list_omits_is_taken_last_and_said():
    choice = make(model("onnx", name="RT-DETR-L", family="detr"), [OPENVINO])
    assert ranked(choice) == [OV_ONNX]
    assert any("do not name openvino" in item for item in choice.assumptions)


def test_the_fastest_measured_one_wins_and_the_rest_stay_as_fallbacks():
    choice = make(model("onnx"), record=record(**{OV_ONNX: 20.0, ORT_ONNX: 10.0}))
    assert ranked(choice) == [ORT_ONNX, OV_ONNX]
    assert choice.source == "measured"
    assert "2.00 times" in choice.reason
    assert choice.timings_ms == {ORT_ONNX: 10.0, OV_ONNX: 20.0}


def test_a_tie_keeps_the_usual_order():
    choice = make(model("onnx"), record=record(**{OV_ONNX: 10.1, ORT_ONNX: 10.0}))
    assert ranked(choice)[0] == OV_ONNX
    assert "as fast as" in choice.reason


def test_no_measured_choice_is_over_five_percent_slower_than_the_best():
    for slower in (10.0, 10.15, 10.3, 10.6, 14.0):
        times = {OV_ONNX: slower, ORT_ONNX: 10.0}
        head = ranked(make(model("onnx"), record=record(**times)))[0]
        assert times[head] <= 10.5


def uneven(spread, rounds, slower=10.4):
    return TuningRecord(
        tuple(
            Measurement(label, milliseconds=time, spread=spread, rounds=rounds)
            for label, time in ((OV_ONNX, slower), (ORT_ONNX, 10.0))
        )
    )


@pytest.mark.parametrize(
    ("measured", "engine"),
    [
        (uneven(0.02, 15), "onnxruntime"),  # 4 % is more than the rounds scatter
        (uneven(0.50, 15), "openvino"),  # it is not
        (uneven(0.50, 1500), "onnxruntime"),
        (uneven(0.0, 15), "onnxruntime"),
        (uneven(9.00, 15, slower=10.6), "onnxruntime"),  # never slower than 1.05 times the best
        (uneven(0.0, 1, slower=12.0), "openvino"),  # one round says little
        (uneven(0.0, 1, slower=13.0), "onnxruntime"),
    ],
)
def test_what_the_measurement_cannot_tell_apart_keeps_the_usual_order(measured, engine):
    choice = make(model("onnx"), record=measured)
    assert choice.ranked[0].engine == engine
    assert choice.source == "measured"
    assert ("too few or uneven rounds" in choice.reason) is (engine == "openvino")


def test_what_disagreed_when_it_was_measured_is_not_even_a_fallback():
    choice = make(model("onnx"), record=record(**{OV_ONNX: "disagrees", ORT_ONNX: 10.0}))
    assert ranked(choice) == [ORT_ONNX]
    assert choice.rejected[OV_ONNX] == "disagrees"


def test_what_there_was_no_time_for_is_a_fallback_and_told():
    choice = make(model("onnx"), record=record(**{OV_ONNX: 10.0, ORT_ONNX: OUT_OF_TIME}))
    assert ranked(choice) == [OV_ONNX, ORT_ONNX]
    assert choice.rejected[ORT_ONNX] == OUT_OF_TIME


def test_a_record_of_other_candidates_is_ignored():
    choice = make(model("onnx"), record=record(**{"paddle fp32 from .pdmodel": 1.0}))
    assert choice.source == "prior"


def test_a_lower_precision_wins_only_by_measurement():
    assert BF16 not in ranked(make(model("onnx"), precision="auto"))
    times = record(**{BF16: 5.0, OV_ONNX: 10.0, ORT_ONNX: 12.0})
    assert ranked(make(model("onnx"), record=times, precision="auto"))[0] == BF16
    assert BF16 not in ranked(make(model("onnx"), record=times))
    refused = record(**{BF16: "reads another character", OV_ONNX: 10.0})
    choice = make(model("onnx"), record=refused, precision="auto")
    assert BF16 not in ranked(choice)
    assert choice.rejected[BF16] == "reads another character"


def test_a_lower_precision_asked_for_by_name_is_taken():
    assert ranked(make(model("onnx"), backend_config={"precision": "bf16"})) == [BF16]


def test_the_backend_asked_for_is_taken_with_its_routes_only():
    choice = make(model("pdmodel", convertible=True), backend="openvino")
    assert ranked(choice) == [
        "openvino fp32 from .pdmodel",
        "openvino fp32 from .pdmodel by paddle2onnx 1.3.1",
    ]
    assert choice.source == "asked"
    assert choice.reason.startswith("backend openvino; of its ways")


def test_the_backend_asked_for_is_refused_where_it_is_missing():
    with pytest.raises(EngineUnavailableError, match=r"openvino was asked for.*not part of"):
        make(model("onnx"), [ORT], backend="openvino")
    with pytest.raises(EngineUnavailableError, match=r"tensorrt.*not part of this build"):
        make(model("onnx"), backend="tensorrt")


def test_the_backend_asked_for_is_refused_for_a_format_or_a_known_fault():
    with pytest.raises(ModelFormatError, match=r"paddle: reads .pdmodel, PIR .json; .* has .onnx"):
        make(model("onnx"), backend="paddle")
    with pytest.raises(ModelFormatError, match="grid_sample"):
        make(model("pdmodel", name="UVDoc", family="unwarping"), backend="openvino")


def test_the_backend_asked_for_is_refused_for_a_precision_it_lacks():
    with pytest.raises(UnsupportedError, match="bf16 is not to be had"):
        make(model("onnx"), backend="onnxruntime", precision="bf16")


def test_options_that_do_not_fit_the_backend_asked_for_are_the_users_error():
    with pytest.raises(ConfigError, match=r"cpu_num_thread.*did you mean"):
        make(model("onnx"), backend="openvino", backend_config={"cpu_num_thread": 2})


def test_options_that_fit_no_engine_are_an_error():
    with pytest.raises(ConfigError, match="fits no usable engine"):
        make(model("onnx"), [ORT, OPENVINO], backend_config={"run_mode": "mkldnn"})


def test_nothing_installed_lists_everything_tried():
    with pytest.raises(EngineUnavailableError) as caught:
        make(model("onnx"), [])
    for name in ("openvino", "onnxruntime", "paddle", "tensorrt", "om", "pip install"):
        assert name in str(caught.value)


def test_nothing_that_reads_the_files_lists_everything_tried():
    with pytest.raises(ModelFormatError, match=r"onnxruntime: reads .onnx; the model has PIR"):
        make(model("pir"), [ORT, OPENVINO])


def test_manual_mode_takes_exactly_what_it_is_told_even_a_known_fault():
    faulty = model("pdmodel", name="UVDoc", family="unwarping")
    choice = make(faulty, auto_config=False, backend="openvino")
    assert ranked(choice) == ["openvino fp32 from .pdmodel"]
    assert choice.source == "asked"


def test_manual_mode_has_no_fallback_and_no_measurement():
    choice = make(
        model("pdmodel", convertible=True),
        record=record(**{"openvino fp32 from .pdmodel by paddle2onnx 1.3.1": 1.0}),
        auto_config=False,
        backend="openvino",
    )
    assert ranked(choice) == ["openvino fp32 from .pdmodel"]


def test_manual_mode_without_a_backend_or_with_a_missing_one_fails():
    with pytest.raises(ValueError, match="backend"):
        make(model("onnx"), auto_config=False)
    with pytest.raises(EngineUnavailableError, match="paddle"):
        make(model("onnx"), [ORT], auto_config=False, backend="paddle")
    with pytest.raises(ModelFormatError, match=r"the model has .onnx"):
        make(model("onnx"), auto_config=False, backend="paddle")


def test_plain_inference_takes_paddle_on_paddle_files():
    choice = make(model("onnx", "pdmodel", convertible=True), use_hpip=False)
    assert ranked(choice) == ["paddle fp32 from .pdmodel"]
    assert choice.source == "plain"


def test_plain_inference_without_paddle_takes_onnxruntime_on_the_onnx_file():
    choice = make(model("onnx", "pdmodel"), [ORT, OPENVINO], use_hpip=False)
    assert ranked(choice) == [ORT_ONNX]


def test_plain_inference_converts_nothing_and_falls_back_on_nothing():
    with pytest.raises(ModelFormatError, match="nothing is converted"):
        make(model("pdmodel", convertible=True), [ORT, OPENVINO], use_hpip=False)


def test_plain_inference_on_a_named_engine_is_on_that_engine():
    assert ranked(make(model("onnx"), use_hpip=False, backend="openvino")) == [OV_ONNX]
    with pytest.raises(ModelFormatError, match=r"asked for with use_hpip=False"):
        make(model("pir", convertible=True), use_hpip=False, backend="onnxruntime")


def test_what_the_models_file_selects_comes_first_until_it_is_measured():
    wish = HPISettings(preferred_backend="onnxruntime")
    facts = model("onnx")
    found = candidates(facts, ALL, wish)
    assert ranked(choose(facts, found, wish))[0] == ORT_ONNX
    assert ranked(choose(facts, found, HPISettings()))[0] == OV_ONNX


@pytest.mark.parametrize(
    ("hpi", "expected"),
    [
        ({}, True),
        ({"use_hpip": False}, False),
        ({"auto_config": False, "backend": "openvino"}, False),
        ({"backend": "onnxruntime"}, False),  # one way to run it
    ],
)
def test_only_automatic_mode_with_several_candidates_is_measured(hpi, expected):
    use_hpip = hpi.pop("use_hpip", None)
    settings = HPISettings(use_hpip=use_hpip, hpi=HPIConfig(**hpi))
    found = candidates(model("onnx"), ALL, settings)
    assert needs_measuring(found, settings) is expected
