"""Repairs a PIR program for the converter, which reads the scalar attributes of older releases."""

from __future__ import annotations

import json
from typing import Any

from hpinfer.networks.pir import (
    OTHER_STRUCTURE,
    load_document,
    unexpected_structure,
    walk_operators,
)

#: The first version whose scalar attributes are f64 where the converter reads f32.
_WIDE_VERSION = 4
#: Attributes that are data of a tensor: their width is meant.
_TENSOR_DATA = frozenset({"value", "values"})


def narrow_attributes(content: bytes) -> bytes | None:
    """Write the f64 attributes of a version 4 program as f32, which the converter reads.

    Paddle itself refuses the result: it is for the converter only.

    Args:
        content: The program.

    Returns:
        The changed program; None if there is nothing to change.

    Raises:
        ModelFormatError: The bytes are not a PIR program.
    """
    document = load_document(content)
    try:
        if document["base_code"]["version"] < _WIDE_VERSION:
            return None
        changed = [
            _narrow(attribute["AT"])
            for operator in walk_operators(document)
            for attribute in operator.get("A", ())
            if isinstance(attribute, dict) and attribute.get("N") not in _TENSOR_DATA
        ]
        return json.dumps(document).encode() if any(changed) else None
    except (*OTHER_STRUCTURE, RecursionError) as error:
        raise unexpected_structure(error) from None


def _narrow(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return sum(_narrow(item) for item in value) > 0  # every one, not up to the first
    if not isinstance(value, dict):
        return False
    wide = value.get("#") == "0.a_f64"
    if wide:
        value["#"] = "0.a_f32"
    return _narrow(value.get("D")) or wide
