"""The choice of engine on real models: measured, stored, reused, and never the wrong artifact."""

from __future__ import annotations

import json
import logging
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from example_pages import ENGINES, IMAGES

import hpinfer
from hpinfer.cli.root import root
from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.errors import ConversionError, ModelFormatError
from hpinfer.hpi import tuning
from hpinfer.hpi.candidates import Conversion
from hpinfer.hpi.machine import this_machine
from hpinfer.hub import resolve
from hpinfer.models import load_model, loading, locate_model
from hpinfer.models.retuning import measure_loaded_models

DET, REC = "PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec"
BOTH = {"onnxruntime", "openvino"} <= set(ENGINES)


def settings(**hpi):
    top = {key: hpi.pop(key) for key in ("use_hpip", "precision", "device") if key in hpi}
    return HPISettings(hpi=HPIConfig(**hpi), **top)


QUICK = settings(tune="quick")


@pytest.fixture
def model_dir(tmp_path):
    """A private copy of a model's ONNX directory, whose artifacts are its own."""

    def copy(name, kind="onnx", folder="model"):
        source = resolve(name, formats=(kind,)).directory
        shutil.copytree(source, tmp_path / folder, ignore=shutil.ignore_patterns(".cache"))
        return tmp_path / folder

    return copy


@pytest.fixture
def tunings(monkeypatch):
    """Counts the tunings that really happen, with few rounds each."""
    monkeypatch.setattr(tuning, "_MAX_ROUNDS", 3)
    calls = []

    def counted(*args, **options):
        calls.append(options)
        return tuning.tune(*args, **{**options, "budget_s": 30.0})

    monkeypatch.setattr(loading, "tune", counted)
    return calls


def located(directory, name=DET):
    return locate_model(name, model_dir=directory)


def load(directory, wanted=None, name=DET, **options):
    return load_model(located(directory, name), wanted, **options)


def run(loaded):
    feed = np.full((1, 3, 64, 64), 0.5, np.float32)
    return loaded.session.run([feed])[0]


def test_without_a_record_prior_knowledge_chooses_and_nothing_is_measured(model_dir, tunings):
    explanation = load(model_dir(DET)).explanation
    assert explanation.source == "prior"
    assert explanation.engine == ("openvino" if "openvino" in ENGINES else "onnxruntime")
    assert tunings == []


@pytest.mark.skipif(not BOTH, reason="one engine leaves nothing to measure")
@pytest.mark.parametrize("name", [DET, REC])
def test_measured_once_then_remembered(model_dir, tunings, name):
    directory = model_dir(name)
    first = load(directory, QUICK, name).explanation
    assert len(tunings) == 1
    assert first.source == "measured"
    assert set(first.timings_ms) == {"openvino fp32 from .onnx", "onnxruntime fp32 from .onnx"}
    assert first.timings_ms[first.chosen.label] <= 1.05 * min(first.timings_ms.values())
    assert all(first.agreements.values())
    again = load(directory, QUICK, name).explanation
    without_asking = load(directory, None, name).explanation
    assert len(tunings) == 1
    for later in (again, without_asking):
        assert (later.source, later.chosen) == ("measured", first.chosen)
        assert later.timings_ms == first.timings_ms


@pytest.mark.skipif(not BOTH, reason="one engine leaves nothing to measure")
def test_what_the_record_depends_on_is_measured_anew(model_dir, tunings, monkeypatch):
    directory = model_dir(DET)
    load(directory, QUICK)
    changed = [
        (QUICK, {"num_streams": 2}),
        (QUICK, {"num_threads": 1}),
        (settings(tune="quick", backend_config={"cpu_num_threads": 1}), {}),
    ]
    if this_machine().reduced_precisions:
        changed.append((settings(tune="quick", precision="auto"), {}))
    for count, (wanted, options) in enumerate(changed, start=2):
        load(directory, wanted, **options)
        assert len(tunings) == count
        load(directory, wanted, **options)
        assert len(tunings) == count
    before = len(tunings)
    statuses = [
        type(item)(item.name, item.usable, item.version + ".1", item.library, item.devices)
        for item in loading.engines()
    ]
    monkeypatch.setattr(loading, "engines", lambda: statuses)
    load(directory, QUICK)
    assert len(tunings) == before + 1


@pytest.mark.skipif(not BOTH, reason="one engine leaves nothing to measure")
def test_an_interrupted_tuning_leaves_nothing(model_dir, tunings, monkeypatch):
    directory = model_dir(DET)

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loading, "tune", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load(directory, QUICK)
    assert load(directory).explanation.source == "prior"
    assert load(directory, QUICK).explanation.source == "measured"
    assert len(tunings) == 1


@pytest.mark.skipif(not BOTH, reason="one engine leaves nothing to measure")
def test_a_model_changed_in_place_meets_neither_its_old_record_nor_its_old_engine(
    model_dir, tunings
):
    directory, other = model_dir(DET), model_dir("PP-OCRv6_small_det", folder="other")
    old = load(directory, QUICK)
    before = run(old)
    (directory / "inference.onnx").write_bytes((other / "inference.onnx").read_bytes())
    changed = load(directory)
    assert changed.explanation.source == "prior"
    after = run(changed)
    assert not np.allclose(after, before, rtol=0.5, atol=0)
    expected = run(load(other, name="PP-OCRv6_small_det"))
    assert np.array_equal(after, expected)


@pytest.mark.skipif("openvino" not in ENGINES, reason="OpenVINO keeps compiled models")
def test_a_compiled_model_is_reused_with_equal_results(model_dir):
    directory = model_dir(DET)
    asked = settings(backend="openvino")
    first, second = load(directory, asked), load(directory, asked)
    built, reused = (item.explanation.artifacts[-1] for item in (first, second))
    assert (built.kind, built.built) == ("compilation", True)
    assert (reused.built, reused.path) == (False, built.path)
    assert np.array_equal(run(first), run(second))


@pytest.mark.skipif("openvino" not in ENGINES, reason="OpenVINO keeps compiled models")
@pytest.mark.skipif(
    "bf16" not in this_machine().reduced_precisions, reason="this processor has no bf16"
)
def test_switching_the_precision_switches_the_artifact(model_dir):
    directory = model_dir(DET)
    exact = load(directory, settings(backend="openvino"))
    rough = load(directory, settings(backend="openvino", precision="bf16"))
    again = load(directory, settings(backend="openvino"))
    paths = [item.explanation.artifacts[-1].path for item in (exact, rough, again)]
    assert paths[0] == paths[2] != paths[1]
    assert np.array_equal(run(exact), run(again))
    assert not np.array_equal(run(exact), run(rough))
    assert rough.explanation.precision == "bf16"


@pytest.mark.network
@pytest.mark.skipif("openvino" not in ENGINES, reason="OpenVINO reads Paddle models")
def test_a_paddle_model_is_read_directly(model_dir):
    directory = model_dir(DET, "paddle")
    loaded = load(directory, settings(backend="openvino"))
    assert loaded.explanation.chosen.label == "openvino fp32 from .pdmodel"
    onnx = load(model_dir(DET, folder="onnx"), settings(backend="openvino"))
    np.testing.assert_allclose(run(loaded), run(onnx), atol=1e-4)


class Converter:
    """Stands for the real one: its product is the model's published ONNX file."""

    def __init__(self, product, *, error=None, stale=None):
        self.product, self.error, self.stale = product, error, stale
        self.conversions = 0

    def offer(self, files):
        return Conversion("p2o 1.0", "")

    def stale_onnx(self, files):
        return self.stale

    def convert(self, files, store):
        self.conversions += 1
        if self.error is not None:
            raise self.error
        return SimpleNamespace(
            path=self.product,
            converter="p2o 1.0",
            checks=("equal on a random feed",),
            warnings=("one operator was replaced",),
            built=self.conversions == 1,
        )


@pytest.mark.network
@pytest.mark.skipif("onnxruntime" not in ENGINES, reason="ONNX Runtime reads what is converted")
def test_paddle_files_are_converted_for_an_engine_that_reads_onnx(model_dir, monkeypatch):
    directory, onnx = model_dir(DET, "paddle"), model_dir(DET, folder="onnx") / "inference.onnx"
    converter = Converter(onnx)
    monkeypatch.setattr(loading, "converter", lambda: converter)
    explanation = load(directory, settings(backend="onnxruntime")).explanation
    assert explanation.chosen.label == "onnxruntime fp32 from .pdmodel by p2o 1.0"
    conversion, compilation = explanation.artifacts
    assert (compilation.kind, compilation.built) == ("compilation", True)
    assert (conversion.kind, conversion.built, conversion.path) == ("conversion", True, str(onnx))
    assert explanation.notes == ("one operator was replaced",)
    for part in ("conversion", "equal on a random feed", "one operator was replaced"):
        assert part in str(explanation)
    off = settings(backend="onnxruntime", auto_paddle2onnx=False)
    with pytest.raises(ModelFormatError, match="auto_paddle2onnx"):
        load(directory, off)


@pytest.mark.network
@pytest.mark.skipif(not BOTH, reason="there is nothing to fall back on")
def test_what_cannot_be_converted_goes_to_an_engine_that_reads_it(model_dir, monkeypatch):
    directory = model_dir(DET, "paddle")
    refused_text = "it has no such operator"
    converter = Converter(None, error=ConversionError(refused_text))
    monkeypatch.setattr(loading, "converter", lambda: converter)
    monkeypatch.setattr(tuning, "_MAX_ROUNDS", 2)
    explanation = load(directory, QUICK).explanation
    assert explanation.chosen.label == "openvino fp32 from .pdmodel"
    assert converter.conversions == 1  # for both engines that would start from it
    assert explanation.rejected["openvino fp32 from .pdmodel by p2o 1.0"] == refused_text
    refused = explanation.rejected["onnxruntime fp32 from .pdmodel by p2o 1.0"]
    assert refused == refused_text


@pytest.mark.network
@pytest.mark.skipif(not BOTH, reason="there is only one way")
def test_a_file_that_is_read_directly_is_measured_converted_too(model_dir, monkeypatch, tunings):
    directory, onnx = model_dir(DET, "paddle"), model_dir(DET, folder="onnx") / "inference.onnx"
    converter = Converter(onnx)
    monkeypatch.setattr(loading, "converter", lambda: converter)
    ranked = loading.loading_of(located(directory), QUICK)._contenders()
    assert [item.label for item in ranked if item.engine != "paddle"] == [
        "openvino fp32 from .pdmodel",
        "onnxruntime fp32 from .pdmodel by p2o 1.0",
        "openvino fp32 from .pdmodel by p2o 1.0",
    ]
    explanation = load(directory, QUICK).explanation
    assert set(explanation.timings_ms) >= {item.label for item in ranked}
    assert explanation.timings_ms[explanation.chosen.label] <= 1.05 * min(
        explanation.timings_ms.values()
    )
    assert len(tunings) == converter.conversions == 1


@pytest.mark.network
@pytest.mark.skipif("openvino" not in ENGINES, reason="OpenVINO reads both files")
def test_a_stale_onnx_file_is_not_used(model_dir, monkeypatch):
    directory, onnx = model_dir(DET, "paddle"), model_dir(DET, folder="onnx") / "inference.onnx"
    shutil.copy(onnx, directory / "inference.onnx")
    assert "onnx" in [i.model_format for i in loading.loading_of(located(directory)).found.usable]
    monkeypatch.setattr(loading, "converter", lambda: Converter(onnx, stale="made from others"))
    explanation = load(directory, settings(backend="openvino")).explanation
    assert explanation.chosen.model_format == "pdmodel"
    assert explanation.rejected["inference.onnx"] == "made from others"


def test_a_loop_is_not_even_tried_on_openvino():
    explanation = load_model(locate_model("SLANet_plus")).explanation
    assert explanation.engine == "onnxruntime"
    if "openvino" in ENGINES:
        assert "Loop" in explanation.rejected["openvino fp32 from .onnx"]
    assert explanation.fallbacks == {}


@pytest.mark.skipif(not BOTH, reason="there is nothing to fall back on")
def test_a_fallback_is_told_and_logged(model_dir, monkeypatch, caplog):
    real = loading.CandidateOpener.open

    def failing(self, candidate):
        if candidate.engine == "openvino":
            raise ModelFormatError("OpenVINO says: no")
        return real(self, candidate)

    monkeypatch.setattr(loading.CandidateOpener, "open", failing)
    with caplog.at_level(logging.INFO, logger="hpinfer.hpi"):
        explanation = load(model_dir(DET)).explanation
    assert explanation.engine == "onnxruntime"
    assert explanation.fallbacks == {"openvino fp32 from .onnx": "OpenVINO says: no"}
    assert "OpenVINO says: no" in str(explanation)
    assert "openvino fp32 from .onnx cannot be used: OpenVINO says: no" in caplog.text
    for manual in (settings(backend="openvino"), settings(backend="openvino", auto_config=False)):
        with pytest.raises(ModelFormatError, match="OpenVINO says: no"):
            load(model_dir(DET, folder=f"m{id(manual)}"), manual)


def test_when_nothing_loads_everything_tried_is_listed(model_dir):
    directory = model_dir(DET)
    (directory / "inference.onnx").write_bytes(b"not a network")
    for wanted in (None, QUICK):
        with pytest.raises(ModelFormatError) as caught:
            load(directory, wanted)
        if BOTH:
            assert "openvino fp32 from .onnx: " in str(caught.value)
            assert "onnxruntime fp32 from .onnx: " in str(caught.value)


@pytest.mark.skipif("onnxruntime" not in ENGINES, reason="ONNX Runtime runs plain ONNX files")
def test_plain_inference_runs_the_file_as_it_is(model_dir):
    explanation = load(model_dir(DET), settings(use_hpip=False)).explanation
    assert (explanation.engine, explanation.source) == ("onnxruntime", "plain")
    assert explanation.artifacts == ()


def test_threads_of_the_backend_config_reach_the_engine(model_dir):
    asked = settings(backend=ENGINES[0], backend_config={"cpu_num_threads": 1})
    loaded = load(model_dir(DET), asked)
    assert loaded.session.options.num_threads == 1
    assert loaded.explanation.threads == 1


@pytest.mark.skipif(not BOTH, reason="one engine leaves nothing to measure")
def test_a_pipeline_is_tuned_with_its_own_options(model_dir, tunings):
    modules = {
        module: {"model_name": name, "model_dir": str(model_dir(name, folder=name))}
        for module, name in (("TextDetection", DET), ("TextRecognition", REC))
    }
    config = {"pipeline_name": "OCR", "SubModules": modules}
    with measure_loaded_models() as request:
        pipeline = hpinfer.create_pipeline(config)
    assert set(request.records) == {DET, REC}
    assert request.records[REC].streams == this_machine().threads
    assert request.records[DET].streams == 1
    assert len(tunings) == 2
    again = hpinfer.create_pipeline(config)
    assert len(tunings) == 2
    assert [item.chosen for item in again.explain().models] == [
        item.chosen for item in pipeline.explain().models
    ]
    assert {item.source for item in again.explain().models} == {"measured"}


def test_the_command_measures_and_tells(model_dir):
    directory = model_dir(DET)
    done = CliRunner().invoke(root, ["tune", str(directory), "--budget", "1", "--json"])
    assert done.exit_code == 0, done.output
    (model,) = json.loads(done.stdout)
    assert model["model"] == DET
    if BOTH:
        labels = [entry["label"] for entry in model["record"]["measurements"]]
        assert labels == ["openvino fp32 from .onnx", "onnxruntime fp32 from .onnx"]
        assert model["source"] == "measured"
        text = CliRunner().invoke(root, ["tune", str(directory), "--budget", "1"]).stdout
        assert "ms  chosen" in text
        assert "x 1x3x736x960" in text


@pytest.mark.parametrize("target", ["nothing/here", "absent.yaml"])
def test_the_command_says_what_is_not_there(target):
    done = CliRunner().invoke(root, ["tune", target], standalone_mode=False)
    assert done.exception is not None


def test_explain_goes_to_standard_error_before_the_results():
    picture = str(IMAGES / "hello.png")
    done = CliRunner().invoke(root, ["ocr", picture, "--explain"])
    assert done.exit_code == 0, done.output
    assert f"{DET}: " in done.stderr
    assert "why" in done.stderr
    assert "why" not in done.stdout


def test_the_doctor_says_what_would_run_without_loading_it(monkeypatch):
    from hpinfer import doctor

    def loaded(*_):
        raise AssertionError("the doctor must not load a model")

    locate_model(DET), locate_model(REC)
    monkeypatch.setattr(loading.CandidateOpener, "open", loaded)
    models = {model["name"]: model for model in doctor.report().to_dict()["models"]}
    assert set(models) == {DET, REC}
    for model in models.values():
        assert model["expected"].split()[0] in ENGINES
        assert model["source"] in ("prior", "measured")
        built = hpinfer.is_built_with_om()
        reason = "runs on an Ascend NPU only" if built else "not part of this build"
        assert reason in model["rejected"]["om"]


def test_the_doctor_says_what_the_models_themselves_would_say(model_dir, monkeypatch):
    from hpinfer import doctor, hub

    directory = model_dir(DET)
    files = hub.resolve(directory)
    monkeypatch.setattr(hub, "resolve", lambda name, **_: files)
    (before, _) = doctor.report().to_dict()["models"]
    explained = load(directory).explanation.to_dict()
    load(directory, QUICK)
    (after, _) = doctor.report().to_dict()["models"]
    measured = load(directory).explanation.to_dict()
    for told, said in ((before, explained), (after, measured)):
        assert told["expected"] == said["chosen"]["label"]
        for name in ("source", "reason", "timings_ms", "agreements", "rejected"):
            assert told[name] == said[name], name
        assert list(told["assumptions"]) == said["assumptions"]
    if BOTH:
        assert after["source"] == "measured"
        assert all(after["agreements"].values())


def test_the_doctor_says_that_a_model_is_not_here(monkeypatch, tmp_path):
    from hpinfer import doctor

    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    assert {model.reason for model in doctor.report().models} == {"not on this machine"}
