"""The JSON object in what a language model wrote."""

from __future__ import annotations

import json
import re
from typing import Any

#: What models write for a value that they did not find; with those of PaddleX's prompts.
_NOT_FOUND = frozenset(
    {"", "none", "null", "n/a", "unknown", "未知", "未找到关键信息", "大模型调用失败"}
)
#: A key and its text where the object as a whole is no JSON; a quote may be escaped.
_PAIR = re.compile(r'"((?:[^"\\]|\\.)+)"\s*:\s*"((?:[^"\\]|\\.)*)"')


def read_answer(text: str | None) -> dict[str, Any]:
    """Keys and values of an answer.

    Args:
        text: What the model wrote: a JSON object, alone, in a code fence, or among words; one that
            is cut off gives the pairs that are whole.

    Returns:
        What was found; a list of values becomes its first one, values that say "not found" are
        left out.
    """
    found = _object(text or "")
    firsts = {
        key: (value[0] if value else None) if isinstance(value, list) else value
        for key, value in found.items()
    }
    return {key: value for key, value in firsts.items() if not _is_nothing(value)}


def _object(text: str) -> dict[str, Any]:
    start = text.find("{")
    if start < 0:
        return {}
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text, start)
    except json.JSONDecodeError:
        return {_unescaped(key): _unescaped(value) for key, value in _PAIR.findall(text, start)}
    return value if isinstance(value, dict) else {}


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except json.JSONDecodeError:
        return text


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOT_FOUND)
