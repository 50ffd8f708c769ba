"""What is known about an engine without running a model on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Whether an engine can be used in this process, and why not.

    Attributes:
        name: Engine name, e.g. ``"onnxruntime"``.
        usable: Whether the library was loaded and accepted; for ``"paddle"``, which is imported
            with its first model, whether it is installed in a release that hpinfer knows.
        version: The engine's own version; empty when not usable.
        library: Path of the loaded library; empty when not usable.
        devices: The engine's devices or execution providers.
        reason: Why it is not usable, with the loader's message; empty when usable.
    """

    name: str
    usable: bool
    version: str = ""
    library: str = ""
    devices: tuple[str, ...] = ()
    reason: str = ""
