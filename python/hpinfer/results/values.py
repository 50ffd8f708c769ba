"""Turns result values into plain JSON types, without importing NumPy."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any


def to_plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Converts arrays, NumPy scalars, paths and nested results to JSON types.

    Args:
        value: What a result key holds.

    Returns:
        dict, list, str, int, float, bool or None; a float that JSON cannot write becomes None.
    """
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (Sequence, set, frozenset)):
        return [to_plain(item) for item in value]
    raise TypeError(f"a result cannot hold {type(value).__name__}")
