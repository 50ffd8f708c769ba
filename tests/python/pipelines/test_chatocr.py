"""PP-ChatOCRv3: questions about documents, answered by a server that the test starts."""

from __future__ import annotations

import itertools
import json
import re
import socket

import pytest
from chat_server import chat_server
from example_pages import ROOT

import hpinfer
from hpinfer.chat import VectorStore, passages, read_answer
from hpinfer.config.pipeline import load_pipeline_config
from hpinfer.config.pipelines import plain
from hpinfer.errors import ConfigError, InvalidInputError, ServiceError

KEY = "sk-very-secret"
FACTS = {
    "normal_text_dict": {"words in title": "Mill\nreport", "words in text": "The sluice is open."},
    "table_text_list": ["Year Mean First 51"],
    "table_html_list": ["<table><tr><td>Year</td><td>Mean</td></tr></table>"],
}
LONG = {
    "normal_text_dict": {
        "words in text": "\t".join(
            ["zebra quiz fuzz jazz"] * 20 + ["the sluice gate is open"] + ["xxxx yyyy kkkk"] * 20
        )
    },
    "table_text_list": [],
    "table_html_list": [],
}


def config(url, **others):
    service = {"base_url": url, "api_key": KEY, "max_retries": 0, "timeout": 20}
    return {
        "pipeline_name": "PP-ChatOCRv3-doc",
        "use_layout_parser": False,
        "SubModules": {
            "LLM_Chat": {"model_name": "some-chat", "api_type": "openai", **service, **others},
            "LLM_Retriever": {"model_name": "some-vectors", "api_type": "qianfan", **service},
        },
    }


def answering(**values):
    """An answer that knows `values`: those whose key is asked for."""

    def answer(prompt):
        asked = re.search(r"Keys: \[(.*)\]", prompt).group(1).split(", ")
        return json.dumps({key: values.get(key, "unknown") for key in asked})

    return answer


def test_tables_are_asked_first_and_text_for_the_rest():
    def answer(prompt):
        found = {"mean": "51"} if "\nTable:" in prompt else {"sluice": "open"}
        return "Here it is:\n```json\n" + json.dumps({**found, "other": "未知"}) + "\n```"

    with chat_server(answer) as server:
        pipeline = hpinfer.create_pipeline(config(server.url))
        keys = ["mean", "sluice", "colour"]
        got = pipeline.chat(keys, FACTS)
        prompts = [body["messages"][0]["content"] for _, body, _ in server.requests]
        assert got == {"chat_res": {"mean": "51", "sluice": "open"}}
        assert keys == ["mean", "sluice", "colour"]
        assert len(prompts) == 2
        assert FACTS["table_html_list"][0] in prompts[0]
        assert "Keys: [mean, sluice, colour]" in prompts[0]
        assert "Keys: [sluice, colour]" in prompts[1]
        assert "words in title: Millreport\n" in prompts[1]
        assert FACTS["normal_text_dict"]["words in title"] == "Mill\nreport"
        path, body, key = server.requests[0]
        assert path == "/v1/chat/completions"
        assert body["model"] == "some-chat"
        assert key == KEY


def test_keys_as_one_text_and_prompts_of_a_call():
    with chat_server(answering(a="1")) as server:
        pipeline = hpinfer.create_pipeline(config(server.url))
        got = pipeline.chat(
            "a, b\uff0cc", FACTS, text_rules_str="RULE!", table_task_description="TASK!"
        )
        assert got == {"chat_res": {"a": "1"}}
        table, text = (body["messages"][0]["content"] for _, body, _ in server.requests)
        assert table.startswith("TASK!")
        assert "RULE!" not in table
        assert "RULE!" in text
        with pytest.raises(ConfigError, match="did you mean 'text_rules_str'"):
            pipeline.chat("a", FACTS, text_rule_str="x")
        with pytest.raises(InvalidInputError, match="key_list must name what to find"):
            pipeline.chat(" , ", FACTS)
        with pytest.raises(InvalidInputError, match="visual_info must be a dict"):
            pipeline.chat("a", [{"text": "b"}])


def test_a_long_text_is_asked_about_by_its_nearest_passages(tmp_path):
    with chat_server(answering(sluice="open")) as server:
        pipeline = hpinfer.create_pipeline(config(server.url))
        vectors = pipeline.build_vector(LONG, min_characters=200, block_size=60)
        assert vectors["flag_too_short_text"] is False
        assert (vectors["model_name"], vectors["block_size"]) == ("some-vectors", 60)
        pipeline.save_vector(vectors, tmp_path / "vectors.json")
        loaded = pipeline.load_vector(tmp_path / "vectors.json")
        as_text = pipeline.build_vector(
            LONG, min_characters=200, block_size=60, flag_save_bytes_vector=True
        )
        json.dumps(as_text)
        for info in (vectors, loaded, as_text):
            del server.requests[:]
            got = pipeline.chat("sluice", LONG, vector_info=info, min_characters=120)
            assert got == {"chat_res": {"sluice": "open"}}
            (_, query, _), (_, body, _) = server.requests
            assert query["input"] == ["sluice"]
            asked = body["messages"][0]["content"]
            assert "the sluice gate is open" in asked
            assert len(asked.split("```")[1]) <= 130
        del server.requests[:]
        pipeline.chat("sluice", LONG, vector_info=vectors, use_vector_retrieval=False)
        assert [path for path, _, _ in server.requests] == ["/v1/chat/completions"]
        other = {"model_name": "third", "base_url": server.url, "api_key": "x"}
        with pytest.raises(ConfigError, match="vectors are of the model 'some-vectors'"):
            pipeline.chat("sluice", LONG, vector_info=vectors, retriever_config=other)


def test_a_short_text_needs_no_vectors():
    with chat_server(answering(sluice="open")) as server:
        pipeline = hpinfer.create_pipeline(config(server.url))
        info = pipeline.build_vector([FACTS, FACTS])
        assert info["flag_too_short_text"] is True
        assert server.requests == []
        assert pipeline.chat("sluice", FACTS, vector_info=info)["chat_res"] == {"sluice": "open"}


def test_long_tables_become_text():
    with chat_server(answering()) as server:
        pipeline = hpinfer.create_pipeline(config(server.url))
        info = pipeline.build_vector(FACTS, min_characters=520)
        assert "table: Year Mean First 51\n" in info["vector"]
        assert info["flag_too_short_text"] is True
        assert pipeline.chat("mean", FACTS, vector_info=info, min_characters=520)["chat_res"] == {}
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_refusal_is_an_error_without_the_key(status, caplog):
    with chat_server(lambda _: status) as server:
        pipeline = hpinfer.create_pipeline(config(server.url))
        with caplog.at_level("DEBUG"), pytest.raises(ServiceError) as caught:
            pipeline.chat("a", FACTS)
        assert server.url in str(caught.value)
        assert str(status) in str(caught.value)
        assert KEY not in str(caught.value) + repr(pipeline.config) + caplog.text
        assert "\n" not in str(caught.value)


def test_a_service_that_is_not_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    pipeline = hpinfer.create_pipeline(config(url))
    with pytest.raises(ServiceError, match="did not answer for some-chat"):
        pipeline.chat("a", FACTS)
    assert issubclass(ServiceError, ConnectionError)


def test_thoughts_and_the_older_interface():
    said = {"role": "assistant", "content": '{"a": ["1", "2"]}', "reasoning_content": "Hm."}
    with chat_server(lambda _: said) as server:
        got = hpinfer.create_pipeline(config(server.url)).chat("a", FACTS)
        assert got == {"chat_res": {"reasoning_content": ["Hm."], "a": "1"}}
    with chat_server(lambda _: '{"a": "3"}') as server:
        older = hpinfer.create_pipeline(config(server.url, end_point="completion"))
        assert older.chat("a", FACTS) == {"chat_res": {"a": "3"}}
        assert server.requests[0][0] == "/v1/completions"
        override = {"model_name": "m", "base_url": server.url, "api_key": "other"}
        older.chat("a", FACTS, chat_bot_config=override)
        assert server.requests[-1][2] == "other"


def test_a_key_is_needed(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    pipeline = hpinfer.create_pipeline(
        {"pipeline_name": "PP-ChatOCRv3-doc", "use_layout_parser": False}
    )
    with pytest.raises(ConfigError, match="set api_key"):
        pipeline.chat("a", FACTS)
    with pytest.raises(ConfigError, match="use_layout_parser: False"):
        pipeline.visual_predict("page.png")


def test_the_key_is_never_written():
    shown = json.dumps(plain(load_pipeline_config(config("http://localhost/v1"))))
    assert KEY not in shown


def test_a_page_is_read_and_asked_about(tmp_path):
    with chat_server(answering(Mean="51")) as server:
        wanted = {**config(server.url), "use_layout_parser": True}
        pipeline = hpinfer.create_pipeline(wanted, engine="onnxruntime")
        page = ROOT / "examples" / "pages" / "report.png"
        (read,) = pipeline.visual_predict(page, use_doc_orientation_classify=False)
        facts = read["visual_info"]
        assert "pond" in facts["normal_text_dict"]["words in text"]
        assert facts["table_html_list"] == [read["layout_parsing_result"].tables[0].pred_html]
        assert facts["table_text_list"][0].startswith("Year")
        pipeline.save_visual_info_list(facts, tmp_path / "facts.json")
        loaded = pipeline.load_visual_info_list(tmp_path / "facts.json")
        assert loaded == [facts]
        assert pipeline.chat(["Mean"], loaded) == {"chat_res": {"Mean": "51"}}
        assert "<table>" in server.requests[0][1]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": "1", "b": {"c": 2}}', {"a": "1", "b": {"c": 2}}),
        ('It is\n```json\n{"a": "x [1]", "b": "None"}\n``` so.', {"a": "x [1]"}),
        ('{"a": "say \\"hi\\"", "b": "cut o', {"a": 'say "hi"'}),
        ('{"a": "two\nlines", "b": ["x"], "c": [], "d": null}', {"a": "two\nlines", "b": "x"}),
        ("no idea", {}),
        ("[1, 2]", {}),
        (None, {}),
    ],
)
def test_answers_are_found_in_what_models_write(text, found):
    assert read_answer(text) == found


@pytest.mark.parametrize("length", [12, 60, 300])
def test_passages_hold_every_word(length):
    words = [f"word{number:04}" for number in range(300)]
    text = "".join(word + " 。\t"[n % 3] for n, word in enumerate(words))
    cut = passages(text, length)
    assert max(map(len, cut)) <= length
    assert all(any(word in passage for passage in cut) for word in words)
    shared = [a for a, b in itertools.pairwise(cut) if a[-8:] in b or a[-9:-1] in b]
    assert len(shared) > len(cut) // 2 or length == 12


def test_passages_without_a_place_to_cut():
    assert passages("abcdefg", 3) == ["abc", "def", "g"]
    assert passages("", 3) == []
    assert passages("ab", 1) == ["a", "b"]


def test_saved_vectors_of_others_are_refused():
    for text, message in (
        ("PADDLEX_VECTOR_STOREgASV", "would run as code"),
        ("hpinfer vectors:!!", "damaged"),
        ("hpinfer vectors:AAAA", "damaged"),
        ("something", "start with"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            VectorStore.from_text(text)
