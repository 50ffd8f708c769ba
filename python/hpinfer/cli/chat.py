"""``hpinfer chat``: reads documents and has a language model find values in them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from hpinfer.cli.chat_answers import (
    DOCUMENT_KINDS,
    FORMATS,
    AnswerPrinter,
    Document,
    DocumentSaver,
    Question,
    ask,
    documents,
    saved_documents,
)
from hpinfer.cli.console import ProgressLine, verbosity_options
from hpinfer.cli.exit_codes import EPILOG
from hpinfer.cli.hpi import given_hpi, hpi_options
from hpinfer.cli.parameters import given_parameters, given_switches, own_options
from hpinfer.cli.pipeline_command import (
    chosen_kinds,
    config_options,
    engine_options,
    given_models,
    model_options,
    output_options,
)
from hpinfer.cli.pipeline_commands import LAYOUT_PARSING_MODELS, PIPELINE_COMMANDS
from hpinfer.cli.pipeline_config import pipeline_config
from hpinfer.cli.pipeline_parameters import PIPELINE_PARAMETERS
from hpinfer.cli.prediction import (
    conclude,
    create_pipeline,
    read_inputs,
    report_input,
    several_results,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpinfer.io import InputFailure
    from hpinfer.pipelines import ChatOCRPipeline

_PIPELINE = "PP-ChatOCRv3-doc"
_PARAMETERS = PIPELINE_PARAMETERS[_PIPELINE]
_PARSER = "SubPipelines.LayoutParser"
_MODELS = {
    option: (f"{_PARSER}.{path}", text) for option, (path, text) in LAYOUT_PARSING_MODELS.items()
}
#: Option for the name of a service's model, and where it is in the YAML.
_SERVICES = {"chat_model": "SubModules.LLM_Chat", "embedding_model": "SubModules.LLM_Retriever"}
_PROMPTS = tuple(
    f"{kind}_{part}"
    for kind in ("text", "table")
    for part in (
        *("task_description", "rules_str", "output_format"),
        *("few_shot_demo_text_content", "few_shot_demo_key_value_list"),
    )
)
_KINDS = (*DOCUMENT_KINDS, *PIPELINE_COMMANDS["layout"].kinds)


def _run(
    inputs: tuple[str, ...],
    keys: tuple[str, ...],
    saved: tuple[Path, ...],
    vectors: Path | None,
    together: bool,
    output: Path | None,
    output_format: str,
    save: str | None,
    **options: Any,
) -> int:
    from hpinfer.pipelines.questions import keys_of

    question = Question(
        keys_of(",".join(keys)),
        options.pop("retrieval"),
        options.pop("min_characters"),
        options.pop("block_size"),
        {name: text for name in _PROMPTS if (text := options.pop(name)) is not None},
    )
    _check_what_is_asked_about(inputs, saved, vectors, retrieval=question.retrieval)
    kinds = chosen_kinds(output, save, _KINDS if not saved else DOCUMENT_KINDS, ("answers",))
    saver = None if output is None else DocumentSaver(output, kinds)
    params = given_parameters(options, _PARAMETERS)
    if saved:
        _refuse_what_reading_takes({**options, **params})
    pipeline = _pipeline(options, reads=not saved)
    pipeline.check_chat_service()
    if saved:
        items: Iterator[Document | InputFailure]
        items = saved_documents(pipeline, saved, together=together)
        several = len(saved) > 1
    else:
        given = read_inputs(inputs)
        read = pipeline.visual_predict(given, on_error="yield", **params)
        items, several = documents(read, together=together), several_results(given)
    printer = AnswerPrinter(output_format, question.keys, titled=several and not together)
    return _ask_about_all(pipeline, items, question, vectors, printer, saver)


def _check_what_is_asked_about(
    inputs: tuple[str, ...], saved: tuple[Path, ...], vectors: Path | None, *, retrieval: bool
) -> None:
    if bool(inputs) == bool(saved):
        raise click.UsageError("give either INPUT, documents to read, or --visual-info FILE")
    if vectors is not None and (len(saved) != 1 or not retrieval):
        raise click.UsageError(
            "--vectors goes with --visual-info of the one document they are of, and retrieval"
        )


def _refuse_what_reading_takes(options: dict[str, Any]) -> None:
    reading = {
        *("device", "engine", "precision", "use_hpip", "enable_hpi", "hpi_config", "explain"),
        *(parameter.name for parameter in _PARAMETERS),
        *(option.replace("-", "_") for option in _MODELS),
    }
    given = [name for name in options if name in reading and options[name] not in (None, False)]
    if given:
        raise click.UsageError(
            f"--{given[0].replace('_', '-')} has no effect: nothing is read with --visual-info"
        )


def _pipeline(options: dict[str, Any], *, reads: bool) -> ChatOCRPipeline:
    """The pipeline; without its models if nothing is to be read."""
    hpi = given_hpi(options)
    switches = given_switches(options, _PARAMETERS)
    models = given_models(options, _MODELS)
    settings: list[str] = [] if reads else ["use_layout_parser=false"]
    for option, path in _SERVICES.items():
        for key, value in (("model_name", options[option]), ("base_url", options["base_url"])):
            if value is not None:
                settings.append(f"{path}.{key}={json.dumps(value)}")
    wanted = pipeline_config(
        _PIPELINE,
        config=options["config"],
        models=models,
        switches=switches,
        settings=(*settings, *options["settings"]),
    )
    pipeline = create_pipeline(
        wanted,
        device=options["device"],
        engine=options["engine"],
        precision=options["precision"],
        **hpi,
    )
    if options["explain"]:
        click.echo(str(pipeline.explain()), err=True)
    return cast("ChatOCRPipeline", pipeline)


def _ask_about_all(
    pipeline: ChatOCRPipeline,
    items: Iterator[Document | InputFailure],
    question: Question,
    vectors: Path | None,
    printer: AnswerPrinter,
    saver: DocumentSaver | None,
) -> int:
    start, done, failed = time.monotonic(), 0, 0
    known = None if vectors is None else pipeline.load_vector(vectors)
    with ProgressLine(unit="documents") as progress:
        progress.show("reading ...")
        try:
            for item in items:
                if not isinstance(item, Document):
                    failed += 1
                    report_input(item)
                    continue
                answers = _answers(pipeline, item, question, known, saver)
                printer.add(item, answers)
                done += 1
                progress.step(item.source)
        finally:
            progress.clear()
            printer.finish()
    return conclude(done, failed, time.monotonic() - start)


def _answers(
    pipeline: ChatOCRPipeline,
    document: Document,
    question: Question,
    vectors: dict[str, Any] | None,
    saver: DocumentSaver | None,
) -> dict[str, Any]:
    """Asks about one document; what was read is saved before the services are asked."""
    if saver is not None:
        saver.add_read(pipeline, document)
    if vectors is None and question.retrieval:
        vectors = pipeline.build_vector(
            document.facts, min_characters=question.min_characters, block_size=question.block_size
        )
        if saver is not None:
            saver.add_vectors(pipeline, document, vectors)
    answers = ask(pipeline, document, question, vectors)
    if saver is not None:
        saver.add_answers(document, answers)
    return answers


def _question_options() -> list[click.Parameter]:
    return [
        click.Argument(["inputs"], metavar="[INPUT]...", nargs=-1),
        click.Option(
            ["-k", "--key", "--key_list", "keys"],
            metavar="KEY",
            multiple=True,
            required=True,
            help="What to find; may be repeated, or hold several with commas between them.",
        ),
        click.Option(
            ["--visual-info", "saved"],
            metavar="FILE",
            type=click.Path(dir_okay=False, path_type=Path),
            multiple=True,
            help="Ask about what --save facts wrote, without reading again; may be repeated.",
        ),
        click.Option(
            ["--vectors"],
            metavar="FILE",
            type=click.Path(dir_okay=False, path_type=Path),
            help="What --save vectors wrote for it.",
        ),
        click.Option(
            ["--together"],
            is_flag=True,
            help="All inputs are pages of one document; otherwise each is one.",
        ),
    ]


def _service_options() -> list[click.Parameter]:
    return [
        click.Option(["--base-url"], metavar="URL", help="OpenAI-compatible service of both."),
        click.Option(["--chat-model"], metavar="NAME", help="Language model at the service."),
        click.Option(["--embedding-model"], metavar="NAME", help="Embedding model at the service."),
        click.Option(
            ["--retrieval/--no-retrieval"],
            default=True,
            help="Ask about the passages of a long document that belong to the keys (default), or "
            "about all of it.",
        ),
        click.Option(
            ["--min-characters"],
            type=click.IntRange(min=1),
            default=3500,
            show_default=True,
            help="Longest text of one question.",
        ),
        click.Option(
            ["--block-size"],
            type=click.IntRange(min=1),
            default=300,
            show_default=True,
            help="Longest passage, in characters.",
        ),
    ]


def _prompt_options() -> list[click.Parameter]:
    return [
        click.Option(
            [f"--{name.replace('_', '-')}"],
            metavar="TEXT",
            help=f"Part of questions about a {name.partition('_')[0]}, instead of the YAML's.",
        )
        for name in _PROMPTS
    ]


_HELP = """Have a language model find values in documents.

INPUT is a picture, PDF, directory, glob pattern or URL; '-' reads one from standard input. The
documents are read as by 'hpinfer layout'; tables are asked about first, then the text, or its
passages nearest to the keys. Any OpenAI-compatible service will do; its key comes from api_key of
the YAML or from OPENAI_API_KEY in the environment.

\b
  hpinfer chat invoice.pdf -k "total, date" --base-url http://localhost:8000/v1 \\
      --chat-model my-model --embedding-model my-embeddings
"""

chat = verbosity_options(
    hpi_options(
        click.Command(
            "chat",
            callback=_run,
            help=_HELP,
            epilog=EPILOG,
            params=[
                *_question_options(),
                *output_options(FORMATS, _KINDS, ("answers",)),
                *_service_options(),
                *engine_options(),
                *model_options(_MODELS),
                *config_options(),
                *_prompt_options(),
                *own_options(_PARAMETERS),
            ],
        )
    )
)
