"""PaddleX's high-performance plugin on hpinfer: the names of `hpinfer.ultra_infer`."""

from __future__ import annotations

from hpinfer import ultra_infer as _drop_in
from hpinfer.ultra_infer import *  # noqa: F403 - this module is the other one under its known name


def __getattr__(name: str) -> object:
    return getattr(_drop_in, name)
