"""Writes results: to standard output in one of the formats, and to files."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import ProgressLine
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hpinfer.results import Result


#: What results and failures of ``-`` are called: the only input without a path.
STANDARD_INPUT = "standard input"


class Printer:
    """Writes results to standard output as they come; the base writes nothing."""

    def __init__(self, *, titled: bool = False) -> None:
        """Starts the output.

        Args:
            titled: Whether to name the input above each result, where the format has room for it.
        """
        self._titled = titled
        self._count = 0

    def add(self, result: Result) -> None:
        """Writes one result."""
        ProgressLine.clear_current()
        self._write(result)
        self._count += 1

    def finish(self) -> None:
        """Writes what closes the output."""

    def _write(self, result: Result) -> None:
        """Writes `result` in the format."""


class TextPrinter(Printer):
    """Text for people; with several inputs a title like that of ``head`` above each."""

    def _write(self, result: Result) -> None:
        if self._titled:
            click.echo(("\n" if self._count else "") + f"==> {title(result)} <==")
        if text := result.to_text():
            click.echo(text)


class JsonPrinter(Printer):
    """One JSON array with an object for each page."""

    def _write(self, result: Result) -> None:
        click.echo(",\n" if self._count else "[\n", nl=False)
        click.echo(result.to_json(indent=2), nl=False)

    def finish(self) -> None:
        """Closes the array."""
        click.echo("\n]" if self._count else "[]")


class JsonLinesPrinter(Printer):
    """One JSON object a line for each page."""

    def _write(self, result: Result) -> None:
        click.echo(result.to_json())


class MarkdownPrinter(Printer):
    """A paragraph for each page; with several inputs a heading above each."""

    def _write(self, result: Result) -> None:
        if self._count:
            click.echo()
        if self._titled:
            click.echo(f"## {title(result)}\n")
        click.echo(_method(result, "to_markdown")())


class HtmlPrinter(Printer):
    """HTML of each page."""

    def _write(self, result: Result) -> None:
        click.echo(_method(result, "to_html")(), nl=False)


class CsvPrinter(Printer):
    """One row a line of text, class or object; one header."""

    def _write(self, result: Result) -> None:
        click.echo(_method(result, "to_csv")(header=self._count == 0), nl=False)


class PaddleXPrinter(Printer):
    """What PaddleX prints: the result's own ``print``."""

    def _write(self, result: Result) -> None:
        result.print()


PRINTERS: dict[str, type[Printer]] = {
    "text": TextPrinter,
    "json": JsonPrinter,
    "jsonl": JsonLinesPrinter,
    "markdown": MarkdownPrinter,
    "html": HtmlPrinter,
    "csv": CsvPrinter,
    "none": Printer,
}


#: Kind of file to the result's method that writes it into a directory.
SAVE_METHODS = {
    "json": "save_to_json",
    "image": "save_to_img",
    "text": "save_to_text",
    "markdown": "save_to_markdown",
    "csv": "save_to_csv",
    "html": "save_to_html",
    "xlsx": "save_to_xlsx",
    "page": "save_to_page",
}


class Saver:
    """Writes the files of each result into one directory; no result overwrites another's."""

    def __init__(self, directory: Path, kinds: tuple[str, ...] | None) -> None:
        """Checks the place, without making the directory yet.

        Args:
            directory: Where to write.
            kinds: Keys of `SAVE_METHODS`; None is what the result's ``save_all`` writes.

        Raises:
            ConfigError: `directory` is a file.
        """
        if directory.exists() and not directory.is_dir():
            raise ConfigError(f"the output must be a directory; {str(directory)!r} is a file")
        self._directory = directory
        self._kinds = kinds
        self._names: set[str] = set()

    def add(self, result: Result) -> None:
        """Writes the files of `result`."""
        result = dataclasses.replace(result, name=self._unused(result.name))
        if self._kinds is None:
            result.save_all(self._directory)
            return
        for kind in self._kinds:
            _method(result, SAVE_METHODS[kind])(self._directory)

    def _unused(self, name: str) -> str:
        candidate, number = name, 2
        while candidate in self._names:
            candidate, number = f"{name}-{number}", number + 1
        self._names.add(candidate)
        return candidate


def save_kinds(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Parses ``--save``: kinds separated by commas, or ``all``.

    Raises:
        click.UsageError: A kind is none of `known`.
    """
    kinds = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if kinds == ("all",):
        return known
    unknown = [kind for kind in kinds if kind not in known]
    if unknown or not kinds:
        wrong = f"unknown kind {unknown[0]!r}" if unknown else "no kind"
        raise click.UsageError(f"--save: {wrong}; known: {', '.join(known)}, all")
    return kinds


def _method(result: Result, name: str) -> Callable[..., Any]:
    """A method that not every kind of result has; the command's options name only those it has."""
    method: Callable[..., Any] = getattr(result, name)
    return method


def title(result: Result) -> str:
    """Input and page (counted from 1) in words."""
    source = result.input_path or STANDARD_INPUT
    return source if result.page_index is None else f"{source} (page {result.page_index + 1})"


def json_text(value: object) -> str:
    """`value` as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
