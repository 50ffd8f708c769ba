"""Questions to a language model: keys, and the answers found so far."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hpinfer.chat import prompt, read_answer
from hpinfer.chat.prompts import PROMPT_PARTS
from hpinfer.errors import InvalidInputError
from hpinfer.models.base import check_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.chat import ChatService
    from hpinfer.config.pipelines.chatocr import PromptConfig

_KINDS = ("text", "table")


def keys_of(given: str | Sequence[str]) -> list[str]:
    """The keys: a list of them, or one text with commas (also full-width) between them.

    Raises:
        InvalidInputError: There is none.
    """
    parts = (
        re.split("[,\uff0c]", re.sub(r"[\t\n\r\f\v]", "", given))
        if isinstance(given, str)
        else given
    )
    keys = [str(part).strip() for part in parts if str(part).strip()]
    if not keys:
        raise InvalidInputError("key_list must name what to find, e.g. ['date', 'total']; got none")
    return list(dict.fromkeys(keys))


def prompt_parts(
    given: Mapping[str, str | None], *, where: str
) -> dict[str, dict[str, str | None]]:
    """The parts of prompts that a call gives, by kind: ``"text"`` and ``"table"``.

    Raises:
        ConfigError: Unknown name.
    """
    known = {f"{kind}_{part}": (kind, part) for kind in _KINDS for part in PROMPT_PARTS}
    check_parameters(given, known, where=where)
    found: dict[str, dict[str, str | None]] = {kind: {} for kind in _KINDS}
    for name, text in given.items():
        kind, part = known[name]
        found[kind][part] = text
    return found


class Questions:
    """What is still to be found, and what was.

    Attributes:
        open: Keys without an answer.
        answers: Values by key; ``reasoning_content`` if the model tells its thoughts.
    """

    def __init__(self, keys: Sequence[str], chat: ChatService) -> None:
        self.open = list(keys)
        self.answers: dict[str, Any] = {}
        self._chat = chat

    def ask(self, config: PromptConfig, content: str, parts: Mapping[str, str | None]) -> None:
        """Asks for the open keys in `content`; nothing if there are none, or no content.

        Raises:
            ServiceError: The service cannot be reached, or refused.
        """
        if not self.open or not content:
            return
        answer = self._chat.ask(prompt(config, content, self.open, parts))
        if answer.reasoning is not None:
            self.answers.setdefault("reasoning_content", []).append(answer.reasoning)
        for key, value in read_answer(answer.content).items():
            if key in self.open:
                self.open.remove(key)
                self.answers[key] = value
