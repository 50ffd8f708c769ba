"""Requests to an OpenAI-compatible service, through the openai package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, ServiceError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.config.pipelines.chatocr import (
        ChatServiceConfig,
        RetrieverServiceConfig,
        ServiceConfig,
    )

#: The same answer for the same question, as far as the service can.
_TEMPERATURE = 0.001
_TOP_P = 0.001
#: Texts in one embedding request: the least that services take.
_EMBEDDING_BATCH = 16
_RENAMED = {"ernie-3.5": "ernie-3.5-8k"}
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What a language model wrote.

    Attributes:
        content: The answer, None if there is none.
        reasoning: What the model thought, if the service tells.
    """

    content: str | None
    reasoning: str | None = None


class _Service:
    """A client of a service. Any number of threads may use it."""

    def __init__(self, config: ServiceConfig) -> None:
        try:
            import openai
        except ImportError:
            raise UnsupportedError(
                "questions to language models need openai: pip install 'hpinfer[chat]'"
            ) from None
        self.model_name = _RENAMED.get(config.model_name, config.model_name)
        self._url = config.base_url
        self._key = "" if config.api_key is None else config.api_key.get_secret_value()
        self._failures: tuple[type[Exception], ...] = (openai.OpenAIError,)
        try:
            self._client: Any = openai.OpenAI(
                base_url=config.base_url,
                api_key=self._key or None,
                timeout=config.timeout,
                max_retries=config.max_retries,
            )
        except openai.OpenAIError as error:
            raise ConfigError(
                f"no key for {config.base_url}: set api_key of the service in the pipeline's "
                f"configuration, or OPENAI_API_KEY in the environment ({self._reason(error)})"
            ) from None
        self._key = str(self._client.api_key)  # also that of the environment is never shown

    def _ask(self, request: Callable[[], Any]) -> Any:  # noqa: ANN401 - the package's own types
        try:
            return request()
        except self._failures as error:
            reason = self._reason(error)
            raise ServiceError(
                f"{self._url} did not answer for {self.model_name}: {reason}"
            ) from None

    def _reason(self, error: Exception) -> str:
        """The failure on one line, without the key."""
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if self._key:
            text = text.replace(self._key, "***")
        return text[:_LONGEST_REASON]

    def _unusable(self, what: str) -> ServiceError:
        return ServiceError(
            f"{self._url} answered for {self.model_name} without {what}: is it OpenAI-compatible?"
        )


class ChatService(_Service):
    """A language model."""

    def __init__(self, config: ChatServiceConfig) -> None:
        """Makes the client; nothing is sent.

        Raises:
            UnsupportedError: The package openai is not installed.
            ConfigError: There is no key.
        """
        super().__init__(config)
        self._completion = config.end_point == "completion"
        self._max_tokens = config.max_tokens

    def ask(self, question: str) -> Answer:
        """The model's answer.

        Raises:
            ServiceError: The service cannot be reached, refused, or answered in another form.
        """
        if self._completion:
            done = self._ask(
                lambda: self._client.completions.create(
                    model=self.model_name,
                    prompt=question,
                    max_tokens=self._max_tokens,
                    temperature=_TEMPERATURE,
                    stream=False,
                )
            )
            return Answer(self._choice(done).text)
        done = self._ask(
            lambda: self._client.chat.completions.create(
                model=self.model_name,
                messages=[{"role": "user", "content": question}],
                temperature=_TEMPERATURE,
                top_p=_TOP_P,
                stream=False,
            )
        )
        message = self._choice(done).message
        return Answer(message.content, getattr(message, "reasoning_content", None))

    def _choice(self, done: object) -> Any:  # noqa: ANN401 - the package's own types
        choices = getattr(done, "choices", None)
        if not choices:
            raise self._unusable("choices")
        return choices[0]


class EmbeddingService(_Service):
    """An embedding model."""

    def __init__(self, config: RetrieverServiceConfig) -> None:
        """Makes the client; nothing is sent.

        Raises:
            UnsupportedError: The package openai is not installed.
            ConfigError: There is no key.
        """
        super().__init__(config)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vector of each text, float32 [texts, dimensions], as the service gives them.

        Raises:
            ServiceError: The service cannot be reached, refused, or answered in another form.
        """
        import numpy as np

        vectors: list[Any] = []
        for start in range(0, len(texts), _EMBEDDING_BATCH):
            part = list(texts[start : start + _EMBEDDING_BATCH])
            vectors.extend(self._vectors(part))
        if len({len(vector) for vector in vectors}) > 1:
            raise self._unusable("vectors of one length")
        return np.array(vectors, np.float32).reshape(len(vectors), -1)

    def _vectors(self, texts: list[str]) -> list[Any]:
        done = self._ask(
            lambda: self._client.embeddings.create(
                model=self.model_name, input=texts, encoding_format="float"
            )
        )
        items = getattr(done, "data", None) or []
        if len(items) != len(texts):
            raise self._unusable(f"one vector for each of {len(texts)} texts")
        return [item.embedding for item in sorted(items, key=lambda item: int(item.index))]
