"""docs/pipelines.md: its examples run, its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hpinfer.cli.pipeline_commands import PIPELINE_COMMANDS
from hpinfer.config.pipelines import PIPELINES
from hpinfer.pipelines import PIPELINE_CLASSES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_run(number, tmp_path, monkeypatch, capsys):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLES[number], "docs/pipelines.md", "exec"), {})
    assert capsys.readouterr().out


def test_every_pipeline_has_a_row_with_its_parameters():
    rows = dict(re.findall(r"^\| `(\w[\w-]*)` \| (.*) \|$", PAGE, re.MULTILINE))
    commands = {command.pipeline: name for name, command in PIPELINE_COMMANDS.items()}
    for name in PIPELINES:
        subcommand, parameters, *_ = rows[name].split(" | ")
        if name in commands:
            assert subcommand == f"`{commands[name]}`"
        else:
            assert subcommand == "[`chat`](#questions-about-documents)"
        named = set(re.findall(r"`(\w+)`", parameters))
        if named:
            assert named == PIPELINE_CLASSES[name].PARAMETERS
        else:
            for parameter in PIPELINE_CLASSES[name].PARAMETERS:
                assert f"`{parameter}`" in PAGE
