"""Documents and what a language model finds in them: asking, printing, saving."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from hpinfer.cli.console import ProgressLine
from hpinfer.cli.output import STANDARD_INPUT, Saver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hpinfer.io import InputFailure
    from hpinfer.pipelines import ChatOCRPipeline
    from hpinfer.results import LayoutParsingResult

#: What ``--save`` knows of a document; of its pages it knows what layout parsing saves.
DOCUMENT_KINDS = ("answers", "facts", "vectors")
FORMATS = ("text", "json", "jsonl", "csv", "none")


@dataclass
class Document:
    """The pages that are asked about together.

    Attributes:
        name: Stem of its files.
        source: Where it came from, in words.
        facts: ``visual_info`` of each page.
        pages: What layout parsing gave; empty for facts that were saved earlier.
    """

    name: str
    source: str
    facts: list[dict[str, Any]] = field(default_factory=list)
    pages: list[LayoutParsingResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask about every document.

    Attributes:
        keys: What to find.
        retrieval: Whether a long document is searched for the passages that belong to the keys.
        min_characters: Longest text of one question.
        block_size: Longest passage, in characters.
        prompts: Parts of prompts instead of the configuration's.
    """

    keys: Sequence[str]
    retrieval: bool
    min_characters: int
    block_size: int
    prompts: Mapping[str, str]


def documents(
    items: Iterable[dict[str, Any] | InputFailure], *, together: bool
) -> Iterator[Document | InputFailure]:
    """Gathers the pages of ``visual_predict`` into documents; failures come in between.

    Args:
        items: What ``visual_predict`` gives.
        together: One document for all inputs; else one for each input.
    """
    from hpinfer.io import InputFailure
    from hpinfer.results.files import result_stem

    document, path = None, None
    for item in items:
        if isinstance(item, InputFailure):
            yield item
            continue
        page = item["layout_parsing_result"]
        of_it = together or (page.input_path is not None and page.input_path == path)
        if document is None or not of_it:
            if document is not None:
                yield document
            path = page.input_path
            name = page.name if path is None else result_stem(path, None)
            document = Document(name, STANDARD_INPUT if path is None else path)
        document.facts.append(item["visual_info"])
        document.pages.append(page)
    if document is not None:
        yield document


def saved_documents(
    pipeline: ChatOCRPipeline, files: Sequence[Path], *, together: bool
) -> Iterator[Document]:
    """Documents from the files of ``--save facts``.

    Args:
        pipeline: What reads the files.
        files: The files.
        together: One document for all of them.

    Raises:
        InputNotFoundError: A file does not exist.
        InvalidInputError: A file holds something else.
    """
    read = [
        Document(
            file.stem.removesuffix("_visual_info"),
            str(file),
            pipeline.load_visual_info_list(file),
        )
        for file in files
    ]
    if together:
        for document in read[1:]:
            read[0].facts.extend(document.facts)
        del read[1:]
    yield from read


def ask(
    pipeline: ChatOCRPipeline,
    document: Document,
    question: Question,
    vectors: dict[str, Any] | None,
) -> dict[str, Any]:
    """The values of the keys that were found in `document`.

    Raises:
        ServiceError: A service cannot be reached, or refused.
        ConfigError: A wrong value.
    """
    prompts: dict[str, Any] = dict(question.prompts)
    found = pipeline.chat(
        question.keys,
        document.facts,
        use_vector_retrieval=question.retrieval,
        vector_info=vectors,
        min_characters=question.min_characters,
        **prompts,
    )
    return found["chat_res"]


class AnswerPrinter:
    """Writes answers to standard output as they come."""

    def __init__(self, form: str, keys: Sequence[str], *, titled: bool) -> None:
        """Starts the output.

        Args:
            form: One of `FORMATS`.
            keys: What is looked for.
            titled: Whether to name the document above its answers, in text.
        """
        self._form = form
        self._keys = keys
        self._titled = titled
        self._count = 0

    def add(self, document: Document, answers: Mapping[str, Any]) -> None:
        """Writes the answers of one document."""
        ProgressLine.clear_current()
        if self._form == "text":
            self._add_text(document, answers)
        elif self._form == "csv":
            self._add_rows(document, answers)
        elif self._form != "none":
            lines = self._form == "jsonl"
            text = json.dumps(
                as_data(document, answers), ensure_ascii=False, indent=None if lines else 2
            )
            opening = ",\n" if self._count else "[\n"
            click.echo(text if lines else opening + text, nl=lines)
        self._count += 1

    def finish(self) -> None:
        """Writes what closes the output."""
        if self._form == "json":
            click.echo("\n]" if self._count else "[]")

    def _add_text(self, document: Document, answers: Mapping[str, Any]) -> None:
        if self._titled:
            click.echo(("\n" if self._count else "") + f"==> {document.source} <==")
        for key in self._keys:
            click.echo(f"{key}: {_in_words(answers[key]) if key in answers else '(not found)'}")

    def _add_rows(self, document: Document, answers: Mapping[str, Any]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._count:
            writer.writerow(["input_path", "key", "value"])
        for key in self._keys:
            value = _in_words(answers[key]) if key in answers else ""
            writer.writerow([document.source, key, value])
        click.echo(text.getvalue(), nl=False)


def as_data(document: Document, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as JSON data."""
    return {"input_path": document.source, "chat_res": dict(answers)}


def _in_words(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())


class DocumentSaver:
    """Writes the files of documents into one directory; none overwrites another's."""

    def __init__(self, directory: Path, kinds: Sequence[str]) -> None:
        """Checks the place, without making the directory yet.

        Args:
            directory: Where to write.
            kinds: Of `DOCUMENT_KINDS`, and what layout parsing saves.

        Raises:
            ConfigError: `directory` is a file.
        """
        self._directory = directory
        self._kinds = frozenset(kinds) & frozenset(DOCUMENT_KINDS)
        page_kinds = tuple(kind for kind in kinds if kind not in DOCUMENT_KINDS)
        self._pages = Saver(directory, page_kinds)
        self._names: set[str] = set()

    def add_read(self, pipeline: ChatOCRPipeline, document: Document) -> None:
        """Writes what was read, before anything is asked."""
        number, name = 2, document.name
        while document.name in self._names:
            document.name, number = f"{name}-{number}", number + 1
        self._names.add(document.name)
        for page in document.pages:
            self._pages.add(page)
        if "facts" in self._kinds:
            pipeline.save_visual_info_list(document.facts, self._path(document, "visual_info"))

    def add_vectors(
        self, pipeline: ChatOCRPipeline, document: Document, vectors: dict[str, Any]
    ) -> None:
        """Writes the vectors of a document."""
        if "vectors" in self._kinds:
            pipeline.save_vector(vectors, self._path(document, "vectors"))

    def add_answers(self, document: Document, answers: Mapping[str, Any]) -> None:
        """Writes the answers about a document."""
        from hpinfer.results.files import write_text

        if "answers" in self._kinds:
            text = json.dumps(as_data(document, answers), ensure_ascii=False, indent=2)
            write_text(self._path(document, "chat"), f"{text}\n")

    def _path(self, document: Document, kind: str) -> Path:
        return self._directory / f"{document.name}_{kind}.json"
