"""What the stand-ins tell of themselves."""

from __future__ import annotations

from typing import Any


def live(cuda: Any) -> tuple[int, int, int]:
    """Device buffers, pinned buffers and streams."""
    return (
        cuda.stand_in_device_buffers(),
        cuda.stand_in_pinned_buffers(),
        cuda.stand_in_streams(),
    )


def facts(plan: bytes) -> dict[str, str]:
    """How the stand-in built a plan: the lines of its head."""
    lines = plan[:4000].split(b"\n")
    count = int(lines[2])
    return dict(line.decode().split(" ", 1) for line in lines[3 : 3 + count])
