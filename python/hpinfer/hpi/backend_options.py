"""``backend_config`` as options of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from hpinfer.config.hpi import BackendName, HPISettings


def backend_options(engine: BackendName, settings: HPISettings) -> dict[str, Any]:
    """The options of `hpinfer.Session` that ``backend_config`` asks for, without the precision.

    Raises:
        ConfigError: A key or value that this engine does not have.
    """
    if settings.use_hpip is False:
        return {}
    options = settings.hpi.options_for(engine).session_options()
    return {name: value for name, value in options.items() if name != "precision"}


def options_problem(engine: BackendName, settings: HPISettings) -> str | None:
    """Why ``backend_config`` does not fit an engine, or None if it does."""
    try:
        backend_options(engine, settings)
    except ConfigError as error:
        return str(error)
    return None
