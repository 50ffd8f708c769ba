"""Empty stand-ins for packages that training code imports and no network needs.

The model packages import their data sets, metrics and loggers when a network is imported. Those
need packages with compilers and large dependencies, so a finder at the end of the import path
gives a module whose every attribute is a class that does nothing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGES = frozenset(
    {
        "Cython",
        "cython_bbox",
        "faiss",
        "filelock",
        "imgaug",
        "lap",
        "matplotlib",
        "motmetrics",
        "mpl_toolkits",
        "numba",
        "pandas",
        "prettytable",
        "pyclipper",
        "pycocotools",
        "sklearn",
        "ujson",
        "visualdl",
    }
)


class _Nothing(ModuleType):
    """A module that has every attribute."""

    __path__: ClassVar[list[str]] = []  # makes it a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".")[0] not in _PACKAGES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Nothing(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is inside."""


def install() -> None:
    """Lets the packages above be imported although they are not installed."""
    sys.meta_path.append(_Finder())
