"""The command as a whole: help, version, lazy loading, processes and their exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from hpinfer.cli.exit_codes import ExitCode
from hpinfer.cli.root import root

FAKE_PIPELINE = """
import sys
import numpy as np
import hpinfer
from hpinfer.results import OCRResult

class Pipeline:
    def predict(self, input, *, on_error):
        for number in range({count}):
            yield OCRResult(
                image=np.zeros((4, 4, 3), np.uint8), name=str(number), dt_polys=[],
                rec_texts=["text" * 500], rec_scores=[1.0],
                rec_polys=[np.zeros((4, 2), np.int16)], rec_boxes=np.zeros((1, 4), np.int16),
            )

hpinfer.create_pipeline = lambda *args, **kwargs: Pipeline()
from hpinfer.cli import main
main(sys.argv[1:])
"""


def process(*arguments, code=None, **kwargs):
    command = ["-m", "hpinfer"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True,
        timeout=120,
        check=False,
        **kwargs,
    )


def test_help_lists_the_commands_and_documents_every_exit_code():
    got = CliRunner().invoke(root, ["--help"])
    assert got.exit_code == 0
    for word in ("ocr", "models", "doctor", "_HPINFER_COMPLETE"):
        assert word in got.stdout
    for name in ("ocr", "doctor"):
        shown = CliRunner().invoke(root, [name, "--help"]).stdout
        assert [
            int(line.split()[0]) for line in shown.split("Exit codes:")[1].splitlines()[1:]
        ] == [int(code) for code in ExitCode]


def test_every_listed_command_can_be_loaded():
    context = click.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        assert command.name == name


def test_version():
    import hpinfer

    got = CliRunner().invoke(root, ["--version"])
    assert (got.exit_code, got.stdout) == (0, f"hpinfer {hpinfer.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["ocr", "--help"], ["config", "--help"], ["run", "--help"]],
)
def test_help_and_version_load_nothing_heavy(arguments):
    code = (
        "import sys\nfrom hpinfer.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    heavy = {'numpy', 'PIL', 'yaml', 'pydantic', 'hpinfer._native'} & set(sys.modules)\n"
        "    sys.exit(end.code or (7 if heavy else 0))\n"
    )
    assert process(*arguments, code=code).returncode == 0


def test_no_arguments_show_the_help():
    got = process()
    assert b"Commands:" in got.stdout + got.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["bogus"], 2), (["ocr"], 2), (["ocr", "x", "--bogus"], 2), (["--pipeline", "OCR"], 2)],
)
def test_wrong_usage_in_a_process(arguments, code):
    got = process(*arguments)
    assert (got.returncode, got.stdout) == (code, b"")
    assert got.stderr.startswith(b"hpinfer: error: ")
    assert got.stderr.count(b"\n") == 1


@pytest.mark.parametrize("count", [1, 2000])
def test_a_closed_output_ends_quietly(count):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        got = subprocess.run(
            [sys.executable, "-c", FAKE_PIPELINE.format(count=count), "ocr", "a.png"],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writing)
    assert (got.returncode, got.stderr) == (1, b"")


def test_text_that_the_output_encoding_lacks_is_escaped():
    code = FAKE_PIPELINE.format(count=1).replace('"text" * 500', '"caf\\u00e9 \\u6587"')
    got = process("ocr", "a.png", code=code, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (got.returncode, got.stdout) == (0, b"caf\xe9 \\u6587\n")


def test_progress_is_for_terminals_only():
    got = process("ocr", "a.png", "b.png", code=FAKE_PIPELINE.format(count=3))
    assert (got.returncode, got.stderr) == (0, b"")
