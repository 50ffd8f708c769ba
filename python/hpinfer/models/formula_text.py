"""Tokens of formula models to LaTeX, through the `tokenizers` library."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ModelFormatError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tokenizers import Tokenizer

#: Commands whose argument keeps its own rules of spacing, with it.
_WORDS = re.compile(r"(\\(operatorname|mathrm|text|mathbf)\s?\*? {.*?})")
#: A space may go unless letters stand on both sides, or it is the command ``\ `` itself.
_SPACES = (
    (re.compile(r"(?!\\ )([\W_^\d])\s+?([\W_^\d])"), r"\1\2"),
    (re.compile(r"(?!\\ )([\W_^\d])\s+?([a-zA-Z])"), r"\1\2"),
    (re.compile(r"([a-zA-Z])\s+?([\W_^\d])"), r"\1\2"),
)
_LAST_TOKEN = 2**32 - 1  # what the tokenizers library can look up
_UNIMERNET_END = 2
_UNIMERNET_SPECIAL = ("<s>", "</s>", "<unk>", "<pad>")
#: Stands for a space after a command while the others are removed; the one that PaddleX uses, so
#: that a formula which contains it comes out the same.
_KEPT_SPACE = "XXXXXXX"


class LatexOcrText:
    """Text of LaTeX-OCR's tokens.

    Args:
        tokenizer: The tokenizer of the ``inference.yml``: a Hugging Face ``tokenizer.json`` as an
            object.
        model: Model name, for messages.

    Raises:
        UnsupportedError: The `tokenizers` package is missing.
        ModelFormatError: It cannot read the tokenizer.
    """

    def __init__(self, tokenizer: Mapping[str, Any], *, model: str) -> None:
        self._tokenizer = _load(tokenizer, model=model)

    def __call__(self, tokens: Sequence[int]) -> str:
        """LaTeX of one formula; numbers that are no tokens count for nothing."""
        raw = self._tokenizer.decode(_known(tokens))
        joined = "".join(raw.split(" ")).replace("Ġ", " ")
        for special in ("[EOS]", "[BOS]", "[PAD]"):
            joined = joined.replace(special, "")
        return close_up_latex_ocr(joined.strip())


class UniMerNetText:
    """Text of the tokens of UniMERNet and PP-FormulaNet.

    Args:
        tokenizer: ``character_dict`` of the ``inference.yml``: ``fast_tokenizer_file`` and
            optionally ``tokenizer_config_file``.
        model: Model name, for messages.

    Raises:
        UnsupportedError: The `tokenizers` or the `ftfy` package is missing.
        ModelFormatError: The tokenizer is missing or cannot be read.
    """

    def __init__(self, tokenizer: Mapping[str, Any], *, model: str) -> None:
        if "fast_tokenizer_file" not in tokenizer:
            raise ModelFormatError(
                f"inference.yml of {model!r}: PostProcess.character_dict has no fast_tokenizer_file"
            )
        self._tokenizer = _load(tokenizer["fast_tokenizer_file"], model=model)
        settings = tokenizer.get("tokenizer_config_file")
        if settings is not None:
            added = dict(settings).get("added_tokens_decoder") or {}
            special = [token["content"] for token in added.values() if token.get("special")]
            self._tokenizer.add_special_tokens([*special, *_UNIMERNET_SPECIAL])
        _import_ftfy()

    def __call__(self, tokens: Sequence[int]) -> str:
        """LaTeX of one formula; what follows the end token counts for nothing."""
        ids = list(tokens)
        if _UNIMERNET_END in ids:
            ids = ids[: ids.index(_UNIMERNET_END)]
        return close_up_unimernet(self._tokenizer.decode(_known(ids), skip_special_tokens=True))


def close_up_latex_ocr(text: str) -> str:
    """`text` without the spaces that LaTeX does not need, by PaddleX's rules for LaTeX-OCR."""
    return _close_up(_WORDS.sub(lambda match: match[0].replace(" ", ""), text))


def close_up_unimernet(text: str) -> str:
    """`text` repaired and without needless spaces, by PaddleX's rules for UniMERNet."""
    bare = re.sub(r"\\text\s*{([^{}]*[\u4e00-\u9fff]+[^{}]*)}", r"\1", text).replace('"', "")
    return _close_up(_keep_command_spaces(_import_ftfy().fix_text(bare))).replace(_KEPT_SPACE, " ")


def _keep_command_spaces(text: str) -> str:
    # A command followed by a letter within such a word: its space is marked and, as in PaddleX,
    # every other space of the whole formula goes.
    commands = [
        command
        for word in _WORDS.findall(text)
        for command in re.findall(r"(\\[a-zA-Z]+)\s(?=\w)|\\[a-zA-Z]+\s(?=})", word[0])
    ]
    for command in commands:
        if command in ("", "\\operatorname", "\\mathrm", "\\text", "\\mathbf"):
            continue
        text = text.replace(command, command + _KEPT_SPACE).replace(" ", "")
    return text


def _close_up(text: str) -> str:
    while True:
        before = text
        for pattern, replacement in _SPACES:
            text = pattern.sub(replacement, text)
        if text == before:
            return text


def _known(tokens: Sequence[int]) -> list[int]:
    return [token for token in tokens if 0 <= token <= _LAST_TOKEN]


def _load(tokenizer: object, *, model: str) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UnsupportedError(
            "formula recognition needs tokenizers: pip install 'hpinfer[formula]'"
        ) from None
    if not isinstance(tokenizer, dict):
        raise ModelFormatError(
            f"inference.yml of {model!r}: the tokenizer must be a mapping; "
            f"got {type(tokenizer).__name__}"
        )
    try:
        return Tokenizer.from_str(json.dumps(tokenizer))
    except Exception as error:  # the library raises bare Exception
        raise ModelFormatError(
            f"inference.yml of {model!r}: unusable tokenizer: {str(error).splitlines()[0]}"
        ) from None


def _import_ftfy() -> Any:  # noqa: ANN401 - a module
    try:
        import ftfy
    except ImportError:
        raise UnsupportedError(
            "this formula model needs ftfy: pip install 'hpinfer[formula]'"
        ) from None
    return ftfy
