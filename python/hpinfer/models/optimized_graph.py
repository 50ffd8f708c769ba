"""ONNX Runtime's rewritten graph, kept so that later starts need not rewrite it again.

ONNX Runtime writes the graph as it is after all its rewriting; loaded with rewriting off, it is the
same network node by node, and gives the same bits. Such a graph holds layouts of the processor that
wrote it and operators of the release that did, so both are in its key.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from hpinfer.errors import HpinferError
from hpinfer.hpi.explanation import ArtifactUse
from hpinfer.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hpinfer.hpi.artifact_manifest import ArtifactKey
    from hpinfer.hpi.artifacts import ArtifactStore

_log = logging.getLogger("hpinfer.cache")

_GRAPH = "graph.onnx"
_DETAIL = "the graph as ONNX Runtime rewrote it"
_ONLY_CPU = frozenset({"CPUExecutionProvider"})

#: Bytes of a model whose graph is kept. Processor time in ms of loading the model, of loading its
#: graph, and of the two hashes that the graph costs (ONNX Runtime 1.31.1, AMD EPYC, 2026-11-20):
#:   PP-OCRv4 det, 5 MB           67  52   7     SLANet_plus, 8 MB         97  21  11
#:   PP-OCRv4 rec, 11 MB          88  50  15     direction, 0.6 MB         37  20   1
#:   PP-OCRv6 small rec, 21 MB    54  20  28     25 nodes, 0.3 MB           3   2   0
#:   151 nodes, 30 MB             34  14  37     136 nodes, 106 MB        101  42 127
#: Small models have little to gain; large ones are mostly weights, which are not rewritten.
SMALLEST, LARGEST = 256 << 10, 24 << 20


def pays(files: Sequence[Path], options: Mapping[str, Any]) -> bool:
    """Whether the rewritten graph of a model is worth keeping, and can be.

    Args:
        files: The ONNX file and those that hold its weights. With weights in other files the graph
            refers to them still, by names that mean nothing elsewhere.
        options: Of the session. Nodes that another execution provider compiled cannot be written.
    """
    if len(files) > 1:
        return False
    if options.get("graph_optimization") == "none" or options.get("optimized_model"):
        return False
    providers = options.get("providers") or ()
    names = {item if isinstance(item, str) else item[0] for item in providers}
    if options.get("device", "cpu") != "cpu" or not names <= _ONLY_CPU:
        return False
    try:
        return SMALLEST <= files[0].stat().st_size <= LARGEST
    except OSError:  # a file is missing: the engine says it better
        return False


def open_optimized(
    network: Path, options: Mapping[str, Any], *, store: ArtifactStore, key: ArtifactKey
) -> tuple[Session, ArtifactUse | None]:
    """A session of ONNX Runtime from the graph kept under a key, which is made if it is not there.

    A cache that does not work costs time, never the model: then the network itself is loaded.

    Args:
        network: The ONNX file.
        options: Of the session.
        store: Where graphs are kept.
        key: What this one depends on.

    Returns:
        The session, and what was kept or reused; None if nothing was.

    Raises:
        HpinferError: The network itself cannot be loaded.
    """
    start = time.perf_counter()
    as_written = {**options, "graph_optimization": "none"}
    loaded: list[Session] = []

    def write(folder: Path) -> None:
        graph = folder / _GRAPH
        Session(network, engine="onnxruntime", **options, optimized_model=graph)
        loaded.append(Session(graph, engine="onnxruntime", **as_written))  # or it is not kept

    try:
        artifact = store.find(key)
        if artifact is None and not store.lasts:
            return Session(network, engine="onnxruntime", **options), None
        artifact = artifact or store.get_or_build(key, write)
        graph = artifact.path / _GRAPH
        session = loaded[0] if loaded else Session(graph, engine="onnxruntime", **as_written)
    except (HpinferError, OSError) as error:
        session = Session(network, engine="onnxruntime", **options)
        _log.warning("%s is loaded without its rewritten graph: %s", network, error)
        return session, None
    seconds = time.perf_counter() - start
    return session, ArtifactUse("compilation", str(graph), artifact.built, seconds, _DETAIL)
