"""Results of earlier steps that a call brings along, instead of having the step done again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, InvalidInputError
from hpinfer.pipelines.base import ResultT, switched
from hpinfer.results import OCRResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpinfer.pipelines.pages import Page
    from hpinfer.results import DetResult

#: Parameters of `predict` that go to the OCR pipeline inside another.
TEXT_PARAMETERS = frozenset(
    {
        "text_det_limit_side_len",
        "text_det_limit_type",
        "text_det_thresh",
        "text_det_box_thresh",
        "text_det_unclip_ratio",
        "text_rec_batching",
        "text_rec_score_thresh",
    }
)


def text_parameters(params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `params` that are for the OCR pipeline."""
    return {name: value for name, value in params.items() if name in TEXT_PARAMETERS}


def shared_result(
    params: Mapping[str, Any], name: str, kind: type[ResultT], *, where: str
) -> ResultT | None:
    """The result that a call brings along as `name`.

    Raises:
        ConfigError: It is of another kind.
    """
    given = params.get(name)
    if given is None or isinstance(given, kind):
        return given
    raise ConfigError(f"{where}: {name} must be a {kind.__name__}; got {type(given).__name__}")


def step_or_shared(
    asked: bool | None, *, loaded: bool, shared: object | None, names: tuple[str, str]
) -> bool:
    """Whether a step is carried out whose result a call may bring along instead.

    Args:
        asked: What the call says of the step; None carries it out if its model is there and its
            result is not.
        loaded: Whether its model was loaded.
        shared: The result that the call brings, or None.
        names: Parameters for the step and for its result, for the message.

    Raises:
        ConfigError: The step is asked for although its result is there, or without a model.
    """
    step, result = names
    if shared is None:
        return switched(asked, loaded=loaded, name=step)
    if asked:
        raise ConfigError(f"{step}=True and {result} contradict each other: give one of them")
    return False


def check_same_page(page: Page, result: OCRResult | DetResult) -> None:
    """Checks that a result speaks of this page, as far as sizes tell.

    Raises:
        InvalidInputError: It is of a page of another size.
    """
    picture = result.page if isinstance(result, OCRResult) else result.image
    if picture is not None and picture.shape[:2] != page.bgr.shape[:2]:
        (height, width), (other_height, other_width) = page.bgr.shape[:2], picture.shape[:2]
        raise InvalidInputError(
            f"{type(result).__name__} is of a page of {other_width}x{other_height}, and this one "
            f"is {width}x{height}: give the results of this very page"
        )
