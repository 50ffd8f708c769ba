"""``backend_config`` as options of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.config.hpi import CPUBackendConfig
from hpinfer.config.validation import validate
from hpinfer.errors import ConfigError

#: Keys of PaddleX's runner that repeat what is set beside ``hpi_config``.
_SET_ELSEWHERE = ("device_type", "device_id")

if TYPE_CHECKING:
    from hpinfer.config.hpi import BackendName, HPISettings


def backend_options(engine: BackendName, settings: HPISettings) -> dict[str, Any]:
    """The options of `hpinfer.Session` that ``backend_config`` asks for, without the precision.

    Raises:
        ConfigError: A key or value that this engine does not have.
    """
    given = {key: item for key, item in settings.hpi.backend_config.items() if key != "precision"}
    if settings.use_hpip is False:
        return {}
    if engine == "paddle":
        return _paddle_options(given)
    config = validate(CPUBackendConfig, given, where=f"hpi_config: backend_config of {engine}")
    options = {"num_threads": config.cpu_num_threads, "engine_config": config.engine_config or None}
    return {name: value for name, value in options.items() if value is not None}


def _paddle_options(given: dict[str, Any]) -> dict[str, Any]:
    """Paddle's own options travel as its ``engine_config``; the session checks them."""
    threads = given.pop("cpu_num_threads", None)
    own = {name: value for name, value in given.items() if name not in _SET_ELSEWHERE}
    options = {"num_threads": threads, "engine_config": own or None}
    return {name: value for name, value in options.items() if value is not None}


def options_problem(engine: BackendName, settings: HPISettings) -> str | None:
    """Why ``backend_config`` does not fit an engine, or None if it does."""
    try:
        backend_options(engine, settings)
    except ConfigError as error:
        return str(error)
    return None
