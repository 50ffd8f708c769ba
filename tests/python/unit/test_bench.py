"""``hpinfer bench``: sweeps, figures, tables, comparison, and a real run."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from hpinfer._settings import BenchSettings
from hpinfer.bench import BenchPlan, compare, read_document, run_plan, sweep
from hpinfer.bench.compare import machine_differences
from hpinfer.bench.paddlex_tables import DETAIL_COLUMNS, SUMMARY_COLUMNS, write_tables
from hpinfer.bench.report import report
from hpinfer.bench.summary import percentile, summarise
from hpinfer.cli.exit_codes import ExitCode
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, InputNotFoundError, ModelNotFoundError

MODEL = "PP-LCNet_x1_0_doc_ori"
HELLO = "examples/images/hello.png"
STAGES = {"decode": 1.0, "preprocess": 2.0, "network": 5.0, "postprocess": 1.5, "total": 10.0}


def sample(seconds, images=1):
    return {"seconds": seconds, "images": images, "stages": dict.fromkeys(STAGES, seconds)}


def one_round(*seconds, wall, cpu=1.0, peak=100.0):
    stream = {"seconds": wall, "cpu_seconds": cpu, "images": len(seconds), "peak_mb": peak}
    return {"calls": {"samples": [sample(item) for item in seconds]}, "stream": stream}


LOADED = {"load_seconds": 0.5, "peak_mb": 50.0}


def document(*p50, throughput=(10.0, 11.0), label="auto", is_pipeline=False, **machine):
    facts = {"cpu": "c", "cores": 2, "threads": 2, "isa": [], **machine}
    case = {
        "label": label,
        "case": {"target": "m", "is_pipeline": is_pipeline, "batch": 2},
        "summary": {
            "calls": 4,
            "latency_ms": {"mean": 22.0},
            "stages_ms": STAGES,
            "by_round": {"p50_ms": list(p50), "images_per_second": list(throughput)},
        },
    }
    return {"schema": 1, "machine": facts, "settings": {"inputs": ["a.png"]}, "cases": [case]}


def test_percentiles_are_samples():
    assert [percentile([4, 1, 3, 2], rank) for rank in (0, 25, 50, 51, 99, 100)] == [
        *(1, 1, 2, 3),
        *(4, 4),
    ]
    assert percentile([7.0], 99) == 7.0


def test_the_summary_of_known_samples():
    rounds = [
        one_round(0.1, 0.3, wall=0.2, cpu=0.3),
        one_round(0.2, 0.2, wall=0.4, cpu=0.6, peak=120.0),
    ]
    found = summarise(rounds, LOADED, threads=2)
    assert found["latency_ms"]["p50"] == pytest.approx(200)
    assert found["latency_ms"]["max"] == pytest.approx(300)
    assert found["images_per_second"] == pytest.approx(7.5)  # of 10 and 5
    assert found["gain_of_one_call"] == pytest.approx(1.5)  # of 2 and 1
    assert found["busy"] == pytest.approx(0.75)
    assert found["peak_mb"] == 120.0
    assert found["stages_ms"]["network"] == pytest.approx(200)
    assert summarise([], LOADED, threads=2) == {"load_seconds": 0.5, "loaded_mb": 50.0}


def test_a_sweep_is_every_combination():
    cases = sweep("m", is_pipeline=False, engines=["a", "b"], threads=[1, 2], batches=[1, 8])
    assert len({case.label for case in cases}) == 8
    assert cases[0].label == "a, 1 threads, batch 1"
    assert [case.label for case in sweep("OCR", is_pipeline=True)] == ["auto"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"is_pipeline": True, "batches": [2]}, "batch is for models"),
        ({"is_pipeline": False, "threads": [2, 0]}, "threads must be at least 1; got 0"),
        ({"is_pipeline": False, "engines": ["a", "a"]}, "engine: a value is given twice"),
    ],
)
def test_wrong_sweeps_are_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        sweep("m", **given)


def test_a_plan_needs_rounds_and_inputs():
    cases = sweep("m", is_pipeline=False)
    with pytest.raises(ConfigError, match="at least one of warm-up and measured rounds"):
        BenchPlan(cases, ["a.png"], warmup=0, rounds=0)
    with pytest.raises(ConfigError, match="at least one picture"):
        BenchPlan(cases, [])


def test_comparisons_know_what_is_noise():
    before = document(10, 12, 11)
    latency, throughput = compare(before, document(5, 6, 5.5, throughput=(4.0, 5.0)))
    assert latency.ratio == pytest.approx(2)
    assert (latency.low, latency.high) == (pytest.approx(10 / 6), pytest.approx(12 / 5))
    assert [latency.verdict, throughput.verdict] == ["better", "worse"]
    same, _ = compare(before, document(9, 13, 11))
    assert same.verdict == "within the spread"
    with pytest.raises(ConfigError, match=r"no case of this one; it has m \(auto\)"):
        compare(before, document(1, label="other"))


def test_unlike_machines_are_told():
    assert machine_differences(document(1), document(1)) == []
    assert machine_differences(document(1), document(1, cores=8)) == ["cores: 2 before, 8 now"]


def test_the_tables_have_paddlex_columns_and_add_up(tmp_path):
    paths = write_tables(document(10)["cases"], tmp_path)
    assert [path.name for path in paths] == ["detail.csv", "summary.csv"]
    with paths[0].open() as file:
        detail = list(csv.reader(file))
    assert tuple(detail[0]) == DETAIL_COLUMNS
    assert [row[3] for row in detail[1:]] == [
        *("ReadImage", "Preprocess"),
        *("RunnerInfer", "Postprocess"),
    ]
    assert detail[3][:3] == ["4", "2", "8"]
    assert [float(value) for value in detail[3][4:]] == [10.0, 5.0]
    with paths[1].open() as file:
        summary = list(csv.reader(file))
    assert tuple(summary[0]) == SUMMARY_COLUMNS
    found = {row[3]: float(row[5]) for row in summary[1:]}
    assert found == {
        "Preprocessing": 3.0,
        "Inference": 5.0,
        "Postprocessing": 1.5,
        "Core": 9.5,
        "Other": 1.5,
        "End-to-End": 11.0,
    }


def test_pipelines_have_the_tables_of_the_pipeline_mode(tmp_path):
    paths = write_tables(document(10, is_pipeline=True)["cases"], tmp_path)
    assert [path.name for path in paths] == ["pipeline.csv", "operations.csv"]
    assert paths[0].read_text().splitlines()[:2] == [
        "Step,Operation,Time (ms)",
        "1,decode,1.00000000",
    ]
    assert paths[1].read_text().splitlines()[:3] == [
        "Level,Operation,Time (ms)",
        "1,m,10.00000000",
        "2,decode,1.00000000",
    ]


@pytest.mark.parametrize("content", ["no json", "[]", '{"schema": 2, "cases": []}'])
def test_other_files_are_no_older_run(tmp_path, content):
    file = tmp_path / "old.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match=r"old\.json"):
        read_document(file)
    with pytest.raises(InputNotFoundError, match=r"none\.json"):
        read_document(tmp_path / "none.json")


def test_paddlex_variables():
    prefix = "PADDLE_PDX_INFER_BENCHMARK_"
    read = BenchSettings.from_env(
        {f"{prefix}WARMUP": "2", f"{prefix}ITERS": "7", f"{prefix}USE_CACHE_FOR_READ": "True"}
    )
    assert (read.warmup, read.rounds, read.cached, read.output_dir) == (2, 7, True, None)
    assert BenchSettings.from_env({}).rounds is None
    with pytest.raises(ConfigError, match="ITERS"):
        BenchSettings.from_env({f"{prefix}ITERS": "-1"})


def test_a_model_is_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_PDX_INFER_BENCHMARK_WARMUP", "0")
    monkeypatch.setenv("PADDLE_PDX_INFER_BENCHMARK_ITERS", "2")
    arguments = ["bench", MODEL, HELLO, "--batch", "1,3", "--cached", "-o", str(tmp_path)]
    got = CliRunner().invoke(root, arguments)
    assert got.exit_code == ExitCode.OK, got.output
    assert "auto, batch 3" in got.output
    run = json.loads((tmp_path / "bench.json").read_text())
    assert run["settings"]["rounds"] == 2
    assert run["machine"]["threads"] >= 1
    assert [case["summary"]["calls"] for case in run["cases"]] == [2, 2]
    for case in run["cases"]:
        stages = case["summary"]["stages_ms"]
        assert 0 < stages["network"] < stages["total"]
        assert case["summary"]["peak_mb"] > 10
    compared = CliRunner().invoke(
        root, [*arguments[:3], "--batch", "1", "--compare", str(tmp_path / "bench.json")]
    )
    assert compared.exit_code == ExitCode.OK, compared.output
    assert "images_per_second" in compared.output
    assert report(run).count("milliseconds an image") == 2


def test_threads_are_a_budget_of_the_process():
    cases = sweep("OCR", is_pipeline=True, threads=[1])
    (case,) = run_plan(BenchPlan(cases, [HELLO], warmup=0, rounds=1))["cases"]
    assert case["label"] == "auto, 1 threads"
    stages = case["rounds"][0]["calls"]["samples"][0]["stages"]
    # One thread: what networks took is a part of the whole, and of each stage.
    assert stages["network"] < stages["total"]
    assert stages["recognition.network"] < stages["recognition"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["bench", "no_such_model", HELLO, "--rounds", "1"], ExitCode.UNAVAILABLE, "no_such"),
        (["bench", "OCR", HELLO, "--batch", "2"], ExitCode.USAGE, "batch is for models"),
        (["bench", MODEL, HELLO, "--threads", "two"], ExitCode.USAGE, "whole numbers"),
        (["bench", MODEL, HELLO, "--set", "a=1"], ExitCode.USAGE, "--set is for pipelines"),
        (["bench", MODEL], ExitCode.USAGE, "INPUT"),
        (["bench", MODEL, "none.png", "--rounds", "1"], ExitCode.INPUT, r"none.png"),
        (["bench", MODEL, HELLO, "--engine", "abacus"], ExitCode.USAGE, "abacus"),
    ],
)
def test_wrong_usage_is_one_line_and_a_code(arguments, code, words, capfd):
    with pytest.raises(SystemExit) as ended:
        root.main(arguments)
    assert ended.value.code == code
    shown = capfd.readouterr().err
    assert words in shown
    assert "Traceback" not in shown


def test_failures_keep_their_class_and_say_which_case():
    cases = sweep("no_such_model", is_pipeline=False, threads=[2])
    with pytest.raises(ModelNotFoundError, match=r"auto, 2 threads, batch 1: .*no_such_model"):
        run_plan(BenchPlan(cases, [HELLO]))
