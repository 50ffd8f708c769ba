"""What every level of a configuration has: a pipeline, a pipeline inside it, a module."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from hpinfer.config.hpi import HPIOptions
from hpinfer.config.validation import StrictModel
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: ``engine`` of PaddleX 3.5 and later that means the same as one of ours.
_ENGINE_ALIASES = {"paddle_static": "paddle"}
#: Engines of PaddleX that are no engines here.
_FOREIGN_ENGINES = ("paddle_dynamic", "transformers", "flexible", "genai_client")


def _known_engine(value: object) -> object:
    if value in _FOREIGN_ENGINES:
        raise ConfigError(
            f"engine {value!r} is not one of hpinfer's; take hpi, paddle, openvino, onnxruntime, "
            "tensorrt or om"
        )
    return _ENGINE_ALIASES.get(value, value) if isinstance(value, str) else value


EngineName: TypeAlias = Annotated[
    Literal["hpi", "paddle", "openvino", "onnxruntime", "tensorrt", "om"],
    BeforeValidator(_known_engine),
]


class Level(StrictModel):
    """One level: its settings hold for it and for everything below, unless a deeper one differs.

    Attributes:
        use_hpip: Whether to use the best engine; ``enable_hpi`` is the same. None inherits.
        hpi_config: Merged over the parent's, key by key.
        engine: Short for ``hpi_config.backend``; ``"hpi"`` is short for ``use_hpip: True``. A null
            gives up an inherited engine.
        device: ``"cpu"`` or ``"gpu:N"``.
    """

    use_hpip: bool | None = None
    hpi_config: HPIOptions | None = None
    engine: EngineName | None = None
    device: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _enable_hpi_is_use_hpip(cls, data: object) -> object:
        if not isinstance(data, dict) or "enable_hpi" not in data:
            return data
        if "use_hpip" in data:
            raise ConfigError("use_hpip and enable_hpi mean the same: give one of them")
        renamed = dict(data)
        renamed["use_hpip"] = renamed.pop("enable_hpi")
        return renamed


class ModuleConfig(Level):
    """What every module of a pipeline has.

    Attributes:
        module_name: PaddleX's name of the task; says nothing that the model does not say itself.
        model_name: The model.
        model_dir: Its directory; None looks in the caches and fetches it.
        batch_size: Images that go through the network together, where the pipeline has several.
    """

    module_name: str | None = None
    model_name: str
    model_dir: Path | None = None
    batch_size: int = Field(default=1, ge=1)


class PipelineConfig(Level):
    """What every pipeline has, also inside another one; modules and pipelines are fields of models.

    Attributes:
        pipeline_name: Which pipeline it is.
        batch_size: Inputs that are read together; results do not depend on it.
    """

    pipeline_name: str
    batch_size: int = Field(default=1, ge=1)


def children(level: Level) -> Iterator[tuple[str, Level]]:
    """The levels directly below, with their paths relative to `level`.

    ``SubPipelines.DocPreprocessor``, ``SubModules.TextDetection`` …
    """
    for section_name in type(level).model_fields:
        section = getattr(level, section_name)
        if not isinstance(section, StrictModel) or isinstance(section, (Level, HPIOptions)):
            continue
        for name in type(section).model_fields:
            child = getattr(section, name)
            if isinstance(child, Level):
                yield f"{section_name}.{name}", child


def levels(root: Level, path: str = "") -> Iterator[tuple[str, Level]]:
    """`root` and every level below with its dotted path; the root's is empty."""
    yield path, root
    for name, child in children(root):
        yield from levels(child, f"{path}.{name}" if path else name)


#: Keys that a reader looks for first.
_FIRST_KEYS = frozenset({"pipeline_name", "module_name", "model_name", "model_dir"})

#: Keys of modules that say nothing when they are null; PaddleX does not know the second.
_LEFT_OUT = frozenset({"module_name", "batching"})


def plain(config: Level) -> dict[str, Any]:
    """The configuration in PaddleX's keys: defaults filled in, what is inherited left out."""
    return _without_unset(config, config.model_dump(mode="json"))


def _without_unset(model: StrictModel, values: dict[str, Any]) -> dict[str, Any]:
    optional = {*Level.model_fields, *_LEFT_OUT} if isinstance(model, Level) else set()
    kept: dict[str, Any] = {}
    for name, value in sorted(values.items(), key=lambda item: item[0] not in _FIRST_KEYS):
        if name in optional and value is None and name not in model.model_fields_set:
            continue
        inner = getattr(model, name)
        nested = isinstance(inner, StrictModel) and not isinstance(inner, HPIOptions)
        kept[name] = _without_unset(inner, value) if nested else value
    return kept
