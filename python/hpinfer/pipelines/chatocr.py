"""PP-ChatOCRv3: layout parsing, and answers to questions about what it read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from hpinfer.chat import ChatService, EmbeddingService, VectorStore, passages
from hpinfer.config.pipelines.chatocr import ChatServiceConfig, RetrieverServiceConfig
from hpinfer.config.validation import validate
from hpinfer.errors import ConfigError, InputNotFoundError, InvalidInputError
from hpinfer.io import InputFailure
from hpinfer.pipelines.base import Pipeline
from hpinfer.pipelines.document_facts import (
    VectorInfo,
    VisualInfo,
    document_texts,
    long_tables,
    merged,
    short_tables,
    visual_info,
)
from hpinfer.pipelines.layout_parsing import LayoutParsingPipeline
from hpinfer.pipelines.questions import Questions, keys_of, prompt_parts
from hpinfer.results import LayoutParsingResult
from hpinfer.results.files import write_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import ChatOCRConfig
    from hpinfer.io import ImageSource, InputImage
    from hpinfer.models.base import OnError

#: Characters of text that one question to a language model may hold.
_MOST_CHARACTERS = 3500
_BLOCK = 300


class ChatOCRPipeline(Pipeline[LayoutParsingResult]):
    """Reads documents, and has a language model find the values of keys in what was read.

    `visual_predict` reads; `build_vector` prepares long documents for the search; `chat` asks. The
    parameters of `visual_predict` and `predict` are those of layout parsing.

    Attributes:
        config: The configuration in force.
    """

    PARAMETERS: ClassVar[frozenset[str]] = LayoutParsingPipeline.PARAMETERS

    def __init__(self, config: ChatOCRConfig, settings: Mapping[str, HPISettings]) -> None:
        super().__init__(config, settings)
        self.config = config
        self._parser = (
            self._sub_pipeline(
                LayoutParsingPipeline,
                "SubPipelines.LayoutParser",
                config.SubPipelines.LayoutParser,
            )
            if config.use_layout_parser
            else None
        )
        self._chat: ChatService | None = None
        self._retriever: EmbeddingService | None = None

    @overload
    def visual_predict(
        self, input: ImageSource, *, on_error: Literal["raise"] = "raise", **params: Any
    ) -> Iterator[dict[str, Any]]: ...
    @overload
    def visual_predict(
        self, input: ImageSource, *, on_error: Literal["yield"], **params: Any
    ) -> Iterator[dict[str, Any] | InputFailure]: ...

    def visual_predict(
        self, input: ImageSource, *, on_error: OnError = "raise", **params: Any
    ) -> Iterator[Any]:
        """Reads documents, lazily.

        Args:
            input: As for `predict`.
            on_error: As for `predict`.
            **params: As for `predict`.

        Returns:
            For each page ``{"layout_parsing_result": …, "visual_info": …}``. The information is
            plain data: ``normal_text_dict`` (text by ``"words in <label>"``), ``table_text_list``
            and ``table_html_list``.

        Raises:
            ConfigError: Unknown parameter or a wrong value, or the pipeline was made with
                ``use_layout_parser: False``.
        """
        results: Iterator[Any] = self.predict(input, on_error=on_error, **params)
        return (
            item
            if isinstance(item, InputFailure)
            else {"layout_parsing_result": item, "visual_info": visual_info(item)}
            for item in results
        )

    def build_vector(
        self,
        visual_info: VisualInfo | Sequence[VisualInfo],
        *,
        min_characters: int = _MOST_CHARACTERS,
        block_size: int = _BLOCK,
        flag_save_bytes_vector: bool = False,
        retriever_config: Mapping[str, Any] | None = None,
    ) -> VectorInfo:
        """Prepares what was read for `chat`: of a long text, the vectors of its passages.

        Args:
            visual_info: What `visual_predict` gave, of one page or of several.
            min_characters: Longer texts get vectors; a shorter one goes to `chat` as it is.
            block_size: Longest passage, in characters.
            flag_save_bytes_vector: Give the vectors as text, for JSON.
            retriever_config: Keys of ``LLM_Retriever``, instead of the configuration's.

        Returns:
            ``flag_too_short_text``, ``flag_save_bytes_vector``, ``vector`` and, for a long text,
            ``model_name`` and ``block_size``.

        Raises:
            ServiceError: The embedding service cannot be reached, or refused.
            ConfigError: A wrong value, or there is no key for the service.
        """
        facts = merged(visual_info)
        items = [*document_texts(facts), *long_tables(facts, min_characters)]
        text = "".join(items)
        if len(text) <= min_characters:
            return {
                "flag_save_bytes_vector": False,
                "flag_too_short_text": True,
                "vector": items,
            }
        if block_size < 1:
            raise ConfigError(f"block_size must be at least 1; got {block_size}")
        retriever = self._retriever_for(retriever_config)
        texts = passages("\t".join(items), block_size)
        store = VectorStore.of(texts, retriever.embed(texts))
        return {
            "flag_save_bytes_vector": flag_save_bytes_vector,
            "flag_too_short_text": False,
            "model_name": retriever.model_name,
            "block_size": block_size,
            "vector": store.to_text() if flag_save_bytes_vector else store,
        }

    def chat(
        self,
        key_list: str | Sequence[str],
        visual_info: VisualInfo | Sequence[VisualInfo],
        *,
        use_vector_retrieval: bool = True,
        vector_info: VectorInfo | None = None,
        min_characters: int = _MOST_CHARACTERS,
        chat_bot_config: Mapping[str, Any] | None = None,
        retriever_config: Mapping[str, Any] | None = None,
        **prompts: str | None,
    ) -> dict[str, dict[str, Any]]:
        """Has the language model find the values of keys: in the tables first, then in the text.

        Args:
            key_list: The keys, or one text with commas between them.
            visual_info: What `visual_predict` gave, of one page or of several.
            use_vector_retrieval: Whether to ask only about the passages that belong to the keys.
            vector_info: What `build_vector` gave; without it the whole text is sent.
            min_characters: Longest text of one question. Longer tables are not asked about as
                tables: `build_vector` makes them part of the text.
            chat_bot_config: Keys of ``LLM_Chat``, instead of the configuration's.
            retriever_config: Keys of ``LLM_Retriever``, instead of the configuration's.
            **prompts: ``text_`` or ``table_`` with ``task_description``, ``rules_str``,
                ``output_format``, ``few_shot_demo_text_content`` or
                ``few_shot_demo_key_value_list``: instead of the configuration's.

        Returns:
            ``{"chat_res": {key: value}}``; a key that was not found is missing. A model that tells
            its thoughts adds ``reasoning_content``, a list of texts.

        Raises:
            InvalidInputError: No keys.
            ServiceError: A service cannot be reached, or refused.
            ConfigError: A wrong value, or there is no key for the service.
        """
        parts = prompt_parts(prompts, where=f"{self.name}.chat")
        questions = Questions(keys_of(key_list), self._chat_for(chat_bot_config))
        facts = merged(visual_info)
        modules = self.config.SubModules.PromptEngneering
        for table in short_tables(facts, min_characters):
            questions.ask(modules.KIE_Table, table, parts["table"])
        if questions.open:
            text = self._related_text(
                questions.open,
                facts,
                vector_info if use_vector_retrieval else None,
                min_characters,
                retriever_config,
            )
            questions.ask(modules.KIE_CommonText, text, parts["text"])
        return {"chat_res": questions.answers}

    def check_chat_service(self) -> None:
        """Makes the client of the language model, so that a missing key shows; nothing is sent.

        Raises:
            UnsupportedError: The package openai is not installed.
            ConfigError: There is no key for the service.
        """
        self._chat_for(None)

    def save_visual_info_list(
        self,
        visual_info: VisualInfo | Sequence[VisualInfo],
        save_path: str | os.PathLike[str],
    ) -> None:
        """Writes what `visual_predict` gave, of one page or of several, as JSON."""
        pages = [visual_info] if isinstance(visual_info, dict) else list(visual_info)
        write_text(Path(save_path), json.dumps(pages, ensure_ascii=False) + "\n")

    def load_visual_info_list(self, data_path: str | os.PathLike[str]) -> list[VisualInfo]:
        """Reads what `save_visual_info_list` wrote.

        Raises:
            InvalidInputError: The file holds something else.
        """
        pages = _read_json(Path(data_path))
        merged(pages)  # checks
        return list(pages)

    def save_vector(self, vector_info: VectorInfo, save_path: str | os.PathLike[str]) -> None:
        """Writes what `build_vector` gave as JSON."""
        saved = dict(vector_info)
        if not saved["flag_too_short_text"] and not saved["flag_save_bytes_vector"]:
            saved |= {"vector": saved["vector"].to_text(), "flag_save_bytes_vector": True}
        write_text(Path(save_path), json.dumps(saved, ensure_ascii=False) + "\n")

    def load_vector(self, data_path: str | os.PathLike[str]) -> VectorInfo:
        """Reads what `save_vector` wrote.

        Raises:
            InvalidInputError: The file holds something else.
        """
        info = _read_json(Path(data_path))
        wanted = ("flag_too_short_text", "flag_save_bytes_vector", "vector")
        if not isinstance(info, dict) or not all(key in info for key in wanted):
            raise InvalidInputError(
                f"{data_path} must hold a JSON object with {', '.join(wanted)}, as save_vector "
                "writes it"
            )
        if info["flag_save_bytes_vector"]:
            info |= {
                "vector": VectorStore.from_text(info["vector"]),
                "flag_save_bytes_vector": False,
            }
        return info

    def _related_text(
        self,
        keys: Sequence[str],
        facts: VisualInfo,
        vectors: VectorInfo | None,
        most: int,
        retriever_config: Mapping[str, Any] | None,
    ) -> str:
        """The text to ask about."""
        if vectors is None:
            return "".join(document_texts(facts))
        if vectors["flag_too_short_text"]:
            return "".join(vectors["vector"])
        retriever = self._retriever_for(retriever_config)
        if vectors["model_name"] != retriever.model_name:
            raise ConfigError(
                f"the vectors are of the model {vectors['model_name']!r}, and the retriever is "
                f"{retriever.model_name!r}: build them again"
            )
        store = vectors["vector"]
        if isinstance(store, str):
            store = VectorStore.from_text(store)
        return "\n".join(store.nearest(retriever.embed(keys), most_characters=most))

    def _chat_for(self, given: Mapping[str, Any] | None) -> ChatService:
        if given is not None:
            return ChatService(validate(ChatServiceConfig, given, where="chat_bot_config"))
        # Two threads may make it at once: either one will do.
        if self._chat is None:
            self._chat = ChatService(self.config.SubModules.LLM_Chat)
        return self._chat

    def _retriever_for(self, given: Mapping[str, Any] | None) -> EmbeddingService:
        if given is not None:
            config = validate(RetrieverServiceConfig, given, where="retriever_config")
            return EmbeddingService(config)
        if self._retriever is None:
            self._retriever = EmbeddingService(self.config.SubModules.LLM_Retriever)
        return self._retriever

    def _settings(self, params: Mapping[str, Any]) -> object:
        if self._parser is None:
            raise ConfigError(
                f"{self.name}: documents cannot be read with use_layout_parser: False; "
                "switch it on in the pipeline's configuration"
            )
        return self._parser.call_settings(params)

    def _predict_batch(
        self, images: Sequence[InputImage], settings: object
    ) -> Sequence[LayoutParsingResult]:
        assert self._parser is not None  # _settings has checked
        return self._parser.predict_images(images, settings)


def _read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputNotFoundError(f"{path} does not exist") from None
    except ValueError as error:
        raise InvalidInputError(f"{path} is not JSON: {error}") from None
