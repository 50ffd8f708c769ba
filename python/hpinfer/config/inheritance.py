"""Merges the levels of a pipeline's configuration into what holds for each module.

The rules, those of PaddleX (docs/configuration.md has them as a table):

1. What the caller gives replaces the same key at the top of the file, as a whole.
2. Values flow down. A deeper ``use_hpip``, ``engine`` or ``device`` wins, even over the caller's.
3. ``hpi_config`` is merged key by key, the deeper level wins; ``backend_config`` is one key.
4. ``engine`` is short for ``hpi_config.backend`` at its level. A deeper level that gives
   ``use_hpip`` or a backend gives the inherited engine up.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpinfer.config.backends import accepted_keys
from hpinfer.config.hpi import HPIConfig, HPIOptions, HPISettings
from hpinfer.config.literals import parse_mapping
from hpinfer.config.pipelines.tree import Level, ModuleConfig, children
from hpinfer.config.validation import validate
from hpinfer.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpinfer.config.backends import BackendName, PrecisionChoice

_DEVICE_KINDS = ("cpu", "gpu", "npu")
#: Keys of ``backend_config`` that keep their meaning when a deeper level takes another backend.
_SHARED_KEYS = frozenset({"cpu_num_threads"})


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller gives beside the file: arguments or options of the command line.

    Attributes:
        use_hpip: As in a YAML; None leaves the file's.
        hpi_config: A mapping, PaddleX's object, or text (JSON, Python literal, ``@file``).
        engine: Short for ``hpi_config.backend``.
        device: ``"cpu"``, ``"gpu"``, ``"gpu:N"`` or ``"gpu:N,M"``.
        precision: Of every network.
        origin: What to call this source, e.g. ``"command line"``.
    """

    use_hpip: bool | None = None
    hpi_config: object = None
    engine: str | None = None
    device: str | None = None
    precision: PrecisionChoice | None = None
    origin: str = "argument"


@dataclass(frozen=True, slots=True)
class _Value:
    """A value and where it came from."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class _Options:
    """A ``backend_config`` and the backend that was in force where it was given."""

    value: Mapping[str, Any]
    backend: BackendName | None
    origin: str


@dataclass(frozen=True, slots=True)
class _State:
    """What flows down to a level."""

    use_hpip: _Value | None = None
    engine: _Value | None = None
    device: _Value | None = None
    hpi: Mapping[str, _Value] = field(default_factory=dict)
    options: _Options | None = None

    @property
    def backend(self) -> _Value | None:
        """The backend in force."""
        if self.engine is not None:
            return self.engine
        named = self.hpi.get("backend")
        return None if named is None or named.value is None else named


def resolve(
    config: Level,
    *,
    label: str = "pipeline config",
    given: Given | None = None,
    origin_of: Callable[[str], str | None] = lambda _: None,
) -> dict[str, HPISettings]:
    """What holds for each module of a pipeline.

    Args:
        config: The pipeline's configuration.
        label: Its source in words, e.g. ``"OCR.yaml"``.
        given: What the caller gives beside it.
        origin_of: Dotted key to the origin of a value that did not come from `label`, or None.

    Returns:
        Settings by the module's path, e.g. ``"SubModules.TextDetection"`` or
        ``"SubPipelines.DocPreprocessor.SubModules.DocUnwarping"``.

    Raises:
        ConfigError: The levels contradict each other, or together they say nothing usable.
    """
    given = given or Given()
    own = _from_caller(given)
    top = _read_level(config, _Place(label, "", origin_of))
    if own.names_backend and top.engine is not None and own.engine is None:
        top = dataclasses.replace(top, engine=None, gives_engine=False)
    state = _descend(_State(), own.over(top))
    found: dict[str, HPISettings] = {}
    _collect(config, "", state, _Walk(label, given, origin_of, found))
    return found


def resolve_model(given: Given) -> HPISettings:
    """What holds for a single model, which has no file.

    Raises:
        ConfigError: The arguments contradict each other or are wrong.
    """
    state = _descend(_State(), _from_caller(given))
    return _settings(state, given, place=given.origin)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a level is written."""

    label: str
    path: str
    origin_of: Callable[[str], str | None]

    def origin(self, key: str) -> str:
        """Origin of `key` at this level, in words."""
        full = f"{self.path}.{key}" if self.path else key
        named = self.origin_of(full)
        if named is not None:
            return named
        return f"{self.label}: {self.path}" if self.path else self.label

    @property
    def name(self) -> str:
        """The level in words."""
        return f"{self.label}: {self.path}" if self.path else self.label


@dataclass(frozen=True, slots=True)
class _Said:
    """What one level itself says; ``engine: hpi`` is already ``use_hpip``."""

    use_hpip: _Value | None = None
    gives_engine: bool = False
    engine: _Value | None = None
    device: _Value | None = None
    hpi: Mapping[str, _Value] | None = None

    @property
    def names_backend(self) -> bool:
        named = (self.hpi or {}).get("backend")
        return named is not None and named.value is not None

    def over(self, other: _Said) -> _Said:
        """This level's values, and `other`'s where this one is silent (rule 1)."""
        return _Said(
            use_hpip=self.use_hpip or other.use_hpip,
            gives_engine=self.gives_engine or other.gives_engine,
            engine=self.engine if self.gives_engine else other.engine,
            device=self.device or other.device,
            hpi=other.hpi if self.hpi is None else self.hpi,
        )


def _read_level(level: Level, place: _Place) -> _Said:
    def value_of(key: str) -> _Value | None:
        value = getattr(level, key)
        return None if value is None else _Value(value, place.origin(key))

    hpi = None
    if level.hpi_config is not None:
        hpi = {
            key: _Value(value, place.origin(f"hpi_config.{key}"))
            for key, value in level.hpi_config.given().items()
        }
    return _said(
        use_hpip=value_of("use_hpip"),
        gives_engine="engine" in level.model_fields_set,
        engine=value_of("engine"),
        device=value_of("device"),
        hpi=hpi,
        place=place.name,
    )


def _from_caller(given: Given) -> _Said:
    where = f"{given.origin}: hpi_config" if given.origin != "argument" else "hpi_config"
    hpi = None
    if given.hpi_config is not None:
        data = parse_mapping(given.hpi_config, where=where)
        options = validate(HPIOptions, data, where=where)
        hpi = {key: _Value(value, given.origin) for key, value in options.given().items()}
    own = {"use_hpip": given.use_hpip, "engine": given.engine, "device": given.device}
    checked = validate(Level, {k: v for k, v in own.items() if v is not None}, where=given.origin)

    def value_of(key: str) -> _Value | None:
        value = getattr(checked, key)
        return None if value is None else _Value(value, given.origin)

    return _said(
        use_hpip=value_of("use_hpip"),
        gives_engine=checked.engine is not None,
        engine=value_of("engine"),
        device=value_of("device"),
        hpi=hpi,
        place=given.origin,
    )


def _said(
    *,
    use_hpip: _Value | None,
    gives_engine: bool,
    engine: _Value | None,
    device: _Value | None,
    hpi: Mapping[str, _Value] | None,
    place: str,
) -> _Said:
    if engine is not None and engine.value == "hpi":
        if use_hpip is not None and not use_hpip.value:
            raise ConfigError(f"{place}: engine 'hpi' and use_hpip: False contradict each other")
        use_hpip, engine = _Value(True, engine.origin), None
    named = (hpi or {}).get("backend")
    if engine is not None and named is not None and named.value not in (None, engine.value):
        raise ConfigError(
            f"{place}: engine {engine.value!r} and hpi_config.backend {named.value!r} contradict "
            "each other; give one of them"
        )
    if device is not None:
        device = _Value(_checked_device(device.value, place), device.origin)
    return _Said(use_hpip, gives_engine, engine, device, hpi)


def _checked_device(device: str, place: str) -> str:
    match = re.fullmatch(r"([a-z]+)(?::(\d+)((?:,\d+)*))?", device)
    kind = match.group(1) if match else None
    if match is None or kind not in _DEVICE_KINDS or (kind == "cpu" and match.group(2)):
        raise ConfigError(
            f"{place}: device must be 'cpu', 'gpu', 'gpu:N', 'gpu:N,M' or 'npu:N'; got {device!r}"
        )
    if match.group(3) and kind != "gpu":
        raise UnsupportedError(
            f"{place}: device {device!r} names several devices; make one pipeline for each, "
            f"e.g. '{kind}:{match.group(2)}'"
        )
    return device if kind == "cpu" or match.group(2) else f"{kind}:0"


def _descend(state: _State, said: _Said) -> _State:
    engine = state.engine
    if said.gives_engine:
        engine = said.engine
    elif said.use_hpip is not None or said.names_backend:
        engine = None
    hpi = {**state.hpi, **(said.hpi or {})}
    lower = _State(
        use_hpip=said.use_hpip or state.use_hpip,
        engine=engine,
        device=said.device or state.device,
        hpi=hpi,
        options=state.options,
    )
    own = (said.hpi or {}).get("backend_config")
    if own is None:
        return lower
    backend = lower.backend
    options = _Options(own.value, None if backend is None else backend.value, own.origin)
    return dataclasses.replace(lower, options=options)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What stays the same on the way down, and what was found."""

    label: str
    given: Given
    origin_of: Callable[[str], str | None]
    found: dict[str, HPISettings]


def _collect(level: Level, path: str, state: _State, walk: _Walk) -> None:
    if isinstance(level, ModuleConfig):
        place = f"{walk.label}: {path}"
        walk.found[path] = _settings(state, walk.given, place=place)
    for name, child in children(level):
        below = f"{path}.{name}" if path else name
        said = _read_level(child, _Place(walk.label, below, walk.origin_of))
        _collect(child, below, _descend(state, said), walk)


def _settings(state: _State, given: Given, *, place: str) -> HPISettings:
    origins: dict[str, str] = {}
    for key, value in (("use_hpip", state.use_hpip), ("device", state.device)):
        if value is not None:
            origins[key] = value.origin
    if given.precision is not None:
        origins["precision"] = given.origin
    use_hpip = None if state.use_hpip is None else bool(state.use_hpip.value)
    options: _Value | None = None
    notes: tuple[str, ...] = ()
    if use_hpip is False:
        # Plain inference: hpi_config has no say; an engine that was asked for has.
        hpi: dict[str, _Value] = {} if state.engine is None else {"backend": state.engine}
    else:
        hpi = {key: value for key, value in state.hpi.items() if key != "backend_config"}
        if state.engine is not None:
            hpi["backend"] = state.engine
        options, notes = _options_for(state)
    if options is not None:
        hpi["backend_config"] = options
    origins |= {f"hpi_config.{key}": value.origin for key, value in hpi.items()}
    values = {key: value.value for key, value in hpi.items()}
    return HPISettings(
        use_hpip=use_hpip,
        hpi=validate(HPIConfig, values, where=f"{place}: hpi_config"),
        device="cpu" if state.device is None else state.device.value,
        precision=given.precision,
        origins=origins,
        notes=notes,
    )


def _options_for(state: _State) -> tuple[_Value | None, tuple[str, ...]]:
    """The ``backend_config`` in force, without what another backend's level said."""
    given, backend = state.options, state.backend
    if given is None or not given.value:
        return None, ()
    if backend is None or given.backend == backend.value:
        return _Value(dict(given.value), given.origin), ()
    fitting = accepted_keys(backend.value)
    if given.backend is not None:
        fitting &= _SHARED_KEYS
    kept = {key: value for key, value in given.value.items() if key in fitting}
    dropped = sorted(set(given.value) - set(kept))
    options = _Value(kept, given.origin) if kept else None
    if not dropped:
        return options, ()
    owner = "the automatic mode" if given.backend is None else given.backend
    note = (
        f"backend_config {', '.join(dropped)} ({given.origin}) is for {owner}; "
        f"the backend here is {backend.value} ({backend.origin})"
    )
    return options, (note,)
