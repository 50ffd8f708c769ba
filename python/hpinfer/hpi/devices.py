"""Names of devices: ``"cpu"``, ``"gpu"``, ``"gpu:1"``, ``"gpu:0,1"``."""

from __future__ import annotations

import re

from hpinfer.errors import ConfigError

_SEVERAL = re.compile(r"(gpu|npu):(\d+(?:,\d+)+)")


def single_devices(device: str) -> tuple[str, ...]:
    """The devices that a name stands for: ``("gpu:0", "gpu:1")`` for ``"gpu:0,1"``.

    A name of one device comes back as it is, whatever it says.

    Raises:
        ConfigError: A device is named twice.
    """
    match = _SEVERAL.fullmatch(device)
    if match is None:
        return (device,)
    kind, numbers = match.group(1), [int(number) for number in match.group(2).split(",")]
    if len(set(numbers)) != len(numbers):
        raise ConfigError(f"device {device!r} names a device twice")
    return tuple(f"{kind}:{number}" for number in numbers)
