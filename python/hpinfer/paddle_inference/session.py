"""Loads a Paddle model as a native session."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpinfer._native_log import logger
from hpinfer.errors import ConfigError, ModelFormatError, ModelNotFoundError, UnsupportedError
from hpinfer.networks import parse_program, read_program
from hpinfer.paddle_inference.attempts import (
    Attempt,
    LoadFailure,
    load_first_possible,
    possible_attempts,
)
from hpinfer.paddle_inference.configuration import (
    check_common,
    configure,
    requested_mode,
    total_threads,
)
from hpinfer.paddle_inference.library import import_inference
from hpinfer.paddle_inference.machine import detect_machine, parse_device
from hpinfer.paddle_inference.model_name import model_name_beside
from hpinfer.paddle_inference.options import PaddleOptions
from hpinfer.paddle_inference.run_mode import (
    ProgramFacts,
    decide_new_ir,
    decide_run_mode,
    usual_mode,
)
from hpinfer.paddle_inference.runner import PredictorPool, summary
from hpinfer.paddle_inference.status import libpaddle, status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpinfer import _native
    from hpinfer.networks import Program, TensorFact
    from hpinfer.paddle_inference.options import RunMode
    from hpinfer.paddle_inference.unlocked import InferenceCall


@functools.cache
def _inference_call(version: str) -> InferenceCall:
    """One for the process: what the first inference proves holds for all."""
    from hpinfer.paddle_inference.unlocked import InferenceCall

    return InferenceCall(version, libpaddle())


@dataclass(frozen=True, slots=True)
class LoadedProgram:
    """A loaded model.

    Attributes:
        native: The session.
        run_mode: The mode it runs in.
        notes: What a user should know about the choice of the mode.
    """

    native: _native.Session
    run_mode: RunMode
    notes: tuple[str, ...]


def create_session(
    model: Path,
    params: Path | None = None,
    options: PaddleOptions | None = None,
) -> _native.Session:
    """Loads a model on the CPU with one stream; `load` has all the choices.

    Args:
        model: `.json` (PIR) or `.pdmodel`.
        params: Its `.pdiparams`; None takes the file of the same name beside it, if any.
        options: Paddle's options.
    """
    return load(model, params, options=options).native


def load(
    model: Path,
    params: Path | None = None,
    *,
    options: PaddleOptions | None = None,
    session_options: _native.SessionOptions | None = None,
    model_name: str | None = None,
) -> LoadedProgram:
    """Loads a model.

    Args:
        model: `.json` (PIR) or `.pdmodel`.
        params: Its `.pdiparams`; None takes the file of the same name beside it, if any.
        options: Paddle's options.
        session_options: Device, threads, streams, precision and memory, as for every engine.
        model_name: None takes it from the inference.yml beside the model.

    Raises:
        ConfigError: Options that contradict each other or have no effect.
        EngineUnavailableError: PaddlePaddle is not installed or does not work.
        ModelNotFoundError: A file does not exist.
        ModelFormatError: A file is not what it should be.
        UnsupportedError: Not on this machine, build or release.
    """
    from hpinfer import _native

    common = session_options or _native.SessionOptions()
    chosen = options or PaddleOptions()
    program = read_program(model)
    if params is not None and not params.is_file():
        raise ModelNotFoundError(f"parameter file {params} does not exist")
    if params is None and model.with_suffix(".pdiparams").is_file():
        params = model.with_suffix(".pdiparams")
    name = model_name_beside(model) if model_name is None else model_name
    return _load(_Files(program, model, params, name or str(model)), name, chosen, common)


def load_bytes(
    model: bytes,
    params: bytes | None,
    *,
    options: PaddleOptions,
    session_options: _native.SessionOptions,
) -> LoadedProgram:
    """Loads a model from memory; arguments and errors as for `load`."""
    program = parse_program(model, "the model in memory")
    suffix = ".json" if program.format == "pir" else ".pdmodel"
    # Paddle reads PIR programs from files only.
    with tempfile.TemporaryDirectory(prefix="hpinfer-paddle-") as folder:
        path = Path(folder, f"inference{suffix}")
        path.write_bytes(model)
        parameters = None
        if params is not None:
            parameters = path.with_suffix(".pdiparams")
            parameters.write_bytes(params)
        files = _Files(program, path, parameters, "the model in memory")
        return _load(files, "", options, session_options)


@dataclass(frozen=True, slots=True)
class _Files:
    program: Program
    model: Path
    params: Path | None
    what: str  # how messages call the model


def _load(
    files: _Files, model_name: str, options: PaddleOptions, common: _native.SessionOptions
) -> LoadedProgram:
    from hpinfer import _native

    program = files.program
    check_common(common)
    if program.has_parameters and files.params is None:
        raise ModelFormatError(f"{files.what} has parameters, but its .pdiparams is missing")
    kind, gpu_index = parse_device(common.device)
    facts = ProgramFacts(
        program.format, model_name, program.aligned_bilinear, program.multiplied_rows
    )
    version = status().version
    new_ir = decide_new_ir(version, facts, options.enable_new_ir, device=kind)
    machine = detect_machine(kind, new_ir=new_ir)
    requested = requested_mode(options, common)
    options.check_effect(requested or usual_mode(machine))
    common = _resolved(common, options)
    inputs = [_tensor_info(fact, "input") for fact in program.inputs]
    outputs = [_tensor_info(fact, "output") for fact in program.outputs]
    inference = import_inference()
    mode, notes = decide_run_mode(version, facts, requested, machine)
    for note in notes:
        logger.warning("%s: %s", files.what, note)
    attempts = possible_attempts(Attempt(mode, new_ir), facts, requested, options)
    with _named_for_paddle(program, files.model) as path:

        def predictors_of(attempt: Attempt) -> list[Any]:
            config_of = functools.partial(
                configure,
                inference,
                files=(path, files.params),
                mode=attempt.mode,
                options=options,
                common=common,
                gpu_index=gpu_index,
                program=program,
                new_ir=attempt.new_ir,
            )
            return [_create_predictor(inference, config_of()) for _ in range(common.num_streams)]

        predictors, used, more = load_first_possible(attempts, predictors_of, files.what)
    for note in more:
        logger.warning("%s: %s", files.what, note)
    call = _inference_call(version)
    pool = PredictorPool(predictors, call)
    native = _native.python_session(
        "paddle",
        _in_order(inputs, predictors[0].get_input_names()),
        _in_order(outputs, predictors[0].get_output_names()),
        pool.run,
        pool.trim,
        common,
    )
    return LoadedProgram(native, used.mode, (*notes, *more, *call.notes))


def _create_predictor(inference: Any, config: Any) -> Any:  # noqa: ANN401 - paddle
    try:
        return inference.create_predictor(config)
    except Exception as error:  # Paddle raises RuntimeError, ValueError, OSError, ... alike
        raise LoadFailure(summary(str(error))) from None


def _resolved(common: _native.SessionOptions, options: PaddleOptions) -> _native.SessionOptions:
    """A copy with the number of threads filled in."""
    from hpinfer import _native

    if common.num_streams < 1:
        raise ConfigError(f"num_streams must be at least 1; got {common.num_streams}")
    copy = _native.SessionOptions()
    for name in ("device", "num_streams", "precision", "memory", "engine_config"):
        setattr(copy, name, getattr(common, name))
    copy.num_threads = total_threads(options, common)
    return copy


def _tensor_info(fact: TensorFact, role: str) -> _native.TensorInfo:
    from hpinfer import _native

    try:
        return _native.TensorInfo(fact.name, fact.dtype, fact.shape)
    except UnsupportedError:
        raise UnsupportedError(
            f"{role} {fact.name!r} has dtype {fact.dtype}, which hpinfer does not support"
        ) from None


@contextlib.contextmanager
def _named_for_paddle(program: Program, model: Path) -> Iterator[Path]:
    """Paddle tells the formats apart by the suffix, hpinfer by the content."""
    if (model.suffix == ".json") == (program.format == "pir"):
        yield model
        return
    suffix = ".json" if program.format == "pir" else ".pdmodel"
    with tempfile.TemporaryDirectory(prefix="hpinfer-paddle-") as folder:
        link = Path(folder, f"inference{suffix}")
        link.symlink_to(model.absolute())
        yield link


def _in_order(infos: list[_native.TensorInfo], names: list[str]) -> list[_native.TensorInfo]:
    """The tensors in the predictor's order."""
    by_name = {info.name: info for info in infos}
    if set(by_name) != set(names) or len(infos) != len(names):
        raise ModelFormatError(
            f"the program declares {sorted(by_name)}, but Paddle Inference found {sorted(names)}"
        )
    return [by_name[name] for name in names]
