"""What every user-facing model shares: inputs of any kind, batches, lazy results."""

from __future__ import annotations

import copy
import difflib
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar, overload

from hpinfer.errors import ConfigError, InvalidInputError
from hpinfer.io import InputFailure, InputImage, iter_images
from hpinfer.models.overlap import batches_at_once, in_order
from hpinfer.models.time_limit import CallLimit, checked_timeout
from hpinfer.models.timing import StageClock
from hpinfer.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Self

    from hpinfer.hpi import Explanation
    from hpinfer.io import ImageSource
    from hpinfer.models.loading import LoadedModel

ResultT = TypeVar("ResultT", bound=Result)
OnError = Literal["raise", "yield"]


class Model(ABC, Generic[ResultT]):
    """A single network with its pre- and post-processing.

    Immutable after creation: any number of threads may call `predict` at once, and per-call
    parameters are never stored.

    Attributes:
        name: Model name.
    """

    #: Names of the per-call parameters that `predict` accepts.
    PARAMETERS: ClassVar[frozenset[str]] = frozenset()
    #: Names of what is decided once, when the model is made: arguments of the class.
    OPTIONS: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        self.name = loaded.name
        self._explanation = loaded.explanation
        self._batch_size = checked_batch_size(batch_size)
        self._defaults: Mapping[str, Any] = {}

    @property
    def engine(self) -> str:
        """Name of the engine that runs the network."""
        return self._explanation.engine

    def explain(self) -> Explanation:
        """How the network runs here, and why: chosen, rejected, measured, built."""
        return self._explanation

    @overload
    def predict(
        self,
        input: ImageSource,
        *,
        batch_size: int | None = None,
        on_error: Literal["raise"] = "raise",
        timeout: float | None = None,
        **params: Any,
    ) -> Iterator[ResultT]: ...
    @overload
    def predict(
        self,
        input: ImageSource,
        *,
        batch_size: int | None = None,
        on_error: Literal["yield"],
        timeout: float | None = None,
        **params: Any,
    ) -> Iterator[ResultT | InputFailure]: ...

    def predict(
        self,
        input: ImageSource,
        *,
        batch_size: int | None = None,
        on_error: OnError = "raise",
        timeout: float | None = None,
        **params: Any,
    ) -> Iterator[ResultT] | Iterator[ResultT | InputFailure]:
        """Runs the model over images, lazily: nothing is read before the first ``next``.

        Args:
            input: Anything that `hpinfer.io.iter_images` reads.
            batch_size: Images that go through the network together; None takes the model's.
            on_error: ``"raise"`` stops at a bad input, ``"yield"`` gives an `InputFailure` for it
                and goes on; also for a picture that can be read but not be used (too small, say).
            timeout: Seconds that the whole call may take, from the first ``next`` on and with the
                time that its caller spends between results; None for no limit. Then a
                `TimeLimitError` comes, at once; native work stops at its next inference.
            **params: Parameters of the model's family; for this call only.

        Returns:
            One result for each image or page, in input order.

        Raises:
            ConfigError: Unknown parameter, or a wrong value (at once, not at the first ``next``).
            TimeLimitError: By ``next``: the time is over.
        """
        settings = self.call_settings(params)
        size = self._batch_size if batch_size is None else checked_batch_size(batch_size)
        images: Iterator[InputImage | InputFailure] = iter_images(input, on_error=on_error)
        return predict_in_batches(
            images,
            size,
            lambda batch: self.predict_images(batch, settings),
            on_error,
            timeout=checked_timeout(timeout),
            where=f"{self.name}.predict",
        )

    __call__ = predict

    def call_settings(self, params: Mapping[str, Any]) -> object:
        """The settings of one call, for `predict_images`.

        Args:
            params: Parameters of `predict`; None leaves the model's value.

        Raises:
            ConfigError: Unknown parameter, or a wrong value.
        """
        check_parameters(params, self.PARAMETERS, where=f"{self.name}.predict")
        given = {name: value for name, value in params.items() if value is not None}
        return self._settings({**self._defaults, **given})

    def predict_images(self, images: Sequence[InputImage], settings: object) -> Sequence[ResultT]:
        """Predicts pictures that are read already, as one batch.

        Args:
            images: The pictures; there may be none.
            settings: What `call_settings` gave.

        Raises:
            InvalidInputError: One of them cannot be used.
        """
        return self._predict_batch(images, settings) if images else []

    def with_defaults(self, params: Mapping[str, Any]) -> Self:
        """This model with other values where a call gives none; the network is shared.

        Args:
            params: Parameters of `predict`.

        Raises:
            ConfigError: Unknown parameter, or a wrong value.
        """
        check_parameters(params, self.PARAMETERS, where=self.name)
        self._settings(params)
        other = copy.copy(self)
        other._defaults = {**self._defaults, **params}
        return other

    def _settings(self, params: Mapping[str, Any]) -> object:
        """The per-call settings, checked; passed to every `_predict_batch`."""
        return params

    @abstractmethod
    def _predict_batch(self, images: Sequence[InputImage], settings: Any) -> list[ResultT]:  # noqa: ANN401 - each family's own settings
        """One result for each image."""


def predict_in_batches(
    images: Iterable[InputImage | InputFailure],
    batch_size: int,
    predict: Callable[[Sequence[InputImage]], Sequence[ResultT]],
    on_error: OnError,
    *,
    timeout: float | None = None,
    where: str = "predict",
) -> Iterator[ResultT | InputFailure]:
    """Predicts lazily, batch by batch and several batches at once; results in input order.

    Closing it stops what is under way at the next inference.

    Args:
        images: What reading gives; what failed keeps its place.
        batch_size: Images for one call of `predict`.
        predict: Gives one result for each image; called from several threads.
        on_error: With ``"yield"`` an image that `predict` refuses becomes an `InputFailure`, and
            the others of its batch are predicted without it.
        timeout: Seconds for everything, from the first ``next`` on; None for no limit.
        where: The call, for messages.
    """
    limit = CallLimit(timeout, where=where)
    try:
        yield from in_order(
            batches(_timed(images), batch_size),
            lambda batch: limit.run(_predict_batch, batch, predict, on_error),
            at_once=batches_at_once(),
            limit=limit,
        )
    finally:
        limit.give_up()


class _Read(NamedTuple):
    """What reading gave, and the seconds that it took."""

    item: InputImage | InputFailure
    seconds: float


def _timed(images: Iterable[InputImage | InputFailure]) -> Iterator[_Read]:
    iterator = iter(images)
    while True:
        start = time.perf_counter()
        item = next(iterator, None)
        if item is None:
            return
        yield _Read(item, time.perf_counter() - start)


def _predict_batch(
    batch: Sequence[_Read],
    predict: Callable[[Sequence[InputImage]], Sequence[ResultT]],
    on_error: OnError,
) -> list[ResultT | InputFailure]:
    """What becomes of each item, in order; results carry their times."""
    usable = [read for read in batch if isinstance(read.item, InputImage)]
    with StageClock() as clock:
        images = [read.item for read in usable if isinstance(read.item, InputImage)]
        results = _predict_usable(images, predict, on_error)
    _add_times(results, [read.seconds for read in usable], clock)
    remaining = iter(results)
    return [read.item if isinstance(read.item, InputFailure) else next(remaining) for read in batch]


def _add_times(
    results: Sequence[Result | InputFailure], decodes: Sequence[float], clock: StageClock
) -> None:
    """Adds the times of the whole call, of which each image of a batch has an equal share."""
    made = [
        (result, decode)
        for result, decode in zip(results, decodes, strict=True)
        if not isinstance(result, InputFailure)
    ]
    if not made:
        return
    staged = any(result.timing for result, _ in made)
    shares = clock.shares(len(results), staged=staged)
    for result, decode in made:
        timing = {"decode": decode, **result.timing, **shares}
        timing["total"] += decode
        result.set_timing(timing)


def _predict_usable(
    images: Sequence[InputImage],
    predict: Callable[[Sequence[InputImage]], Sequence[ResultT]],
    on_error: OnError,
) -> Sequence[ResultT | InputFailure]:
    """A result for each image; with ``"yield"`` one bad image does not lose the others."""
    try:
        return predict(images) if images else []
    except InvalidInputError as error:
        if on_error == "raise":
            raise
        if len(images) == 1:
            image = images[0]
            return [InputFailure(image.input_path, image.page_index, image.name, error)]
    return [_predict_usable([image], predict, on_error)[0] for image in images]


def batches(items: Iterable[_Read], size: int) -> Iterator[list[_Read]]:
    """Groups items so that each group holds at most `size` images; failures keep their place."""
    batch: list[_Read] = []
    images = 0
    for read in items:
        batch.append(read)
        failed = isinstance(read.item, InputFailure)
        images += not failed
        if failed or images == size:
            yield batch
            batch, images = [], 0
    if batch:
        yield batch


def check_parameters(given: Collection[str], known: Collection[str], *, where: str) -> None:
    """Raises ConfigError for the first unknown name, with the nearest known one."""
    for name in given:
        if name in known:
            continue
        nearest = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {sorted(known)}"
        raise ConfigError(f"{where} has no parameter {name!r}; {hint}")


def checked_batch_size(value: int) -> int:
    """`value` if it is a whole number of at least 1, else ConfigError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"batch_size must be a whole number of at least 1; got {value!r}")
    return value
