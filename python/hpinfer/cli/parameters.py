"""Parameters of pipelines as command line options, in our spelling and in PaddleX's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_YES = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO = frozenset({"false", "f", "no", "n", "off", "0"})


def paddlex_bool(text: str) -> bool | None:
    """Reads a yes/no value as PaddleX's command line takes it: ``True``, ``t``, ``1``, ``None`` ….

    Raises:
        click.BadParameter: It is none of these.
    """
    word = text.lower()
    if word not in _YES | _NO | {"none"}:
        raise click.BadParameter(f"{text!r} is not True, False or None")
    return None if word == "none" else word in _YES


class LiteralValue(click.ParamType[Any]):
    """A number, list or mapping as JSON or a Python literal; ``predict`` checks what it holds."""

    name = "value"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as in click
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - whatever was written
        """The value; the text itself if it is no literal."""
        from hpinfer.config.literals import parse_value

        if not isinstance(value, str):
            return value
        return parse_value(value, where=param.opts[0] if param is not None else "option")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a pipeline.

    Attributes:
        name: Its name in Python.
        kind: Its type; None for yes/no.
        help: What it does.
        switch: Whether it is a step that needs a model of its own, so that it becomes part of the
            pipeline's configuration; the others go to ``predict``.
        metavar: What the help shows for its value; None takes that of `kind`.
    """

    name: str
    kind: click.ParamType[Any] | None
    help: str
    switch: bool = False
    metavar: str | None = None


def own_options(parameters: Iterable[Parameter]) -> list[click.Option]:
    """The parameters as ``--text-det-thresh``, yes/no ones as ``--x`` and ``--no-x``."""
    options = []
    for parameter in parameters:
        flag = "--" + parameter.name.replace("_", "-")
        if parameter.kind is None:
            negated = "--no-" + parameter.name.removeprefix("use_").replace("_", "-")
            flags = [f"{flag}/{negated}"]
            options.append(click.Option(flags, default=None, help=parameter.help))
        else:
            options.append(
                click.Option(
                    [flag], type=parameter.kind, metavar=parameter.metavar, help=parameter.help
                )
            )
    return options


def paddlex_options(parameters: Iterable[Parameter]) -> list[click.Option]:
    """The parameters as ``--text_det_thresh``, yes/no ones with a value."""
    return [
        click.Option(
            [f"--{parameter.name}"],
            type=paddlex_bool if parameter.kind is None else parameter.kind,
            metavar="True|False" if parameter.kind is None else parameter.metavar,
            help=parameter.help,
        )
        for parameter in parameters
    ]


def given_parameters(options: dict[str, Any], parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Takes the parameters of ``predict`` that the user gave out of `options`."""
    return _take(options, [parameter for parameter in parameters if not parameter.switch])


def given_switches(options: dict[str, Any], parameters: Sequence[Parameter]) -> dict[str, bool]:
    """Takes the steps that the user switched on or off out of `options`."""
    return _take(options, [parameter for parameter in parameters if parameter.switch])


def _take(options: dict[str, Any], parameters: Sequence[Parameter]) -> dict[str, Any]:
    values = {parameter.name: options.pop(parameter.name) for parameter in parameters}
    return {name: value for name, value in values.items() if value is not None}
