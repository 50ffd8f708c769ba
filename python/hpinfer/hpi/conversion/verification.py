"""Checks a conversion: it loads, it runs, and it answers what the Paddle model answers."""

from __future__ import annotations

import contextlib
import importlib.metadata
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hpinfer.hpi.conversion.agreement import compare
from hpinfer.hpi.conversion.child_process import Outcome, run_script
from hpinfer.hpi.conversion.converters import is_installed, paddle_version
from hpinfer.hpi.conversion.failure import ConversionFailure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.hpi.conversion.routes import ConversionRoute
    from hpinfer.networks import Program, ProgramFormat

    Arrays = list[npt.NDArray[np.generic]]

Reference: TypeAlias = Literal["paddle", "openvino"]

_SCRIPT = Path(__file__).with_name("run_child.py")
_TITLES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "paddle": "Paddle Inference"}
#: Operators whose outputs depend on tiny differences of a random feed: never a reason to refuse.
_SENSITIVE = {
    "grid_sample": "its sampling of a random picture is ill-conditioned",
    "grid_sampler": "its sampling of a random picture is ill-conditioned",
}
_NMS = "multiclass_nms"
_DETECTOR_INPUTS = frozenset({"im_shape", "scale_factor"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, and what could not be.

    Attributes:
        checks: What holds, in words.
        warnings: What the user should know.
        agrees: Whether the answers were compared with the original's and are the same.
    """

    checks: tuple[str, ...]
    warnings: tuple[str, ...]
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    outputs: Arrays | None
    version: str = ""
    stage: str = ""
    reason: str = ""
    transient: bool = False


def reference_engine(program_format: ProgramFormat) -> Reference | None:
    """The engine here whose answers a conversion is compared with.

    Paddle itself if it is installed; else OpenVINO, which reads ``.pdmodel`` with code of its own.
    """
    if paddle_version() is not None:
        return "paddle"
    return "openvino" if program_format == "pdmodel" and is_installed("openvino") else None


def checking_versions() -> dict[str, str]:
    """Releases of hpinfer and of the engines that take part: another one may judge otherwise."""
    names = ("hpinfer", "onnxruntime", "openvino", "paddlepaddle", "paddlepaddle-gpu")
    found = {}
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def verify(
    onnx: Path, route: ConversionRoute, config: Mapping[str, Any], *, timeout_s: float
) -> Verdict:
    """Run one random feed through the conversion and, where possible, through the original.

    Args:
        onnx: The converted model.
        route: What it was converted from.
        config: The model's inference.yml, for the shapes of the feed.
        timeout_s: Limit for each of the two runs.

    Raises:
        ConversionFailure: The conversion cannot be loaded or run, or answers something else.
    """
    import numpy as np

    from hpinfer.hpi.conversion.sample_feed import sample_feed

    feed = sample_feed(route.outline.inputs, config)
    reference = reference_engine(route.format)
    with tempfile.TemporaryDirectory(prefix="hpinfer-") as work:
        np.savez(Path(work, "feed.npz"), **feed)  # type: ignore[arg-type]
        request = {"model": str(onnx), "params": "", "feed": str(Path(work, "feed.npz"))}
        actual = None
        if is_installed("onnxruntime"):
            actual = _run("onnxruntime", request, Path(work), timeout_s)
            _require_load(actual)
        expected = None
        if reference is not None and actual is not None:
            request |= {"model": str(route.program), "params": str(route.params)}
            expected = _run(reference, request, Path(work), timeout_s)
    shapes = ", ".join(f"{name} {'x'.join(map(str, a.shape))}" for name, a in feed.items())
    return _judge(actual, expected, reference, route.outline, shapes)


def _judge(
    actual: _Run | None,
    expected: _Run | None,
    reference: Reference | None,
    outline: Program,
    shapes: str,
) -> Verdict:
    checks, warnings = ["no known fault of the converter in the graph"], []
    if actual is None:
        warnings.append("ONNX Runtime is not installed, so the conversion was not run")
        return Verdict(tuple(checks), tuple(warnings))
    title = f"ONNX Runtime {actual.version}".rstrip()
    checks.append(f"loads in {title}")
    title_of_reference = "" if reference is None else _TITLES[reference]
    if actual.outputs is None:
        if expected is not None and expected.outputs is not None:
            raise ConversionFailure(
                f"runs in {title_of_reference} but its conversion does not run in {title}: "
                f"{actual.reason}",
                transient=actual.transient,
            )
        warnings.append(
            f"it was not run: {title} refused a random feed ({shapes}): {actual.reason}"
        )
        return Verdict(tuple(checks), tuple(warnings))
    checks.append(f"runs on a random feed ({shapes})")
    if expected is None:
        warnings.append("PaddlePaddle is not installed, so the answers were not compared with it")
    elif expected.outputs is None:
        warnings.append(
            f"the answers were not compared: {title_of_reference} says {expected.reason}"
        )
    else:
        agrees = _compare(actual.outputs, expected, title_of_reference, outline, checks, warnings)
        return Verdict(tuple(checks), tuple(warnings), agrees)
    return Verdict(tuple(checks), tuple(warnings))


def _compare(
    actual: Arrays,
    expected: _Run,
    title: str,
    outline: Program,
    checks: list[str],
    warnings: list[str],
) -> bool:
    operators = outline.operators
    suppresses = any(name.startswith(_NMS) for name in operators)
    # A detector without suppression (DETR) ranks its boxes: near-equal scores may change places.
    ranks = any(fact.name in _DETECTOR_INPUTS for fact in outline.inputs)
    outcome = compare(expected.outputs or [], actual, boxes=suppresses or ranks)
    reference = f"{title} {expected.version}".rstrip()
    if outcome.agrees:
        checks.append(f"agrees with {reference}: {outcome.summary}")
        return True
    excuse = next((_SENSITIVE[name] for name in sorted(operators & _SENSITIVE.keys())), None)
    if suppresses:
        excuse = "near-equal scores of a random picture may select other boxes"
    if excuse is None:
        raise ConversionFailure(
            f"converts, but answers something else than {reference}: {outcome.summary}"
        )
    warnings.append(
        f"differs from {reference} ({outcome.summary}), which may mean nothing: {excuse}"
    )
    return False


def _require_load(run: _Run) -> None:
    if run.outputs is None and run.stage != "run":
        raise ConversionFailure(
            f"converts to an ONNX model that ONNX Runtime does not load: {run.reason}",
            transient=run.transient,
        )


def _run(engine: str, request: Mapping[str, Any], work: Path, timeout_s: float) -> _Run:
    import numpy as np

    output = work / f"{engine}.npz"
    outcome: Outcome = run_script(
        _SCRIPT, {**request, "engine": engine, "output": str(output)}, timeout_s=timeout_s
    )
    if outcome.answer is None:
        return _Run(None, reason=f"its process {outcome.ending}", transient=outcome.transient)
    version = str(outcome.answer.get("version", ""))
    if "error" in outcome.answer:
        stage = str(outcome.answer.get("stage", ""))
        return _Run(None, version, stage, str(outcome.answer["error"]))
    with np.load(output, allow_pickle=False) as stored:
        arrays: Sequence[Any] = [stored[str(index)] for index in range(len(stored.files))]
    return _Run(list(arrays), version)
