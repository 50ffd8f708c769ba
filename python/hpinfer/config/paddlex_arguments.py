"""Arguments of PaddleX's Python calls that hpinfer does not need, or writes in another way."""

from __future__ import annotations

import difflib
import logging
from typing import TYPE_CHECKING, Any

from hpinfer.config.validation import ADVICE
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LICENCE_ARGUMENTS = ("serial_number", "update_license")
#: What is said when one of those comes.
NO_LICENCE = "hpinfer needs no licence: {} has no effect"


def split_paddlex_arguments(
    arguments: Mapping[str, Any], *, where: str
) -> tuple[bool | None, dict[str, Any]]:
    """Takes what belongs to PaddleX out of the further arguments of a call.

    A serial number is accepted with one line in the log.

    Args:
        arguments: Further keyword arguments of the call.
        where: The call, for messages, e.g. ``"create_pipeline"``.

    Returns:
        The value of ``enable_hpi`` (another name of ``use_hpip``), and the arguments that are left.

    Raises:
        ConfigError: An argument that has another form here was given.
    """
    left = dict(arguments)
    for name in _LICENCE_ARGUMENTS:
        if left.pop(name, None):
            logging.getLogger("hpinfer.config").warning(NO_LICENCE.format(name))
    for name, advice in ADVICE.items():
        if left.pop(name, None) is not None:
            raise ConfigError(f"{where}: {name} is not supported; {advice}")
    enable_hpi = left.pop("enable_hpi", None)
    if enable_hpi is not None and not isinstance(enable_hpi, bool):
        raise ConfigError(f"{where}: enable_hpi must be True or False; got {enable_hpi!r}")
    return enable_hpi, left


def refuse_unknown(arguments: Collection[str], known: Collection[str], *, where: str) -> None:
    """Raises ConfigError for the first argument, with the nearest of the known ones."""
    for name in arguments:
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(sorted(known))}"
        raise ConfigError(f"{where} has no argument {name!r}; {hint}")


def one_use_hpip(use_hpip: bool | None, enable_hpi: bool | None, *, where: str) -> bool | None:
    """The one of two names of the same switch that was given.

    Raises:
        ConfigError: Both were given, and differ.
    """
    if use_hpip is not None and enable_hpi is not None and use_hpip != enable_hpi:
        raise ConfigError(f"{where}: use_hpip and enable_hpi mean the same, and differ")
    return enable_hpi if use_hpip is None else use_hpip
