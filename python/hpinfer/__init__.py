"""hpinfer: fast, dependable inference for PaddlePaddle and ONNX vision and document models.

Importing this package loads no engine, touches no network and configures no logging; every public
name is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpinfer.build import (
        BuildInfo,
        build_info,
        is_built_with_gpu,
        is_built_with_om,
        is_built_with_openvino,
        is_built_with_ort,
        is_built_with_paddle,
        is_built_with_trt,
    )
    from hpinfer.hpi import EngineStatus
    from hpinfer.hpi.discovery import engines
    from hpinfer.models import create_model
    from hpinfer.pipelines import create_pipeline
    from hpinfer.process import Stats, stats, trim
    from hpinfer.session import Session

#: Public name to the module that defines it.
_PUBLIC = {
    "BuildInfo": "hpinfer.build",
    "EngineStatus": "hpinfer.hpi.discovery",
    "Session": "hpinfer.session",
    "Stats": "hpinfer.process",
    "build_info": "hpinfer.build",
    "create_model": "hpinfer.models",
    "create_pipeline": "hpinfer.pipelines",
    "engines": "hpinfer.hpi.discovery",
    "is_built_with_gpu": "hpinfer.build",
    "is_built_with_om": "hpinfer.build",
    "is_built_with_openvino": "hpinfer.build",
    "is_built_with_ort": "hpinfer.build",
    "is_built_with_paddle": "hpinfer.build",
    "is_built_with_trt": "hpinfer.build",
    "stats": "hpinfer.process",
    "trim": "hpinfer.process",
}

__all__ = [
    "BuildInfo",
    "EngineStatus",
    "Session",
    "Stats",
    "__version__",
    "build_info",
    "create_model",
    "create_pipeline",
    "engines",
    "is_built_with_gpu",
    "is_built_with_om",
    "is_built_with_openvino",
    "is_built_with_ort",
    "is_built_with_paddle",
    "is_built_with_trt",
    "stats",
    "trim",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("hpinfer")
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'hpinfer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
