"""PP-ChatOCRv3, in the keys of PaddleX's ``PP-ChatOCRv3-doc.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from hpinfer.config.pipelines.layout_parsing import LayoutParsingConfig
from hpinfer.config.pipelines.tree import PipelineConfig
from hpinfer.config.validation import StrictModel

_QIANFAN = "https://qianfan.baidubce.com/v2"


def _no_placeholder(value: object) -> object:
    """PaddleX's files say ``api_key: "api_key"`` where a key is to be written."""
    return None if value in ("api_key", "") else value


class ServiceConfig(StrictModel):
    """A model behind an OpenAI-compatible HTTP interface.

    Attributes:
        module_name: PaddleX's name of the task; says nothing.
        model_name: Name of the model there.
        base_url: Address of the service, without ``/chat/completions`` or ``/embeddings``.
        api_type: ``"openai"``, or ``"qianfan"``, whose interface is the same.
        api_key: Key for the service, never logged or shown; None, and the word ``api_key`` that
            PaddleX's files have in its place, take ``OPENAI_API_KEY`` from the environment.
        timeout: Seconds until a request is given up.
        max_retries: How often a request is repeated that failed on the way or was turned away
            because of load.
    """

    module_name: str | None = None
    model_name: str
    base_url: str = _QIANFAN
    api_type: Literal["openai", "qianfan"] = "openai"
    api_key: Annotated[SecretStr | None, BeforeValidator(_no_placeholder)] = None
    timeout: float = Field(default=60.0, gt=0.0)
    max_retries: int = Field(default=2, ge=0)


class ChatServiceConfig(ServiceConfig):
    """The large language model.

    Attributes:
        end_point: Which interface of the service is used.
        max_tokens: Longest answer of ``completion``.
    """

    model_name: str = "ernie-3.5-8k"
    end_point: Literal["chat_completion", "completion"] = "chat_completion"
    max_tokens: int = Field(default=1024, ge=1)


class RetrieverServiceConfig(ServiceConfig):
    """The embedding model, which finds the passages that belong to a question.

    Attributes:
        tiktoken_enabled: Of PaddleX; texts are always sent as text.
    """

    model_name: str = "embedding-v1"
    tiktoken_enabled: Literal[False] = False


class PromptConfig(StrictModel):
    """What the language model is told. None or empty leaves a part out.

    Attributes:
        module_name: PaddleX's name of the task; says nothing.
        task_type: Of PaddleX; the form of the prompt is the same for all.
        task_description: What to do.
        rules_str: Rules to keep.
        output_format: The form of the answer: a JSON object.
        few_shot_demo_text_content: Text of an example.
        few_shot_demo_key_value_list: Answer of the example.
    """

    module_name: str | None = None
    task_type: Literal[
        "text_kie_prompt_v1", "text_kie_prompt_v2", "table_kie_prompt_v1", "table_kie_prompt_v2"
    ] = "text_kie_prompt_v1"
    task_description: str | None = None
    rules_str: str | None = None
    output_format: str | None = (
        "Answer with one JSON object and nothing else: no explanation, no code fence. It has each "
        "key of the list as written there, with the value found for it as a text. Where there is "
        'no value for a key, write "unknown".\n'
    )
    few_shot_demo_text_content: str | None = None
    few_shot_demo_key_value_list: str | None = None


class TextPromptConfig(PromptConfig):
    """For the text of a document."""

    task_description: str | None = (
        "Find the value of each key in text that OCR has read from a document, in the order of "
        "the page. Lines may be broken, words joined or divided, single characters misread: go by "
        "the sense. Give each value in the language of the document.\n"
    )


class TablePromptConfig(PromptConfig):
    """For the tables of a document."""

    task_type: Literal[
        "text_kie_prompt_v1", "text_kie_prompt_v2", "table_kie_prompt_v1", "table_kie_prompt_v2"
    ] = "table_kie_prompt_v1"
    task_description: str | None = (
        "Find the value of each key in a table, given as HTML. Headings of rows and columns say "
        "what a cell means. Give each value in the language of the table.\n"
    )


class PromptsConfig(StrictModel):
    """The prompts."""

    KIE_CommonText: TextPromptConfig = TextPromptConfig()
    KIE_Table: TablePromptConfig = TablePromptConfig()


class ChatOCRModules(StrictModel):
    """The services and prompts; the misspelled key is PaddleX's."""

    LLM_Chat: ChatServiceConfig = ChatServiceConfig()
    LLM_Retriever: RetrieverServiceConfig = RetrieverServiceConfig()
    PromptEngneering: PromptsConfig = PromptsConfig()


class ChatOCRSubPipelines(StrictModel):
    """The pipelines inside PP-ChatOCRv3."""

    LayoutParser: LayoutParsingConfig = LayoutParsingConfig()


class ChatOCRConfig(PipelineConfig):
    """PP-ChatOCRv3: answers for keys, from what layout parsing reads in a document.

    Attributes:
        use_layout_parser: Whether documents can be read; without, only questions can be asked.
    """

    pipeline_name: Literal["PP-ChatOCRv3-doc"] = "PP-ChatOCRv3-doc"
    use_layout_parser: bool = True
    SubModules: ChatOCRModules = ChatOCRModules()
    SubPipelines: ChatOCRSubPipelines = ChatOCRSubPipelines()
