"""``hpi_config``: how the engine of a model is chosen and configured."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from hpinfer.config.backends import (
    BACKEND_CONFIGS,
    BackendConfig,
    BackendName,
    CPUBackendConfig,
    PaddleConfig,
    PrecisionChoice,
    PrecisionName,
    TensorRTConfig,
    accepted_keys,
)
from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BackendConfig",
    "BackendName",
    "CPUBackendConfig",
    "HPIConfig",
    "HPIOptions",
    "HPISettings",
    "PaddleConfig",
    "PrecisionChoice",
    "PrecisionName",
    "TensorRTConfig",
]

BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
#: Keys that PaddleX fills in itself; files that it wrote may have them. They say nothing new here.
_PADDLEX_INTERNALS = frozenset(
    {"model_name", "pdx_model_name", "device_type", "device_id", "hpi_info"}
)


def _no_none(value: object) -> object:
    return {} if value is None else value


def _off_is_a_word(value: object) -> object:
    return "off" if value is False else value  # YAML reads a plain off as no


class HPIOptions(StrictModel):
    """What one level of a configuration says of HPI; unset keys are inherited.

    Attributes:
        auto_config: Choose what is not given; False takes exactly what is given.
        backend: The engine; None lets the automatic mode choose.
        backend_config: Options of that engine. Without a backend they must be those of at least
            one, and the automatic mode considers only the backends that have them.
        auto_paddle2onnx: Convert Paddle models for the engines that read ONNX.
        tune: ``"quick"`` measures the candidates when a model is first loaded here.
    """

    auto_config: bool = True
    backend: BackendName | None = None
    backend_config: Annotated[dict[str, Any], BeforeValidator(_no_none)] = Field(
        default_factory=dict
    )
    auto_paddle2onnx: bool = True
    tune: Annotated[Literal["off", "quick"], BeforeValidator(_off_is_a_word)] = "off"

    @model_validator(mode="before")
    @classmethod
    def _without_internals(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if key not in _PADDLEX_INTERNALS}

    @model_validator(mode="after")
    def _backend_config_fits(self) -> HPIOptions:
        if self.backend is not None:
            _validated(self.backend, self.backend_config)
        elif self.backend_config:
            _check_for_any_backend(self.backend_config)
        return self

    @model_serializer(mode="wrap")
    def _only_what_was_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return {key: value for key, value in values.items() if key in self.model_fields_set}

    def given(self) -> dict[str, Any]:
        """The keys that were given, with their values."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class HPIConfig(HPIOptions):
    """A complete ``hpi_config``: what holds for one model after merging."""

    @model_validator(mode="after")
    def _manual_names_its_backend(self) -> HPIConfig:
        if not self.auto_config and self.backend is None:
            raise ValueError(
                "auto_config: False takes exactly what is given, so it needs a backend: one of "
                f"{', '.join(BACKENDS)}"
            )
        return self

    def backends(self) -> tuple[BackendName, ...]:
        """The backends that this configuration allows: the named one, or those with its options."""
        if self.backend is not None:
            return (self.backend,)
        return tuple(name for name in BACKENDS if _accepts(name, self.backend_config))

    def options_for(self, backend: BackendName) -> BackendConfig:
        """``backend_config`` as the options of `backend`, defaults filled in.

        Raises:
            ConfigError: The options are not those of `backend`.
        """
        return _validated(backend, self.backend_config)


def _accepts(backend: BackendName, options: Mapping[str, Any]) -> bool:
    try:
        _validated(backend, options)
    except ConfigError:
        return False
    return True


def _validated(backend: BackendName, options: Mapping[str, Any]) -> BackendConfig:
    return validate(BACKEND_CONFIGS[backend], options, where=f"backend_config of {backend}")


def _check_for_any_backend(options: Mapping[str, Any]) -> None:
    known = sorted({key for name in BACKENDS for key in accepted_keys(name)})
    for key in options:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(known)}"
            raise ConfigError(f"backend_config: unknown key {key!r}; {hint}")
    names = [name for name in BACKENDS if set(options) <= accepted_keys(name)]
    if not names:
        raise ConfigError(
            f"backend_config: no backend has all of {', '.join(sorted(options))}; "
            "give the options of one backend, and name it"
        )
    if not any(_accepts(name, options) for name in names):
        _validated(names[0], options)


@dataclass(frozen=True, slots=True)
class HPISettings:
    """What holds for one model after every level of the configuration was merged.

    Attributes:
        use_hpip: False asks for plain inference; None and True for the best engine.
        hpi: The merged ``hpi_config``.
        device: ``"cpu"`` or ``"gpu:N"``.
        precision: Asked for the whole pipeline; None leaves it to `hpi`.
        origins: Dotted key to where its value came from, in words; absent keys are defaults.
        preferred_backend: What the model's own inference.yml selects: to be taken where it is
            usable and `hpi` names none.
        notes: One line for each given value that does not apply to this model, and why.
    """

    use_hpip: bool | None = None
    hpi: HPIConfig = field(default_factory=HPIConfig)
    device: str = "cpu"
    precision: PrecisionChoice | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    preferred_backend: BackendName | None = None
    notes: tuple[str, ...] = ()
