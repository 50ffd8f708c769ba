"""Opens a network on OpenVINO: rewritten where that saves time, and compiled once.

What OpenVINO compiles and the graph that it compiled lie in one folder of the artifact cache, whose
key has the version of the rewriting: a folder with a compiled network and no graph of its own means
that there was nothing to rewrite.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.errors import CacheError, EngineError, ModelFormatError, UnsupportedError
from hpinfer.hpi.explanation import ArtifactUse
from hpinfer.networks import read_onnx_external_files, rewrite_for_openvino
from hpinfer.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hpinfer.hpi.artifact_manifest import ArtifactKey
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.networks import Rewritten

_log = logging.getLogger("hpinfer.cache")

_GRAPH = "rewritten.onnx"
#: What OpenVINO may say to a graph; anything else is not the graph's fault.
_REFUSED = (EngineError, ModelFormatError, UnsupportedError)
_NOTE = "the graph is rewritten: OpenVINO then makes fewer passes over pictures"


@dataclass(frozen=True, slots=True)
class OpenedOpenVINO:
    """A network on OpenVINO.

    Attributes:
        session: The network.
        artifact: What was compiled or found; None if nothing is kept.
        notes: What differs from the network's file.
    """

    session: Session
    artifact: ArtifactUse | None = None
    notes: tuple[str, ...] = ()


def open_openvino(
    network: Path,
    options: Mapping[str, Any],
    *,
    store: ArtifactStore,
    key: ArtifactKey,
    rewrite: bool,
) -> OpenedOpenVINO:
    """A session of OpenVINO, which compiles 4 times faster from what it kept (PP-OCRv4).

    A cache that does not work costs time, never the model.

    Args:
        network: An ONNX file or a Paddle program.
        options: Of the session.
        store: Where the compiled network is kept.
        key: What it depends on.
        rewrite: Whether another graph of the same function may run.

    Raises:
        HpinferError: The network cannot be loaded.
    """
    start = time.perf_counter()
    with _compiled_folder(store, key) as folder:
        if folder is None:
            session, notes = _open_uncached(network, options, rewrite=rewrite)
            return OpenedOpenVINO(session, None, notes)
        built = not any(path.suffix == ".blob" for path in folder.rglob("*"))
        if built and rewrite:
            _keep_rewritten(network, folder / _GRAPH)
        session, notes = _open_kept(network, folder, options)
    use = ArtifactUse("compilation", str(folder), built, time.perf_counter() - start)
    return OpenedOpenVINO(session, use, notes)


@contextlib.contextmanager
def _compiled_folder(store: ArtifactStore, key: ArtifactKey) -> Iterator[Path | None]:
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(store.directory_for(key))
        except CacheError:
            folder = None
        yield folder


def _open_uncached(
    network: Path, options: Mapping[str, Any], *, rewrite: bool
) -> tuple[Session, tuple[str, ...]]:
    rewritten = _rewritten(network) if rewrite else None
    if rewritten is not None:
        try:
            return Session(rewritten.model, engine="openvino", **options), (_NOTE,)
        except _REFUSED as error:
            _warn(network, error)
    return Session(network, engine="openvino", **options), ()


def _open_kept(
    network: Path, folder: Path, options: Mapping[str, Any]
) -> tuple[Session, tuple[str, ...]]:
    graph = folder / _GRAPH
    if graph.exists():
        try:
            return Session(graph, engine="openvino", cache_dir=folder, **options), (_NOTE,)
        except _REFUSED as error:
            _warn(network, error)
            graph.unlink()
    return Session(network, engine="openvino", cache_dir=folder, **options), ()


def _keep_rewritten(network: Path, graph: Path) -> None:
    """Writes the rewritten graph if there is one."""
    rewritten = _rewritten(network)
    if rewritten is None:
        return
    unfinished = graph.with_suffix(".tmp")
    try:
        unfinished.write_bytes(rewritten.model)
        unfinished.replace(graph)
    except OSError as error:  # then the network itself is compiled
        unfinished.unlink(missing_ok=True)
        _warn(network, error)


def _rewritten(network: Path) -> Rewritten | None:
    if network.suffix.lower() != ".onnx":
        return None
    try:
        if read_onnx_external_files(network):
            return None  # their names mean nothing elsewhere
        rewritten = rewrite_for_openvino(network.read_bytes())
    except (ModelFormatError, OSError):  # the engine says it better
        return None
    if rewritten is not None:
        counts = (rewritten.convolutions, rewritten.gates)
        _log.debug("%s: %d transposed convolutions and %d gates rewritten", network, *counts)
    return rewritten


def _warn(network: Path, error: Exception) -> None:
    _log.warning("%s is compiled as it is, not rewritten: %s", network, error)
