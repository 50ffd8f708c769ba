"""Runs a pipeline over inputs: results to the printer, failures to standard error."""

from __future__ import annotations

import glob
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import click

from hpinfer.cli.console import ProgressLine, say
from hpinfer.cli.exit_codes import ExitCode
from hpinfer.cli.failures import describe
from hpinfer.cli.output import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hpinfer.cli.output import Printer, Saver
    from hpinfer.io import InputFailure
    from hpinfer.pipelines import Precision
    from hpinfer.results import Result

_PAGED = frozenset({".pdf", ".tif", ".tiff"})


class Pipeline(Protocol):
    """What this module needs of a pipeline."""

    def predict(
        self,
        input: Any,  # noqa: ANN401 - paths and bytes
        *,
        on_error: str,
        **params: Any,
    ) -> Iterable[Result | InputFailure]:
        """Results and failures, lazily, in input order."""

    def explain(self) -> object:
        """How each model runs, and why; ``str()`` is for people."""


def create_pipeline(
    pipeline: str | dict[str, Any],
    *,
    device: str | None,
    engine: str | None,
    precision: Precision | None = None,
    use_hpip: bool | None = None,
    hpi_config: dict[str, Any] | None = None,
) -> Pipeline:
    """``hpinfer.create_pipeline``, imported now."""
    import hpinfer

    created = hpinfer.create_pipeline(
        pipeline,
        device=device,
        engine=engine,
        precision=precision,
        use_hpip=use_hpip,
        hpi_config=hpi_config,
    )
    return cast("Pipeline", created)


def read_inputs(arguments: Sequence[str]) -> list[str | bytes]:
    """The inputs with ``-`` replaced by what standard input holds.

    Raises:
        click.UsageError: ``-`` is given twice, or standard input is a terminal.
    """
    if "-" not in arguments:
        return list(arguments)
    if arguments.count("-") > 1:
        raise click.UsageError("'-' (standard input) can be given once")
    stream = sys.stdin.buffer
    if stream.isatty():
        raise click.UsageError("'-' reads a picture from standard input: pipe one in")
    return [stream.read() if argument == "-" else argument for argument in arguments]


def several_results(inputs: Sequence[str | bytes]) -> bool:
    """Whether the inputs can give more than one result, judged by their names."""
    return _known_count(inputs) != 1


def _known_count(inputs: Sequence[str | bytes]) -> int | None:
    """Number of results if every input is a single picture, else None."""
    return len(inputs) if all(map(_is_one_picture, inputs)) else None


def _is_one_picture(item: str | bytes) -> bool:
    if isinstance(item, bytes):
        return not item.startswith((b"%PDF", b"II*\0", b"MM\0*"))
    path = Path(item)
    paged = path.suffix.lower() in _PAGED
    return not paged and not path.is_dir() and (path.is_file() or not glob.has_magic(item))


def run_prediction(
    pipeline: Pipeline,
    inputs: Sequence[str | bytes],
    params: dict[str, Any],
    printer: Printer,
    saver: Saver | None,
) -> int:
    """Predicts, prints and saves; a bad input is reported and the rest goes on.

    Returns:
        The exit code.
    """
    from hpinfer.io import InputFailure

    total = _known_count(inputs)
    start, done, failed = time.monotonic(), 0, 0
    with ProgressLine(total=total, unit="images") as progress:
        progress.show("reading ...")
        try:
            for item in pipeline.predict(list(inputs), on_error="yield", **params):
                if isinstance(item, InputFailure):
                    failed += 1
                    report_input(item)
                else:
                    done += 1
                    printer.add(item)
                    if saver is not None:
                        saver.add(item)
                progress.step(item.input_path or item.name)
        finally:
            progress.clear()
            printer.finish()
    return conclude(done, failed, time.monotonic() - start)


def report_input(failure: InputFailure) -> None:
    """Says on standard error why an input could not be read."""
    ProgressLine.clear_current()
    source = failure.input_path or STANDARD_INPUT
    page = "" if failure.page_index is None else f" (page {failure.page_index + 1})"
    message = describe(failure.error)
    if failure.input_path is None:
        message = message.replace(failure.name, STANDARD_INPUT)
    say(f"error: {message}" if source in message else f"error: {source}{page}: {message}")


def conclude(done: int, failed: int, seconds: float) -> int:
    """Says how many inputs were done; the exit code."""
    log = logging.getLogger("hpinfer")
    log.info("%d read, %d failed, %.2f s", done, failed, seconds)
    if failed and done + failed > 1:
        say(f"{failed} of {done + failed} inputs could not be read")
    if not done and not failed:
        say("error: the inputs hold nothing to read")
    return ExitCode.OK if done and not failed else ExitCode.INPUT
