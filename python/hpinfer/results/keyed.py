"""Things that answer to PaddleX's keys as well as to attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from hpinfer.results.values import to_plain


class Keyed(ABC):
    """``thing[key]``, ``key in thing``, `keys` and `get` work with PaddleX's keys."""

    __slots__ = ()

    @abstractmethod
    def _entries(self) -> dict[str, Any]:
        """Every key with its value, in PaddleX's order."""

    def _written(self) -> dict[str, Any]:
        """The keys that PaddleX writes to JSON."""
        return self._entries()

    def keys(self) -> tuple[str, ...]:
        """PaddleX's keys."""
        return tuple(self._entries())

    def get(self, key: str, default: object = None) -> Any:  # noqa: ANN401 - as dict.get
        """The value of `key`, or `default` if there is no such key."""
        return self._entries().get(key, default)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - one of many value types
        entries = self._entries()
        if key not in entries:
            raise KeyError(f"{type(self).__name__} has no key {key!r}; it has {list(entries)}")
        return entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self._entries()

    def to_dict(self) -> dict[str, Any]:
        """The keys that PaddleX writes to JSON, in plain JSON types."""
        return {key: to_plain(value) for key, value in self._written().items()}


class KeyedFields(Keyed):
    """A part of a result whose keys are attributes of the same names."""

    __slots__ = ()

    #: PaddleX's keys.
    KEYS: ClassVar[tuple[str, ...]] = ()

    def _entries(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self.KEYS}
