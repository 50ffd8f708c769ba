"""``hpinfer chat``: documents read and asked about, with a server that the test starts."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import pytest
import yaml
from chat_server import chat_server
from click.testing import CliRunner
from example_pages import ROOT

from hpinfer.cli.root import root

PAGE = ROOT / "examples" / "pages" / "report.png"
HELLO = ROOT / "examples" / "images" / "hello.png"
KEY = "sk-from-the-environment"
FACTS = {
    "normal_text_dict": {"words in text": "The sluice is open."},
    "table_text_list": [],
    "table_html_list": [],
}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def chat(*args):
    return CliRunner().invoke(root, ["chat", *map(str, args)], prog_name="hpinfer")


def at(server):
    return (
        *("--base-url", server.url, "--chat-model", "some-chat"),
        *("--embedding-model", "some-vectors"),
    )


def answering(values):
    """Answers with the values of the keys whose word is in the text that was sent."""

    def answer(prompt):
        asked = re.search(r"Keys: \[(.*)\]", prompt).group(1).split(", ")
        text = prompt.split("```")[1].lower()
        return json.dumps({k: values[k] for k in asked if k in values and k.lower() in text})

    return answer


@pytest.fixture
def saved(tmp_path):
    """What ``--save facts`` would have written."""
    path = tmp_path / "sluice_visual_info.json"
    path.write_text(json.dumps([FACTS]), encoding="utf-8")
    return path


def test_documents_are_read_and_asked_about(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    hello = shutil.copy(HELLO, tmp_path / "hello.png")
    out = tmp_path / "out"
    with chat_server(answering({"mean": "51", "hello": {"to": "the world"}})) as server:
        done = chat(
            *(PAGE, bad, hello, "-k", "mean,hello", "--key", "colour", "-o", out),
            *("--save", "answers,facts,vectors,markdown", "--no-doc-orientation-classify"),
            *("--engine", "onnxruntime", *at(server)),
        )
    assert done.exit_code == 3, done.stderr
    assert done.stdout.splitlines() == [
        f"==> {PAGE} <==",
        "mean: 51",
        "hello: (not found)",
        "colour: (not found)",
        "",
        f"==> {hello} <==",
        "mean: (not found)",
        'hello: {"to": "the world"}',
        "colour: (not found)",
    ]
    assert "bad.png" in done.stderr
    assert {path.name for path in out.iterdir()} >= {
        *("report_chat.json", "report_visual_info.json", "report_vectors.json", "report.md"),
        *("hello_chat.json", "hello_visual_info.json", "hello_vectors.json", "hello.md"),
    }
    written = json.loads((out / "report_chat.json").read_text(encoding="utf-8"))
    assert written == {"input_path": str(PAGE), "chat_res": {"mean": "51"}}
    assert {key for _, _, key in server.requests} == {KEY}
    with chat_server(answering({"mean": "52"})) as server:
        again = chat(
            *("--visual-info", out / "report_visual_info.json", "-k", "mean"),
            *("--vectors", out / "report_vectors.json", *at(server), "--format", "jsonl"),
        )
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["chat_res"] == {"mean": "52"}


def test_pages_of_one_document_are_asked_about_together():
    with chat_server(answering({"mean": "51", "hello": "world"})) as server:
        done = chat(
            *(PAGE, HELLO, "-k", "mean,hello", "--together", "--format", "json"),
            *("--engine", "onnxruntime", *at(server)),
        )
    assert done.exit_code == 0, done.stderr
    (answers,) = json.loads(done.stdout)
    assert answers["chat_res"] == {"mean": "51", "hello": "world"}


def test_forms_of_answers(saved):
    with chat_server(answering({"sluice": "op,en\nwide"})) as server:
        ask = ("--visual-info", saved, "-k", "sluice, colour", *at(server))
        rows = list(csv.reader(io.StringIO(chat(*ask, "--format", "csv").stdout)))
        assert rows[1:] == [[str(saved), "sluice", "op,en wide"], [str(saved), "colour", ""]]
        assert json.loads(chat(*ask, "--format", "json").stdout)[0]["chat_res"] == {
            "sluice": "op,en\nwide"
        }
        assert chat(*ask, "--format", "none").stdout == ""
        text = chat(*ask, "--visual-info", saved).stdout
        assert text.count(f"==> {saved} <==") == 2
        assert "==>" not in chat(*ask, "--visual-info", saved, "--together").stdout


def test_prompts_settings_and_the_yaml(saved, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with chat_server(answering({"sluice": "open"})) as server:
        service = {"base_url": server.url, "api_key": "sk-of-the-yaml"}
        config = {
            "pipeline_name": "PP-ChatOCRv3-doc",
            "SubModules": {"LLM_Chat": {"model_name": "of-the-yaml", **service}},
        }
        path = tmp_path / "chat.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        done = chat(
            *("--visual-info", saved, "-k", "sluice", "--config", path),
            *("--text-rules-str", "KEEP THE RULE", "--set", "SubModules.LLM_Chat.timeout=9"),
        )
    assert done.stdout == "sluice: open\n", done.stderr
    ((_, body, key),) = server.requests
    assert (body["model"], key) == ("of-the-yaml", "sk-of-the-yaml")
    assert "KEEP THE RULE" in body["messages"][0]["content"]


def test_a_long_document_is_searched(tmp_path):
    words = "zebra quiz fuzz jazz " * 20 + "the sluice is open. " + "xxxx yyyy kkkk " * 20
    facts = {**FACTS, "normal_text_dict": {"words in text": words}}
    path = tmp_path / "long.json"
    path.write_text(json.dumps([facts]), encoding="utf-8")
    with chat_server(answering({"sluice": "open"})) as server:
        ask = ("--visual-info", path, "-k", "sluice", *at(server), "--block-size", "60")
        assert chat(*ask, "--min-characters", "120").stdout == "sluice: open\n"
        *searched, asked = [path for path, _, _ in server.requests]
        assert asked == "/v1/chat/completions"
        assert len(searched) >= 2
        assert set(searched) == {"/v1/embeddings"}
        del server.requests[:]
        assert chat(*ask, "--no-retrieval").stdout == "sluice: open\n"
        assert [path for path, _, _ in server.requests] == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((PAGE,), "Missing option '-k'"),
        (("-k", "a"), "either INPUT"),
        ((PAGE, "-k", "a", "--visual-info", "x.json"), "either INPUT"),
        ((PAGE, "-k", "a", "--vectors", "x.json"), "--vectors goes with"),
        (("--visual-info", "x", "-k", "a", "--vectors", "y", "--no-retrieval"), "--vectors goes"),
        (("--visual-info", "x", "-k", "a", "--engine", "openvino"), "--engine has no effect"),
        (("--visual-info", "x", "-k", "a", "--text-det-thresh", "0.3"), "has no effect"),
        (("--visual-info", "x", "-k", "a", "-o", "d", "--save", "image"), "unknown kind 'image'"),
        ((PAGE, "-k", "a", "--save", "facts"), "--save has no effect without -o"),
        ((PAGE, "-k", " , "), "key_list must name what to find"),
    ],
)
def test_wrong_usage(args, words):
    done = chat(*args)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_failures_are_one_line(saved, tmp_path, monkeypatch):
    with chat_server(lambda _: 401) as server:
        refused = chat("--visual-info", saved, "-k", "a", *at(server))
    assert refused.exit_code == 1
    assert server.url in refused.stderr
    assert KEY not in refused.stderr
    missing = chat("--visual-info", tmp_path / "none.json", "-k", "a", "--base-url", "http://x/v1")
    assert missing.exit_code == 3
    assert "does not exist" in missing.stderr
    monkeypatch.delenv("OPENAI_API_KEY")
    # Before anything is read: the page is not even there.
    keyless = chat(tmp_path / "no.png", "-k", "a", "--engine", "onnxruntime")
    assert keyless.exit_code == 2
    assert "set api_key" in keyless.stderr
    for done in (refused, missing, keyless):
        assert len(done.stderr.splitlines()) == 1
