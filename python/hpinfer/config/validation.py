"""Turns pydantic's findings into one line: the key, the fault and the nearest valid key."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails


class StrictModel(BaseModel):
    """Base of every configuration model: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


ModelT = TypeVar("ModelT", bound=StrictModel)

#: What pydantic puts into the path of a finding for each type that a value may have.
_ALTERNATIVE = re.compile(r"(constrained|function|literal|lax|nullable)[-\[]|(dict|tuple|list)\[")

#: Keys and arguments of PaddleX that hpinfer does not have, and what to write instead.
ADVICE = {
    "engine_config": "write hpi_config: {backend: NAME, backend_config: {...}}",
    "pp_option": "write hpi_config: {backend: paddle, backend_config: {run_mode: ...}}",
    "genai_config": "there are no model servers here",
}


def validate(model: type[ModelT], data: Mapping[str, Any], *, where: str) -> ModelT:
    """Validates `data` as `model`.

    Args:
        model: The configuration model.
        data: Plain data as read from YAML, JSON or keyword arguments.
        where: What is being read, for the message, e.g. ``"pipeline config ocr.yaml"``.

    Raises:
        ConfigError: A key is unknown or a value is wrong; one line.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_first_finding(model, error)}") from None


def _first_finding(model: type[BaseModel], error: ValidationError) -> str:
    findings = error.errors(include_url=False)
    # An unknown key is usually the cause of a missing one, so it is told first.
    first = min(findings, key=lambda finding: finding["type"] != "extra_forbidden")
    more = f" ({len(findings) - 1} more)" if len(findings) > 1 else ""
    return _describe(model, first) + more


def _describe(model: type[BaseModel], finding: ErrorDetails) -> str:
    path = ".".join(str(part) for part in finding["loc"] if not _is_alternative(part))
    advice = ADVICE.get(str(finding["loc"][-1])) if finding["loc"] else None
    if advice is not None:
        return f"key {path!r} is not supported; {advice}"
    if finding["type"] == "value_error":  # our own validators say it in full
        reason = str(finding.get("ctx", {}).get("error", finding["msg"]))
        return f"{path}: {reason}" if path else reason
    if finding["type"] == "literal_error":
        return _describe_choice(path, finding)
    if finding["type"] != "extra_forbidden":
        message = finding["msg"]
        return f"{path}: {message[0].lower()}{message[1:]}; got {finding['input']!r}"
    known = _keys_at(model, finding["loc"][:-1])
    nearest = difflib.get_close_matches(str(finding["loc"][-1]), known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(known)}"
    return f"unknown key {path!r}; {hint}"


def _is_alternative(part: str | int) -> bool:
    """Whether a part of a path is pydantic's name for one type of several, not a key."""
    return isinstance(part, str) and _ALTERNATIVE.match(part) is not None


def _describe_choice(path: str, finding: ErrorDetails) -> str:
    allowed = re.findall(r"'([^']*)'", str(finding.get("ctx", {}).get("expected", "")))
    nearest = difflib.get_close_matches(str(finding["input"]), allowed, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"{path} must be one of {', '.join(allowed)}; got {finding['input']!r}{hint}"


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    fields = model.model_fields
    for part in path:
        field = fields.get(str(part))
        nested = [] if field is None else models_in(field.annotation)
        if not nested:
            return []
        fields = nested[0].model_fields
    return sorted(fields)


def models_in(annotation: object) -> list[type[BaseModel]]:
    """The models that a field's annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in models_in(part)]
