"""Converts Paddle models to ONNX, checks the result, and keeps it in the artifact cache."""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer.errors import CacheError, ConversionError, ModelFormatError
from hpinfer.hpi.artifact_keys import converted_onnx_key
from hpinfer.hpi.artifact_manifest import ArtifactKey
from hpinfer.hpi.conversion.child_process import Outcome, run_script, telling_line
from hpinfer.hpi.conversion.converters import obtain
from hpinfer.hpi.conversion.failure import ConversionFailure
from hpinfer.hpi.conversion.faults import Refusal, openvino_reads
from hpinfer.hpi.conversion.onnx_graph import fix_nms_squeeze, with_metadata
from hpinfer.hpi.conversion.pir_attributes import narrow_attributes
from hpinfer.hpi.conversion.provenance import CONVERTER, OPSET, SOURCE, onnx_is_stale, source_hash
from hpinfer.hpi.conversion.routes import ConversionRoute, route
from hpinfer.hpi.conversion.verification import Verdict, checking_versions, reference_engine, verify
from hpinfer.hub.model_files import ONNX

if TYPE_CHECKING:
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.hub import ModelFiles

_SCRIPT = Path(__file__).with_name("export_child.py")
_REPORT = "conversion.json"
#: What is done to graphs, and how results are checked: a change makes every conversion again.
_REPAIRS = ("pir-f32-attributes/1", "nms-squeeze/2")
_CHECKS_VERSION = 2
#: The converter raises the version where operators need it, but asked for 7 to 10 it may write a
#: TopK that only exists from 11 on, which no engine loads.
DEFAULT_OPSET = 11
_CONVERTER_ERROR = "[ERROR]"


@dataclass(frozen=True, slots=True)
class ConversionOptions:
    """How to convert.

    Attributes:
        opset: ONNX operator set asked for; the converter takes a higher one where it must.
        check: Run the result and compare it with the original.
        force: Convert even if there is a good ``inference.onnx``, or a known failure.
        timeout_s: Limit for each child process.
    """

    opset: int = DEFAULT_OPSET
    check: bool = True
    force: bool = False
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class ConvertedModel:
    """An ONNX file that stands for a Paddle model.

    Attributes:
        path: The file, only to be read.
        converter: What made it, e.g. ``paddle2onnx 1.3.1``; empty for the user's own file.
        checks: What was verified, in words.
        warnings: What could not be verified, or is doubtful.
        built: Whether it was made by this call.
        seconds: How long that took.
    """

    path: Path
    converter: str
    checks: tuple[str, ...]
    warnings: tuple[str, ...]
    built: bool
    seconds: float


def convert(
    files: ModelFiles, *, store: ArtifactStore, options: ConversionOptions | None = None
) -> ConvertedModel:
    """Convert a model to ONNX, or find the conversion made before.

    An ``inference.onnx`` in the model's directory is taken as it is, unless hpinfer wrote it and
    the Paddle files have changed since.

    Args:
        files: A model with Paddle files.
        store: Where the product is kept.
        options: How to convert.

    Returns:
        The ONNX file and what is known about it.

    Raises:
        ConversionError: The model cannot be converted here, or not correctly.
        CacheError: The product cannot be kept.
    """
    options = options or ConversionOptions()
    stale = onnx_is_stale(files)
    if files.onnx is not None and stale is None and not options.force:
        return ConvertedModel(files.onnx, "", (), (), built=False, seconds=0.0)
    found = _require_route(files)
    key = _key(found, options)
    failures = ArtifactKey(key.kind, {**key.fields, "failure with": checking_versions()})
    known = None if options.force else store.get_json(failures)
    if isinstance(known, str):
        raise ConversionError(known)

    def build(folder: Path) -> None:
        _build(found, files, folder, options)

    try:
        artifact = store.get_or_build(key, build)
    except ConversionFailure as failure:
        error = _error(files, found, failure, options)
        if not failure.transient:
            with contextlib.suppress(CacheError):  # it is only slower the next time
                store.put_json(failures, str(error))
        raise error from None
    report = json.loads((artifact.path / _REPORT).read_text(encoding="utf-8"))
    notes = () if stale is None else (f"{stale}: it was converted again and is not used",)
    return ConvertedModel(
        path=artifact.path / ONNX,
        converter=found.converter.name,
        checks=tuple(report["checks"]),
        warnings=(*notes, *report["warnings"]),
        built=artifact.built,
        seconds=artifact.seconds,
    )


def convert_into(
    files: ModelFiles, folder: Path, *, options: ConversionOptions | None = None
) -> ConvertedModel:
    """Convert a model and write ``inference.onnx`` into a folder, past the artifact cache.

    Args:
        files: A model with Paddle files.
        folder: An existing folder; the file appears there when it is complete and checked.
        options: How to convert.

    Raises:
        ConversionError: The model cannot be converted here, or not correctly.
        OSError: The folder cannot be written.
    """
    import time

    options = options or ConversionOptions()
    found = _require_route(files)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".convert-") as work:
        try:
            verdict = _build(found, files, Path(work), options)
        except ConversionFailure as failure:
            raise _error(files, found, failure, options) from None
        Path(work, ONNX).replace(folder / ONNX)
    seconds = time.perf_counter() - start
    return ConvertedModel(
        path=folder / ONNX,
        converter=found.converter.name,
        checks=verdict.checks,
        warnings=verdict.warnings,
        built=True,
        seconds=seconds,
    )


def _require_route(files: ModelFiles) -> ConversionRoute:
    found = route(files)
    if isinstance(found, Refusal):
        raise ConversionError(f"{files.name} cannot be converted to ONNX here: {found}")
    return found


def _key(found: ConversionRoute, options: ConversionOptions) -> ArtifactKey:
    reference = reference_engine(found.format) if options.check else None
    return converted_onnx_key(
        model=source_hash(found.program, found.params),
        converter=f"paddle2onnx/{found.format}",
        converter_version=found.converter.name,
        opset=options.opset,
        repairs=_REPAIRS,
        # What was only loaded counts as another product than what was compared with Paddle.
        options={"check": options.check, "checks": _CHECKS_VERSION, "reference": reference},
    )


def _error(
    files: ModelFiles,
    found: ConversionRoute,
    failure: ConversionFailure,
    options: ConversionOptions,
) -> ConversionError:
    hint = f"ask for opset {DEFAULT_OPSET}, or " if options.opset < DEFAULT_OPSET else ""
    openvino = "OpenVINO or " if openvino_reads(found.outline) else ""
    return ConversionError(
        f"{files.name} {failure} (converter: {found.converter.name}); "
        f"{hint}run its Paddle files with {openvino}Paddle Inference"
    )


def _build(
    found: ConversionRoute, files: ModelFiles, folder: Path, options: ConversionOptions
) -> Verdict:
    """Write the ONNX file and the report about it into an empty folder."""
    library = obtain(found.converter, found.format)
    model, complaint = _export(found, library, options)
    try:
        model, repaired = fix_nms_squeeze(model)
    except ModelFormatError as error:
        raise ConversionFailure(f"converts to something that is not ONNX: {error}") from None
    notes = {
        SOURCE: source_hash(found.program, found.params),
        CONVERTER: found.converter.name,
        OPSET: str(options.opset),
    }
    onnx = folder / ONNX
    onnx.write_bytes(with_metadata(model, notes))
    verdict = Verdict((), ("the conversion was not checked",))
    if options.check:
        verdict = verify(onnx, found, files.config, timeout_s=options.timeout_s)
    if complaint:
        verdict = _weigh(complaint, verdict)
    if repaired:
        text = f"{repaired} Squeeze nodes after NonMaxSuppression were given their axes"
        verdict = replace(verdict, checks=(text, *verdict.checks))
    report = {"checks": verdict.checks, "warnings": verdict.warnings}
    (folder / _REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return verdict


def _weigh(complaint: str, verdict: Verdict) -> Verdict:
    """The converter also complains of models that are right, but then that must be shown."""
    if not verdict.agrees:
        raise ConversionFailure(f"cannot be converted: the converter says {complaint}")
    return replace(verdict, warnings=(*verdict.warnings, f"the converter says {complaint}"))


def _export(found: ConversionRoute, library: Path, options: ConversionOptions) -> tuple[bytes, str]:
    """The bytes that the converter writes, and what it complained of."""
    with tempfile.TemporaryDirectory(prefix="hpinfer-") as work:
        output = Path(work, ONNX)
        request = {
            "library": str(library),
            "needs_paddle": found.format == "pir",
            "program": str(_readable_program(found, Path(work))),
            "params": str(found.params),
            "opset": options.opset,
            "output": str(output),
        }
        outcome = run_script(_SCRIPT, request, timeout_s=options.timeout_s)
        if outcome.answer is None:
            raise ConversionFailure(
                f"cannot be converted: the converter {outcome.ending}", transient=outcome.transient
            )
        model = output.read_bytes()
        if not model:
            said = telling_line(outcome.messages) or "nothing"
            raise ConversionFailure(f"cannot be converted: the converter says {said}")
        return model, _complaint(outcome)


def _complaint(outcome: Outcome) -> str:
    """What the converter called an error although it went on to write a model."""
    lines = outcome.messages.splitlines()
    complained = any(_CONVERTER_ERROR in line for line in lines)
    return telling_line(outcome.messages) if complained else ""


def _readable_program(found: ConversionRoute, work: Path) -> Path:
    if found.format != "pir":
        return found.program
    narrowed = narrow_attributes(found.program.read_bytes())
    if narrowed is None:
        return found.program
    copy = work / found.program.name
    copy.write_bytes(narrowed)
    return copy
