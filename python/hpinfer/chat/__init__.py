"""Questions about documents: language and embedding models behind OpenAI-compatible services."""

from __future__ import annotations

from hpinfer.chat.answers import read_answer
from hpinfer.chat.passages import passages
from hpinfer.chat.prompts import prompt
from hpinfer.chat.service import ChatService, EmbeddingService
from hpinfer.chat.vectors import VectorStore

__all__ = [
    "ChatService",
    "EmbeddingService",
    "VectorStore",
    "passages",
    "prompt",
    "read_answer",
]
