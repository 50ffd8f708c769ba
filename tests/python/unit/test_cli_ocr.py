"""``hpinfer ocr`` and PaddleX's spelling, with a pipeline that reads no pixels."""

from __future__ import annotations

import csv
import io
import json
import logging

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import hpinfer
from hpinfer.cli.root import root
from hpinfer.errors import (
    ChecksumError,
    ConfigError,
    EngineError,
    EngineUnavailableError,
    InvalidImageError,
    ModelNotFoundError,
    UnsupportedError,
)
from hpinfer.io import InputFailure
from hpinfer.results import OCRResult


def result_of(name, *, path=None, page=None, texts=("first line", "second")):
    polygons = [np.array([[1, 1], [30, 1], [30, 9], [1, 9]], np.int16) for _ in texts]
    return OCRResult(
        image=np.full((20, 40, 3), 255, np.uint8),
        input_path=path,
        page_index=page,
        name=name,
        dt_polys=polygons,
        rec_texts=list(texts),
        rec_scores=[0.5] * len(texts),
        rec_polys=polygons,
        rec_boxes=np.array([[1, 1, 30, 9]] * len(texts), np.int16).reshape(-1, 4),
    )


class FakePipeline:
    """Reads every input but those whose name contains ``bad``; a PDF has two pages."""

    def __init__(self):
        self.created = None
        self.inputs = None
        self.params = None
        self.creation_error = None
        self.stop_after = None

    def create(self, pipeline="OCR", *, device=None, engine=None, precision=None, **hpi):
        if self.creation_error is not None:
            raise self.creation_error
        self.created = {"pipeline": pipeline, "device": device, "engine": engine}
        self.created["precision"] = precision
        self.created |= {name: value for name, value in hpi.items() if value is not None}
        return self

    def predict(self, input, *, on_error="raise", **params):
        assert on_error == "yield"
        self.inputs, self.params = input, params
        for index, item in enumerate(input):
            if self.stop_after == index:
                raise EngineError("the engine\n  broke")
            path = None if isinstance(item, bytes) else item
            name = f"input_{index}" if path is None else path.rpartition("/")[2].partition(".")[0]
            if path is not None and "bad" in path:
                error = InvalidImageError(f"{path}: not an image\nreally")
                yield InputFailure(path, None, name, error)
            elif path is not None and path.endswith(".pdf"):
                yield result_of(f"{name}_0", path=path, page=0)
                yield InputFailure(path, 1, f"{name}_1", InvalidImageError("broken page"))
            else:
                yield result_of(name, path=path)


def created(**given):
    """The arguments of create_pipeline, those not given at their defaults."""
    return {"pipeline": "OCR", "device": None, "engine": None, "precision": None, **given}


@pytest.fixture
def pipeline(monkeypatch):
    fake = FakePipeline()
    monkeypatch.setattr(hpinfer, "create_pipeline", fake.create, raising=False)
    return fake


def run(*args, **kwargs):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer", **kwargs)


def test_text_of_one_picture_goes_to_stdout_and_nothing_to_stderr(pipeline):
    got = run("ocr", "a.png")
    assert (got.exit_code, got.stdout, got.stderr) == (0, "first line\nsecond\n", "")
    assert pipeline.created == created()
    assert (pipeline.inputs, pipeline.params) == (["a.png"], {})


def test_several_inputs_are_titled(pipeline):
    got = run("ocr", "a.png", "b.png")
    assert got.stdout == (
        "==> a.png <==\nfirst line\nsecond\n\n==> b.png <==\nfirst line\nsecond\n"
    )


def test_json_is_one_array(pipeline):
    got = run("ocr", "a.png", "b.png", "--format", "json")
    assert [item["input_path"] for item in json.loads(got.stdout)] == ["a.png", "b.png"]
    assert run("ocr", "bad.png", "--format", "json").stdout == "[]\n"


def test_jsonl_is_one_object_a_line(pipeline):
    lines = run("ocr", "a.png", "b.png", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["rec_texts"] for line in lines] == [["first line", "second"]] * 2


def test_csv_has_one_header(pipeline):
    got = run("ocr", "a.png", "b.png", "--format", "csv")
    rows = list(csv.reader(io.StringIO(got.stdout)))
    assert len(rows) == 5
    assert [row[0] for row in rows] == ["input_path", "a.png", "a.png", "b.png", "b.png"]


def test_markdown_has_headings_for_several_inputs(pipeline):
    assert run("ocr", "a.png", "--format", "markdown").stdout == "first line  \nsecond\n"
    got = run("ocr", "a.png", "b.png", "--format", "markdown").stdout
    assert got.startswith("## a.png\n\nfirst line  \nsecond\n\n## b.png\n")


def test_format_none_writes_nothing_to_stdout(pipeline, tmp_path):
    got = run("ocr", "a.png", "--format", "none", "-o", tmp_path)
    assert (got.exit_code, got.stdout) == (0, "")
    assert (tmp_path / "a_res.json").exists()


def test_standard_input_is_passed_as_bytes(pipeline):
    got = run("ocr", "-", input=b"\x89PNG data")
    assert pipeline.inputs == [b"\x89PNG data"]
    assert got.stdout == "first line\nsecond\n"
    assert run("ocr", "-", "-", input=b"x").exit_code == 2


def test_a_bad_file_is_reported_in_one_line_and_the_rest_continues(pipeline):
    got = run("ocr", "a.png", "bad.png", "c.png", "--format", "jsonl")
    assert got.exit_code == 3
    assert len(got.stdout.splitlines()) == 2
    assert got.stderr.splitlines() == [
        "hpinfer: error: bad.png: not an image; really",
        "hpinfer: 1 of 3 inputs could not be read",
    ]


def test_a_single_bad_file_exits_with_3(pipeline):
    got = run("ocr", "bad.png")
    assert (got.exit_code, got.stdout) == (3, "")
    assert got.stderr == "hpinfer: error: bad.png: not an image; really\n"


def test_a_bad_page_is_named(pipeline):
    got = run("ocr", "doc.pdf")
    assert got.exit_code == 3
    assert got.stdout.startswith("==> doc.pdf (page 1) <==")
    assert "hpinfer: error: doc.pdf (page 2): broken page\n" in got.stderr


def test_inputs_that_hold_nothing_exit_with_3(pipeline, monkeypatch):
    monkeypatch.setattr(FakePipeline, "predict", lambda self, input, **_: iter(()))
    got = run("ocr", "empty")
    assert (got.exit_code, got.stdout) == (3, "")
    assert "nothing to read" in got.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("unknown key"), 2),
        (ModelNotFoundError("no model"), 4),
        (ChecksumError("wrong sum"), 4),
        (EngineUnavailableError("tried onnxruntime:\n  cannot open libx"), 4),
        (UnsupportedError("no gpu here"), 4),
        (EngineError("failed"), 1),
        (OSError(28, "No space left on device", "x.json"), 1),
        (RuntimeError("a bug"), 1),
    ],
)
def test_every_failure_is_one_line_and_a_documented_code(pipeline, error, code):
    pipeline.creation_error = error
    got = run("ocr", "a.png")
    assert (got.exit_code, got.stdout) == (code, "")
    assert got.stderr.count("\n") == 1
    assert got.stderr.startswith("hpinfer: error: ")
    assert "Traceback" not in got.stderr


def test_loader_messages_are_joined_on_the_line(pipeline):
    pipeline.creation_error = EngineUnavailableError("tried onnxruntime:\n  cannot open libx")
    assert run("ocr", "a").stderr == "hpinfer: error: tried onnxruntime:; cannot open libx\n"


def test_a_traceback_is_shown_with_vv_only(pipeline):
    pipeline.creation_error = EngineError("failed")
    assert "Traceback" not in run("ocr", "a.png", "-v").stderr
    got = run("ocr", "a.png", "-vv")
    assert "Traceback" in got.stderr
    assert got.stderr.endswith("hpinfer: error: failed\n")


def test_a_failure_in_between_closes_the_json(pipeline):
    pipeline.stop_after = 1
    got = run("ocr", "a.png", "b.png", "--format", "json")
    assert got.exit_code == 1
    assert len(json.loads(got.stdout)) == 1
    assert got.stderr == "hpinfer: error: the engine; broke\n"


def test_an_interrupt_exits_with_130(pipeline, monkeypatch):
    def interrupted(self, input, **_):
        yield result_of("a", path="a.png")
        raise KeyboardInterrupt

    monkeypatch.setattr(FakePipeline, "predict", interrupted)
    got = run("ocr", "a.png")
    assert got.exit_code == 130
    assert got.stdout == "first line\nsecond\n"
    assert got.stderr.strip() == "hpinfer: interrupted"


def test_quiet_and_verbose(pipeline, monkeypatch):
    def chatty(self, input, **_):
        logger = logging.getLogger("hpinfer.models")
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logger.log(level, "said at %s", logging.getLevelName(level))
        yield result_of("a", path="a.png")

    monkeypatch.setattr(FakePipeline, "predict", chatty)
    assert run("ocr", "a", "-q").stderr == "hpinfer: error: said at ERROR\n"
    assert run("ocr", "a").stderr.splitlines()[0] == "hpinfer: warning: said at WARNING"
    verbose = run("ocr", "a", "-v").stderr.splitlines()
    assert verbose[0] == "hpinfer: said at INFO"
    assert verbose[-1].startswith("hpinfer: 1 read, 0 failed, ")
    assert "hpinfer: debug: said at DEBUG" in run("ocr", "a", "-vv").stderr
    assert run("ocr", "a", "-q", "-v").exit_code == 2


@pytest.mark.parametrize("options", [(), ("-vv",), ("-q", "-v"), ("--topk", "none")])
def test_a_run_leaves_logging_as_it_was(pipeline, options):
    logger, hub = logging.getLogger("hpinfer"), logging.getLogger("hpinfer.hub")
    before = list(logger.handlers), logger.level, logger.propagate, hub.level
    run("ocr", "a.png", *options)
    assert (list(logger.handlers), logger.level, logger.propagate, hub.level) == before


def test_a_download_is_announced_unless_quiet(pipeline, monkeypatch):
    def downloading(self, input, **_):
        logging.getLogger("hpinfer.hub.fetch").info("fetching model %s", "det")
        yield result_of("a", path="a.png")

    monkeypatch.setattr(FakePipeline, "predict", downloading)
    assert run("ocr", "a").stderr == "hpinfer: fetching model det\n"
    assert "hpinfer: fetching model det\n" in run("ocr", "a", "-v").stderr
    assert run("ocr", "a", "-q").stderr == ""


def test_parameters_reach_predict(pipeline):
    run(
        *("ocr", "a.png", "--text-det-limit-side-len", 736, "--text-det-limit-type", "min"),
        *("--text-det-thresh", 0, "--text-det-box-thresh", 0.5, "--text-det-unclip-ratio", 2),
        *("--text-rec-score-thresh", 0.25, "--text-rec-batching", "official"),
        "--return-word-box",
    )
    assert pipeline.params == {
        "text_det_limit_side_len": 736,
        "text_det_limit_type": "min",
        "text_det_thresh": 0.0,
        "text_det_box_thresh": 0.5,
        "text_det_unclip_ratio": 2.0,
        "text_rec_score_thresh": 0.25,
        "text_rec_batching": "official",
        "return_word_box": True,
    }


def test_models_device_and_engine_reach_create_pipeline(pipeline):
    run(
        *("ocr", "a.png", "--device", "cpu", "--engine", "openvino", "--precision", "bf16"),
        *("--model-version", "PP-OCRv6", "--rec-model", "PP-OCRv4_mobile_rec"),
        *("--set", "SubModules.TextRecognition.batch_size=8", "--set", "text_type=general"),
    )
    assert pipeline.created == {
        "pipeline": {
            "pipeline_name": "OCR",
            "text_type": "general",
            "SubModules": {
                "TextDetection": {"model_name": "PP-OCRv6_small_det", "model_dir": None},
                "TextRecognition": {
                    "model_name": "PP-OCRv4_mobile_rec",
                    "model_dir": None,
                    "batch_size": 8,
                },
            },
        },
        "device": "cpu",
        "engine": "openvino",
        "precision": "bf16",
    }


def test_a_model_directory_is_named_after_its_inference_yml(pipeline, tmp_path):
    (tmp_path / "inference.yml").write_text("Global: {model_name: my_det}\n")
    (tmp_path / "inference.onnx").write_bytes(b"onnx")
    run("ocr", "a.png", "--det-model", tmp_path)
    detection = pipeline.created["pipeline"]["SubModules"]["TextDetection"]
    assert detection == {"model_name": "my_det", "model_dir": str(tmp_path)}


def test_a_missing_model_directory_exits_with_4(pipeline, tmp_path):
    got = run("ocr", "a.png", "--det-model", tmp_path / "nowhere")
    assert got.exit_code == 4
    assert got.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--use-textline-orientation"], {"use_textline_orientation": True}),
        (
            ["--use-doc-orientation-classify"],
            {
                "use_doc_preprocessor": True,
                "SubPipelines": {
                    "DocPreprocessor": {
                        "use_doc_orientation_classify": True,
                        "use_doc_unwarping": False,
                    }
                },
            },
        ),
        (
            ["--no-doc-unwarping"],
            {
                "use_doc_preprocessor": False,
                "SubPipelines": {
                    "DocPreprocessor": {
                        "use_doc_orientation_classify": False,
                        "use_doc_unwarping": False,
                    }
                },
            },
        ),
    ],
)
def test_steps_with_models_of_their_own_become_configuration(pipeline, options, expected):
    run("ocr", "a.png", *options)
    assert pipeline.created["pipeline"] == {"pipeline_name": "OCR", **expected}
    assert pipeline.params == {}


def test_a_config_file_is_passed_on_or_merged(pipeline, tmp_path):
    config = tmp_path / "ocr.yaml"
    written = {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": True,
        "SubModules": {"TextRecognition": {"model_name": "r", "batch_size": 2}},
    }
    config.write_text(yaml.safe_dump(written))
    run("ocr", "a.png", "--config", config)
    assert pipeline.created["pipeline"] == str(config)
    run("ocr", "a.png", "--config", config, "--rec-model", "other", "--no-doc-unwarping")
    assert pipeline.created["pipeline"] == {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": True,
        "SubPipelines": {"DocPreprocessor": {"use_doc_unwarping": False}},
        "SubModules": {
            "TextRecognition": {"model_name": "other", "model_dir": None, "batch_size": 2}
        },
    }


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", ""])
def test_a_config_that_is_no_mapping_exits_with_2(pipeline, tmp_path, content):
    (tmp_path / "c.yaml").write_text(content)
    got = run("ocr", "a.png", "--config", tmp_path / "c.yaml", "--set", "a=1")
    assert got.exit_code == 2
    assert got.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.png", "--format", "xml"],
        ["a.png", "--save", "json"],
        ["a.png", "-o", "out", "--save", "json,gif"],
        ["a.png", "-o", "out", "--save", ","],
        ["a.png", "--text-det-thresh", "1.5"],
        ["a.png", "--text-det-unclip-ratio", "0"],
        ["a.png", "--model-version", "PP-OCRv1"],
        ["a.png", "--config", "missing.yaml"],
        ["a.png", "--set", "novalue"],
        ["a.png", "--set", "a..b=1"],
        ["a.png", "--set", "pipeline_name.x=1"],
        ["a.png", "--set", "a=[1"],
        ["a.png", "--bogus"],
    ],
)
def test_wrong_usage_is_one_line_and_exits_with_2(pipeline, arguments):
    got = run("ocr", *arguments)
    assert (got.exit_code, got.stdout) == (2, "")
    assert got.stderr.startswith("hpinfer: error: ")
    assert got.stderr.count("\n") == 1
    assert pipeline.created is None


def test_output_directory_gets_json_and_picture(pipeline, tmp_path):
    got = run("ocr", "dir/a.png", "-o", tmp_path / "new" / "out")
    assert got.stdout == "first line\nsecond\n"
    names = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert names == ["a_ocr_res_img.png", "a_res.json"]


def test_save_chooses_the_kinds(pipeline, tmp_path):
    run("ocr", "a.png", "-o", tmp_path / "1", "--save", "markdown,text")
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["a.md", "a.txt"]
    run("ocr", "a.png", "-o", tmp_path / "2", "--save", "all")
    assert len(list((tmp_path / "2").iterdir())) == 5


def test_inputs_of_the_same_name_do_not_overwrite_each_other(pipeline, tmp_path):
    run("ocr", "x/a.png", "y/a.png", "z/a.jpg", "-o", tmp_path, "--save", "json")
    saved = {path.name: json.loads(path.read_text()) for path in tmp_path.iterdir()}
    assert {name: item["input_path"] for name, item in saved.items()} == {
        "a_res.json": "x/a.png",
        "a-2_res.json": "y/a.png",
        "a-3_res.json": "z/a.jpg",
    }


def test_a_file_as_output_directory_exits_with_2_before_anything_is_read(pipeline, tmp_path):
    (tmp_path / "file").write_text("mine")
    got = run("ocr", "a.png", "-o", tmp_path / "file")
    assert got.exit_code == 2
    assert pipeline.created is None


def test_paddlex_spelling_prints_and_saves(pipeline, tmp_path):
    got = run(
        *("--pipeline", "OCR", "--input", "dir/a.png", "--device", "cpu"),
        *("--save_path", tmp_path, "--text_det_thresh", 0.2, "--return_word_box", "T"),
    )
    assert got.exit_code == 0
    assert got.stdout.startswith("{'res': {'input_path': 'dir/a.png'")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a_ocr_res_img.png", "a_res.json"]
    assert pipeline.created == created(device="cpu")
    assert pipeline.params == {"text_det_thresh": 0.2, "return_word_box": True}


def test_paddlex_spelling_in_any_order_and_with_equals_signs(pipeline):
    got = run("--device=cpu", "--use_textline_orientation=False", "--input=a.png", "--pipeline=OCR")
    assert got.exit_code == 0
    assert pipeline.created["pipeline"] == {
        "pipeline_name": "OCR",
        "use_textline_orientation": False,
    }


def test_paddlex_spelling_leaves_none_to_the_pipeline(pipeline):
    run("--pipeline", "OCR", "--input", "a.png", "--use_doc_unwarping", "None")
    assert pipeline.created["pipeline"] == "OCR"


def test_paddlex_spelling_takes_a_pipeline_file(pipeline, tmp_path):
    (tmp_path / "p.yaml").write_text("pipeline_name: OCR\n")
    run("--pipeline", tmp_path / "p.yaml", "--input", "a.png")
    assert pipeline.created["pipeline"] == str(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hpi_config", "openvino"],
        ["--use_doc_unwarping", "maybe"],
        ["--text_det_thresh", "x"],
        ["--unknown_option", "1"],
    ],
)
def test_paddlex_options_without_effect_or_sense_exit_with_2(pipeline, arguments):
    got = run("--pipeline", "OCR", "--input", "a.png", *arguments)
    assert got.exit_code == 2
    assert got.stderr.count("\n") == 1
    assert pipeline.created is None
