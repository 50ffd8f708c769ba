"""The command line with any words: it ends with a documented code, and never with a traceback."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from outcomes import TALLY

from hpinfer.cli.exit_codes import ExitCode
from hpinfer.cli.root import root
from hpinfer.errors import HpinferError

hostile = settings(settings.get_profile("hostile"))
CODES = {int(code) for code in ExitCode}
#: Commands that read and show, or that fail before they do anything: nothing is fetched, installed
#: or removed by chance.
COMMANDS = ["ocr", "detect", "table", "layout", "classify", "config", "models", "run"]


def options_of(command: click.Command) -> list[str]:
    names = [name for param in command.params for name in param.opts if name.startswith("-")]
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                names += [name, *options_of(inner)] if inner is not None else []
    return names


def words_of(name: str) -> list[str]:
    with click.Context(root) as context:
        command = root.get_command(context, name)
    assert command is not None, name
    return sorted(set(options_of(command)) - {"pull", "install"})


VALUES = st.one_of(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["/nowhere/x.png", "/dev/null", "-", "--", "{}", '{"a": 1}', "@/dev/null", "cpu"]
    ),
    st.sampled_from(
        ["a=b", "SubModules.TextDetection=1", "=", "1e999", "-1", "nan", "OCR", "http://"]
    ),
)


@pytest.mark.parametrize("name", COMMANDS)
def test_any_words(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words = words_of(name)
    tally = TALLY.setdefault("command lines", [0, 0, 0.0])

    @hostile
    @given(arguments=st.lists(st.one_of(st.sampled_from(words), VALUES), max_size=6))
    def each(arguments):
        result = CliRunner().invoke(root, [name, *arguments])
        tally[0] += 1
        tally[1] += result.exit_code != 0
        error = result.exception
        assert isinstance(error, (SystemExit, HpinferError, click.ClickException, type(None))), (
            arguments,
            error,
        )
        assert result.exit_code in CODES, (arguments, result.output)
        assert "Traceback" not in result.output

    each()
