"""What only Paddle Inference has."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pir_models import PirModels, ProgramText, attribute

import hpinfer
from hpinfer import hub, paddle_inference
from hpinfer.errors import ConfigError, EngineError, ModelFormatError, UnsupportedError
from hpinfer.paddle_inference import session as loading
from hpinfer.paddle_inference.attempts import LoadFailure
from hpinfer.paddle_inference.unlocked import InferenceCall

if TYPE_CHECKING:
    from pathlib import Path

VERSION = paddle_inference.status().version
RELEASE = tuple(int(part) for part in VERSION.split(".")[:2])


def session(model: Any, **options: Any) -> hpinfer.Session:
    return hpinfer.Session(model, engine="paddle", **{"num_threads": 2, **options})


def resizing(*, aligned: bool) -> bytes:
    program = ProgramText()
    x = program.data("x", [-1, 3, -1, -1])
    attributes = [
        attribute("data_format", "0.a_str", "NCHW"),
        attribute("out_d", "0.a_i32", -1),
        attribute("out_h", "0.a_i32", 17),
        attribute("out_w", "0.a_i32", 23),
        attribute("scale", "0.a_array", []),
        attribute("interp_method", "0.a_str", "bilinear"),
        attribute("align_corners", "0.a_bool", aligned),
        attribute("align_mode", "0.a_i32", 0),
    ]
    y = program.add("1.bilinear_interp", [x, 0, 0, 0], [-1, 3, 17, 23], attributes=attributes)
    program.fetch("y", y)
    return program.content()


def bilinear(x: Any, height: int, width: int) -> Any:
    """The reference, align_corners=True."""
    rows = np.linspace(0, x.shape[2] - 1, height)
    columns = np.linspace(0, x.shape[3] - 1, width)
    top = np.minimum(rows.astype(int), x.shape[2] - 2)
    left = np.minimum(columns.astype(int), x.shape[3] - 2)
    down, right = (rows - top)[:, None], columns - left
    corner = [[x[:, :, top + i][:, :, :, left + j] for j in range(2)] for i in range(2)]
    upper = corner[0][0] * (1 - right) + corner[0][1] * right
    lower = corner[1][0] * (1 - right) + corner[1][1] * right
    return upper * (1 - down) + lower * down


def test_aligned_bilinear_resizing_is_right(caplog: pytest.LogCaptureFixture) -> None:
    x = np.random.default_rng(0).standard_normal((1, 3, 9, 11)).astype(np.float32)
    with caplog.at_level(logging.WARNING, logger="hpinfer"):
        made = session(resizing(aligned=True))
    np.testing.assert_allclose(made.run([x])[0], bilinear(x, 17, 23), rtol=1e-4, atol=1e-4)
    told = [note for note in made.notes if "align_corners" in note]
    assert len(told) == 1
    assert [record for record in caplog.records if told[0] in record.getMessage()]


def test_products_of_reduced_rows_are_right() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 6)).astype(np.float32)
    made = session(PirModels.multiplied_rows())
    product, convolved = made.run([x])
    sums = convolved.mean(-1).sum(-1, keepdims=True)
    np.testing.assert_allclose(product, np.repeat(sums, 5, axis=2), rtol=1e-4, atol=1e-4)
    assert any("reduced rows" in note for note in made.notes)


def test_other_resizing_is_right_too() -> None:
    x = np.random.default_rng(0).standard_normal((1, 3, 9, 11)).astype(np.float32)
    plain = session(resizing(aligned=False), engine_config={"run_mode": "paddle"})
    np.testing.assert_allclose(
        session(resizing(aligned=False)).run([x])[0], plain.run([x])[0], rtol=1e-4, atol=1e-4
    )


def without_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paddle, refusing every program that it is to run with oneDNN."""
    real = loading._create_predictor

    def refusing(inference: Any, config: Any) -> Any:
        if config.mkldnn_enabled():
            raise LoadFailure("(InvalidArgument) types differ")
        return real(inference, config)

    monkeypatch.setattr(loading, "_create_predictor", refusing)


@pytest.mark.skipif(RELEASE == (3, 3), reason="there PIR never runs with oneDNN")
def test_what_onednn_refuses_runs_without_it_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    x = np.ones((1, 3, 16, 16), np.float32)
    (expected,) = session(PirModels.convolution()).run([x])
    without_onednn(monkeypatch)
    with caplog.at_level(logging.WARNING, logger="hpinfer"):
        made = session(PirModels.convolution(), num_streams=2)
    (note,) = [note for note in made.notes if "types differ" in note]
    assert "run_mode 'paddle'" in note
    assert [record for record in caplog.records if note in record.getMessage()]
    np.testing.assert_allclose(made.run([x])[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(RELEASE == (3, 3), reason="there PIR never runs with oneDNN")
def test_a_run_mode_that_was_asked_for_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    without_onednn(monkeypatch)
    with pytest.raises(ModelFormatError, match="types differ"):
        session(PirModels.convolution(), engine_config={"run_mode": "mkldnn"})


def test_notes_say_when_onednn_is_off() -> None:
    made = session(PirModels.convolution())
    assert bool([note for note in made.notes if "oneDNN is off" in note]) is (RELEASE == (3, 3))
    asked = session(PirModels.convolution(), engine_config={"run_mode": "paddle"})
    assert not [note for note in asked.notes if "oneDNN" in note]


def test_a_model_of_the_blocklist_is_known_by_the_file_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "inference.json"
    path.write_bytes(PirModels.convolution())
    (tmp_path / "inference.yml").write_text("Global:\n  model_name: UVDoc\n")
    assert any("UVDoc" in note for note in session(path).notes)
    loaded = paddle_inference.load(path, model_name="another")
    assert not any("UVDoc" in note for note in loaded.notes)
    assert loaded.run_mode in ("mkldnn", "paddle")


def test_create_session_gives_a_native_session(tmp_path: Path) -> None:
    path = tmp_path / "inference.json"
    path.write_bytes(PirModels.scalar())
    native = paddle_inference.create_session(path, None, paddle_inference.PaddleOptions())
    assert native.run([np.array(2, np.float32)])[0] == -2


def test_a_program_under_another_suffix(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(PirModels.scalar())
    assert session(path).run([np.array(2, np.float32)])[0] == -2


def test_parameters_that_are_missing(tmp_path: Path) -> None:
    document = json.loads(PirModels.convolution())
    operators = document["program"]["regions"][0]["blocks"][0]["ops"]
    operators[1]["#"] = "p"
    path = tmp_path / "inference.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ModelFormatError, match=r"inference\.json has parameters.*\.pdiparams"):
        session(path)


def test_weights_are_for_models_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "inference.json"
    path.write_bytes(PirModels.scalar())
    with pytest.raises(ConfigError, match="weights are for a model in memory"):
        session(path, weights=b"x")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"precision": "bf16", "engine_config": {"run_mode": "paddle"}}, "contradicts run_mode"),
        ({"engine_config": {"cpu_threads": 3}}, "contradicts num_threads"),
        ({"engine_config": {"trt_use_dynamic_shapes": False}}, r"it is for trt_\*"),
        ({"engine_config": "run_mode=paddle"}, "must be a dict"),
        ({"engine_config": {"delete_pass": ["conv2d_bn_fuse"]}}, "no pass 'conv2d_bn_fuse'"),
        ({"num_streams": 0}, "num_streams"),
        ({"num_threads": -2}, "num_threads"),
    ],
)
def test_options_that_contradict(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        session(PirModels.scalar(), **options)


def test_passes_of_the_legacy_ir_are_left_out_by_name() -> None:
    files = hub.resolve("PP-OCRv4_mobile_rec", formats=("paddle",))
    options: dict[str, Any] = {"enable_new_ir": False, "delete_pass": ["conv_bn_fuse_pas"]}
    with pytest.raises(ConfigError, match="did you mean 'conv_bn_fuse_pass'"):
        session(files.pdmodel, engine_config=options)
    session(files.pdmodel, engine_config={**options, "delete_pass": ["conv_bn_fuse_pass"]})


def test_bf16_is_silent() -> None:
    files = hub.resolve("PP-OCRv4_mobile_rec", formats=("paddle",))
    code = """
import sys
import hpinfer
try:
    hpinfer.Session(sys.argv[1], engine="paddle", precision="bf16")
except hpinfer.errors.UnsupportedError as error:
    assert "AVX-512" in str(error) or "cannot be used" in str(error), error
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(files.pdmodel)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "")
    # 3.3 runs it on the legacy IR, whose passes write there themselves.
    assert RELEASE >= (3, 3) or done.stderr == ""


def test_cpu_threads_is_num_threads() -> None:
    made = hpinfer.Session(PirModels.scalar(), engine="paddle", engine_config={"cpu_threads": "1"})
    assert made.options.num_threads == 1
    assert made.options.engine_config == {"cpu_threads": "1"}


def test_cinn_needs_a_build_with_it() -> None:
    import paddle

    if paddle.is_compiled_with_cinn():
        session(PirModels.convolution(), engine_config={"enable_cinn": True})
        return
    with pytest.raises(UnsupportedError, match="CINN"):
        session(PirModels.convolution(), engine_config={"enable_cinn": True})


def test_paddles_errors_become_one_line() -> None:
    made = session(PirModels.two_in_three_out())
    with pytest.raises(EngineError) as caught:
        made.run([np.ones((2, 4), np.float32), np.ones((3, 4), np.float32)])
    message = str(caught.value)
    assert message.startswith("Paddle Inference failed: ")
    assert "\n" not in message
    assert len(message) < 800


def test_streams_run_at_the_same_time() -> None:
    made = session(PirModels.heavy(), num_streams=2)
    x = np.random.default_rng(1).random((512, 512), np.float32)
    (want,) = made.run([x])
    results: list[Any] = []

    def work() -> None:
        results.extend(made.run([x])[0] for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    assert all(np.array_equal(result, want) for result in results)


class CountingPredictor:
    """Stands for a predictor; `run` copies the input."""

    def __init__(self) -> None:
        self.runs = 0
        self.result = np.zeros(1, np.float32)

    def run(self) -> None:
        self.runs += 1
        self.result = np.full(1, self.runs, np.float32)

    def get_output_names(self) -> list[str]:
        return ["y"]

    def get_output_handle(self, _: str) -> Any:
        return self

    def copy_to_cpu(self) -> Any:
        return self.result


def test_other_releases_are_called_as_usual() -> None:
    call = InferenceCall("3.2.2", None)
    predictor = CountingPredictor()
    call(predictor)
    assert predictor.runs == 1
    assert call.notes == ()


def test_without_the_symbol_the_usual_call_stays(tmp_path: Path) -> None:
    for library in (None, tmp_path / "none.so"):
        call = InferenceCall("3.3.1", library)
        predictor = CountingPredictor()
        call(predictor)
        call(predictor)
        assert predictor.runs == 2
        assert "holds the GIL" in call.notes[0]


def test_a_direct_call_with_other_results_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from hpinfer.paddle_inference import unlocked

    direct: list[int] = []

    def wrong(_: int, predictor: CountingPredictor) -> None:
        direct.append(1)
        predictor.result = np.full(1, -1, np.float32)

    monkeypatch.setattr(unlocked, "_symbol", lambda _: 1)
    monkeypatch.setattr(unlocked, "_call", wrong)
    call = InferenceCall("3.3.1", None)
    predictor = CountingPredictor()
    for _ in range(3):
        call(predictor)
    assert direct == [1]
    assert predictor.runs == 4  # the last result of the first inference comes from run again
    assert predictor.result[0] == predictor.runs
    assert "other results" in call.notes[0]


def test_a_direct_call_with_the_same_results_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from hpinfer.paddle_inference import unlocked

    direct: list[int] = []
    monkeypatch.setattr(unlocked, "_symbol", lambda _: 1)
    monkeypatch.setattr(unlocked, "_call", lambda *_: direct.append(1))
    call = InferenceCall("3.3.1", None)
    predictor = CountingPredictor()
    for _ in range(3):
        call(predictor)
    assert predictor.runs == 1
    assert len(direct) == 3
    assert call.notes == ()


def test_many_shapes_use_bounded_memory() -> None:
    made = session(PirModels.convolution())

    def resident() -> int:
        from pathlib import Path

        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096

    largest = np.ones((1, 3, 96, 640), np.float32)
    for width in range(600, 640):
        made.run([np.ascontiguousarray(largest[..., :width])])
    before = resident()
    start = time.monotonic()
    for width in range(40, 600, 2):
        made.run([np.ascontiguousarray(largest[..., :width])])
        assert time.monotonic() - start < 240, "far too slow"
    assert resident() - before < 64 << 20
