"""What is measured: a target under one configuration, and how often."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class BenchCase:
    """A pipeline or model under one configuration.

    Attributes:
        target: Name or YAML of a pipeline, or name or directory of a model.
        is_pipeline: Which of the two it is.
        engine: Engine, None for the one that hpinfer chooses.
        threads: Processors that the process may keep busy, None for its budget.
        batch: Images that a model's `predict` is given together; 1 for pipelines.
        options: Further arguments of ``create_pipeline`` or ``create_model``.
    """

    target: str
    is_pipeline: bool
    engine: str | None = None
    threads: int | None = None
    batch: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The configuration in words; the same in every run."""
        parts = [self.engine or "auto"]
        if self.threads is not None:
            parts.append(f"{self.threads} threads")
        if not self.is_pipeline:
            parts.append(f"batch {self.batch}")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """In plain types."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What is measured, on what, and how often.

    Attributes:
        cases: Configurations; they take turns, round by round.
        inputs: Paths of the inputs.
        warmup: Rounds before those that count.
        rounds: Rounds that count.
        cached: Inputs are decoded before, so that reading is not part of any time.
    """

    cases: Sequence[BenchCase]
    inputs: Sequence[str]
    warmup: int = 1
    rounds: int = 5
    cached: bool = False

    def __post_init__(self) -> None:
        """Checks the numbers."""
        if not self.inputs:
            raise ConfigError("bench needs at least one picture or document")
        if self.warmup < 0 or self.rounds < 0 or self.warmup + self.rounds == 0:
            raise ConfigError(
                "at least one of warm-up and measured rounds must be greater than zero; "
                f"got {self.warmup} and {self.rounds}"
            )


def sweep(
    target: str,
    *,
    is_pipeline: bool,
    engines: Sequence[str] = (),
    threads: Sequence[int] = (),
    batches: Sequence[int] = (),
    options: Mapping[str, Any] | None = None,
) -> list[BenchCase]:
    """Every combination of what is given; nothing given is one case.

    Raises:
        ConfigError: A number below 1, the same twice, or batches of a pipeline.
    """
    if is_pipeline and batches:
        raise ConfigError(
            "batch is for models; a pipeline's modules have batch_size in its configuration "
            "(--set SubModules.TextRecognition.batch_size=8)"
        )
    for name, values in (("engine", engines), ("threads", threads), ("batch", batches)):
        if len(set(values)) != len(values):
            raise ConfigError(f"{name}: a value is given twice: {', '.join(map(str, values))}")
    for name, numbers in (("threads", threads), ("batch", batches)):
        if any(number < 1 for number in numbers):
            raise ConfigError(f"{name} must be at least 1; got {min(numbers)}")
    unset = (None,)
    return [
        BenchCase(target, is_pipeline, engine, count, batch, dict(options or {}))
        for engine in (engines or unset)
        for count in (threads or unset)
        for batch in (batches or (1,))
    ]
