"""What PaddleX's automatic mode accepts: facts of the released wheels, 3.0.0 to 3.7.2."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: The newest release whose boundary was looked at.
NEWEST_KNOWN = (3, 7, 2)
#: Released without the table that the automatic mode looks models up in.
_WITHOUT_TABLE = ((3, 5, 0),)
#: Where PaddleX keeps that table, from 3.5 on and before.
_TABLES = (
    "inference/models/runners/hpi/hpi_model_info_collection.json",
    "inference/utils/hpi_model_info_collection.json",
)
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(.*)")


def release(version: str) -> tuple[int, int, int]:
    """The three numbers of a version.

    Raises:
        ConfigError: It has no three numbers.
    """
    found = _VERSION.match(version)
    if found is None:
        raise ConfigError(f"expected a version such as 3.7.2; got {version!r}")
    return int(found[1]), int(found[2]), int(found[3])


def refusal(*, paddlex: str, paddle: str | None, machine: str) -> str | None:
    """Why automatic mode on the CPU fails before it has looked at the model; None if it does not.

    Args:
        paddlex: Version of PaddleX.
        paddle: Version of PaddlePaddle, None if it is not installed.
        machine: Name of the processor's architecture, as `platform.machine` gives it.
    """
    if paddle is None:
        return "PaddlePaddle is not installed, and automatic mode imports it"
    if release(paddlex) in _WITHOUT_TABLE:
        return f"PaddleX {paddlex} was released without its table of models"
    if machine.lower() != "x86_64":
        return f"the architecture {machine!r} is not in its table"
    found = _VERSION.match(paddle)
    if found is None or found[4]:
        return f"PaddlePaddle {paddle} is not a release of three numbers"
    number = release(paddle)
    if number in ((3, 0, 1), (3, 0, 2)) and release(paddlex) >= (3, 2, 0):
        return f"PaddleX looks for PaddlePaddle {paddle} in its table and finds nothing"
    if not _accepted(release(paddlex), number):
        return f"PaddleX {paddlex} accepts PaddlePaddle {_accepted_text(release(paddlex))}"
    return None


def _accepted(paddlex: tuple[int, int, int], paddle: tuple[int, int, int]) -> bool:
    if paddlex < (3, 2, 0):
        return paddle == (3, 0, 0)
    if paddlex < (3, 3, 0):
        return paddle in ((3, 0, 0), (3, 1, 0), (3, 1, 1))
    return paddle == (3, 0, 0) or paddle >= (3, 1, 0)


def _accepted_text(paddlex: tuple[int, int, int]) -> str:
    if paddlex < (3, 2, 0):
        return "3.0.0 only"
    return "3.0.0, 3.1.0 and 3.1.1" if paddlex < (3, 3, 0) else "3.0.0, and 3.1.0 or newer"


def table_of(package: Path) -> dict[str, Any] | None:
    """The table of models in an installed PaddleX; None if it has none.

    Args:
        package: Folder of the package ``paddlex``.
    """
    for place in _TABLES:
        path = package / place
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
    return None


def choice(
    table: dict[str, Any],
    model: str,
    *,
    paddlex: str,
    paddle: str,
    formats: Sequence[str],
    convertible: bool,
    engines: Sequence[str],
) -> str | None:
    """What automatic mode takes for a model on the CPU: a name of the table, or None if nothing.

    Args:
        table: From `table_of`.
        model: Name of the model.
        paddlex: Version of PaddleX.
        paddle: Version of PaddlePaddle, one that `refusal` has nothing against.
        formats: Of the files in the model's folder; ``"onnx"`` or a format of Paddle.
        convertible: Whether PaddleX can convert Paddle files.
        engines: Names of hpinfer's usable engines.
    """
    rows = table.get("cpu_x64", {})
    column = "paddle30" if release(paddle) < (3, 1, 0) else "paddle311"
    if release(paddle) == (3, 1, 0) and release(paddlex) < (3, 3, 0):
        column = "paddle31"
    listed = rows.get(column, rows).get(model)  # before 3.2 there were no columns
    has_onnx = "onnx" in formats
    has_paddle = any(name != "onnx" for name in formats)
    reachable = {"paddle"} if has_paddle else set()
    if has_onnx or (has_paddle and convertible):
        reachable |= {"openvino", "onnxruntime"} & set(engines)
    backends = ((name, "paddle" if name.startswith("paddle") else name) for name in listed or ())
    return next((name for name, backend in backends if backend in reachable), None)
