"""Low-level inference: one model on one engine, tensors in, tensors out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hpinfer.errors import (
    ConfigError,
    EngineUnavailableError,
    InvalidInputError,
    InvalidTypeError,
    UnsupportedError,
)
from hpinfer.hpi.cuda_libraries import load_cuda_libraries
from hpinfer.hpi.devices import single_devices
from hpinfer.hpi.discovery import library_candidates, with_remedy

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

    from hpinfer import _native

_ENUM_OPTIONS = {
    "precision": "Precision",
    "graph_optimization": "GraphOptimization",
    "memory": "MemoryPolicy",
}
_GPU_PROVIDERS = frozenset({"CUDAExecutionProvider", "TensorrtExecutionProvider"})


class BackgroundWork(Protocol):
    """A build that goes on while its session runs.

    Attributes:
        state: How far it is; empty when nothing is being built.
    """

    state: str

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until nothing is being built; False if the time was too short."""

    def cancel(self) -> None:
        """Asks it to stop."""


class Session:
    """A model loaded by one engine. Any number of threads may call `run` at once.

    Attributes:
        native: The native session, for the native models.
        notes: What the engine does differently from what was asked for, or usual, and why.
        background: What builds an engine for it meanwhile (`wait`, `cancel`, `state`), or None.

    Example:
        >>> session = Session("model.onnx", engine="onnxruntime", num_threads=2)
        >>> outputs = session.run({"x": array})
    """

    background: BackgroundWork | None = None

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        engine: str = "onnxruntime",
        weights: bytes | None = None,
        **options: Any,
    ) -> None:
        """Loads a model.

        Args:
            model: Path of the model file, or its bytes.
            engine: ``"onnxruntime"``, ``"openvino"``, ``"tensorrt"``, ``"om"`` or ``"paddle"``.
            weights: Second file of a two-file format (``.pdiparams``), with `model` as bytes.
            **options: Fields of the native ``SessionOptions``: ``device`` (``"cpu"``, ``"gpu:0"``;
                ``"gpu:0,1"`` is a session on each, the least busy runs; ONNX Runtime),
                ``num_threads`` (0 = all that the process may use), ``num_streams`` (inferences
                expected at once; they share the threads), ``precision`` (``"fp32"``, ``"fp16"``,
                ``"bf16"``), ``graph_optimization`` (``"none"`` … ``"all"``; ONNX Runtime),
                ``memory`` (``"bounded"`` for varied shapes, ``"fast"`` for fixed ones),
                ``cache_dir`` (OpenVINO), ``optimized_model`` (ONNX Runtime: file to which it writes
                the graph as it rewrote it, for this processor and release; load it with
                ``graph_optimization="none"``), ``providers`` (ONNX Runtime: names, or ``(name,
                {option: value})``), ``engine_config`` (the engine's own keys and values; for
                ``"paddle"`` the fields of `hpinfer.paddle_inference.PaddleOptions`). On a GPU,
                ONNX Runtime and TensorRT have ``outputs_on_device`` (results stay there, as objects
                with ``__cuda_array_interface__``, ``__dlpack__`` and ``numpy()``), ONNX Runtime
                ``gpu_memory_mib`` (the most that its arena may hold; 0 is no limit). TensorRT also
                has ``profiles`` (a list of {input: [smallest, usual, largest shape]}) and
                ``output_order`` (of a plan).

        Raises:
            ConfigError: Unknown engine or option, or one without effect on this engine.
            ModelNotFoundError: The file does not exist.
            ModelFormatError: The engine cannot read the model.
            EngineUnavailableError: The engine is not installed or cannot be loaded.
        """
        from hpinfer._native_log import connect_native_log

        connect_native_log()
        if isinstance(model, (bytes, bytearray, memoryview)):
            path, data = None, bytes(model)
        else:
            path, data = Path(model), None
        self._engine = engine
        self.notes: tuple[str, ...] = ()
        if engine == "paddle":
            self.native, self.notes = _paddle_session(path, data, weights, options)
            return
        try:
            self.native = _open(engine, path, data, weights, options)
        except EngineUnavailableError as error:
            raise with_remedy(engine, error) from None
        self.notes = tuple(self.native.notes)

    @classmethod
    def of_native(
        cls, native: _native.Session, *, engine: str, notes: tuple[str, ...] = ()
    ) -> Session:
        """A session around a native one that is already loaded."""
        session = cls.__new__(cls)
        session.native = native
        session.notes = notes
        session._engine = engine
        return session

    @property
    def engine(self) -> str:
        """Name of the engine."""
        return self._engine

    @property
    def inputs(self) -> list[_native.TensorInfo]:
        """Name, dtype and shape of every input, in graph order.

        A dimension of None takes any size, and a shape of None any rank.
        """
        return self.native.inputs

    @property
    def outputs(self) -> list[_native.TensorInfo]:
        """Name, dtype and shape of every output, in graph order; None as in `inputs`."""
        return self.native.outputs

    @property
    def options(self) -> _native.SessionOptions:
        """The options in force, every default resolved."""
        return self.native.options

    def run(
        self,
        inputs: Mapping[str, Any] | Sequence[Any],
        *,
        outputs: Mapping[str, Any] | None = None,
    ) -> list[npt.NDArray[Any]]:
        """Runs one inference. The GIL is released while the engine works.

        On a session of a GPU, inputs and outputs may also be arrays of that GPU: C-contiguous
        objects with ``__cuda_array_interface__`` (CuPy, PyTorch, Numba, hpinfer's own results).
        What their stream still has to do is waited for, unless it is the session's own
        (``user_compute_stream``). Results are there when the call returns, on any device.

        Args:
            inputs: Arrays by input name, or in graph order. C-contiguous arrays are not copied.
            outputs: Writable C-contiguous arrays to write results into, by output name; outputs
                that are not named come back as new arrays.

        Returns:
            One writable array for each output, in graph order; with ``outputs_on_device`` a
            `hpinfer._native.DeviceArray` where no array was given.

        Raises:
            InvalidInputError: Unknown or missing name, wrong rank or dimension.
            InvalidTypeError: Wrong dtype, or not an array.
            EngineError: The engine failed.
            OutOfMemoryError: It found no memory.
            UnsupportedError: The session was made before this process was forked.
        """
        ordered = self._in_order(inputs)
        arrays = [_contiguous(array, index) for index, array in enumerate(ordered)]
        targets = None
        if outputs is not None:
            targets = self._targets(outputs)
        return self.native.run(arrays, targets)

    def trim(self) -> None:
        """Gives the engine's cached memory back to the system where it can."""
        self.native.trim()

    def _in_order(self, inputs: Mapping[str, Any] | Sequence[Any]) -> list[Any]:
        if isinstance(inputs, Mapping):
            return self._by_name(inputs)
        if not isinstance(inputs, (list, tuple)):
            # An array is a sequence too: its rows would be taken for inputs.
            raise InvalidTypeError(f"inputs must be a list or a dict; got {type(inputs).__name__}")
        return list(inputs)

    def _targets(self, outputs: Mapping[str, Any]) -> list[Any]:
        names = [info.name for info in self.outputs]
        _check_names("output", outputs, names)
        for name, array in outputs.items():
            _check_target(name, array)
        return [outputs.get(name) for name in names]

    def _by_name(self, inputs: Mapping[str, Any]) -> list[Any]:
        names = [info.name for info in self.inputs]
        _check_names("input", inputs, names)
        missing = [name for name in names if name not in inputs]
        if missing:
            raise InvalidInputError(f"missing input {missing[0]!r}; the model has inputs {names}")
        return [inputs[name] for name in names]


def _open(
    engine: str,
    path: Path | None,
    data: bytes | None,
    weights: bytes | None,
    options: Mapping[str, Any],
) -> _native.Session:
    from hpinfer import _native

    def open_one(own: Mapping[str, Any]) -> _native.Session:
        return _native.Session(
            engine, library_candidates(engine), path, data, weights, _session_options(own)
        )

    if engine == "onnxruntime" and _wants_gpu(options):
        load_cuda_libraries()
    devices = single_devices(str(options.get("device", "cpu")))
    if len(devices) == 1:
        return open_one(options)
    _check_several(engine, options)
    share = {"num_threads": _share(options.get("num_threads"), len(devices))}
    return _native.replicated_session(
        [open_one({**options, **share, "device": device}) for device in devices]
    )


def _share(threads: Any, devices: int) -> Any:  # noqa: ANN401 - what is no number is refused later
    """Threads for each of several sessions, of those for all."""
    from hpinfer import _native

    if threads in (None, 0):
        threads = _native.thread_info()["threads"]
    return max(1, threads // devices) if isinstance(threads, int) and threads > 0 else threads


def _given_providers(options: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Providers and their options, as far as they are well-formed."""
    found: dict[str, Mapping[str, Any]] = {}
    given = options.get("providers")
    for item in given if isinstance(given, (list, tuple)) else ():
        name, own = item if isinstance(item, (list, tuple)) and len(item) == 2 else (item, {})
        if isinstance(name, str) and isinstance(own, Mapping):
            found[name] = own
    return found


def _wants_gpu(options: Mapping[str, Any]) -> bool:
    device = str(options.get("device", "cpu"))
    return device.startswith("gpu") or not _GPU_PROVIDERS.isdisjoint(_given_providers(options))


def _check_several(engine: str, options: Mapping[str, Any]) -> None:
    """What cannot be shared by sessions on several devices."""
    device = options["device"]
    if engine != "onnxruntime":
        raise UnsupportedError(
            f"engine {engine!r} runs on one device; several ({device!r}) are for 'onnxruntime'"
        )
    if any("user_compute_stream" in own for own in _given_providers(options).values()):
        raise ConfigError(
            f"user_compute_stream is a stream of one device; device {device!r} names several"
        )
    if options.get("optimized_model"):
        raise ConfigError(
            f"optimized_model would be written once for each device of {device!r}; write it with "
            "one"
        )


def _paddle_session(
    path: Path | None, data: bytes | None, weights: bytes | None, options: Mapping[str, Any]
) -> tuple[_native.Session, tuple[str, ...]]:
    from hpinfer import paddle_inference

    own = options.get("engine_config", {})
    _texts("engine_config", own)
    chosen = paddle_inference.PaddleOptions.parse(own)
    common = _session_options(options)
    if data is not None:
        loaded = paddle_inference.load_bytes(data, weights, options=chosen, session_options=common)
    elif path is not None and weights is None:
        loaded = paddle_inference.load(path, options=chosen, session_options=common)
    else:
        raise ConfigError("weights are for a model in memory; a path has its own beside it")
    return loaded.native, loaded.notes


def _check_names(role: str, given: Mapping[str, object], names: list[str]) -> None:
    for name in given:
        if name not in names:
            raise InvalidInputError(f"the model has no {role} {name!r}; it has {names}")


def _check_target(name: str, array: object) -> None:
    import numpy as np

    if not isinstance(array, np.ndarray):
        if hasattr(array, "__cuda_array_interface__"):
            return  # the native part looks at it
        raise InvalidTypeError(f"output {name!r} must be a numpy array; got {type(array).__name__}")
    if not array.flags.writeable:
        raise InvalidInputError(f"output {name!r} is read-only")
    if not array.flags.c_contiguous:
        raise InvalidInputError(f"output {name!r} must be C-contiguous")


def _contiguous(array: object, index: int) -> Any:  # noqa: ANN401 - of NumPy or of a GPU
    import numpy as np

    if not isinstance(array, np.ndarray):
        if hasattr(array, "__cuda_array_interface__"):
            return array
        raise InvalidTypeError(f"input {index} must be a numpy array; got {type(array).__name__}")
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def _session_options(options: Mapping[str, Any]) -> _native.SessionOptions:
    from hpinfer import _native

    native = _native.SessionOptions()
    known = [name for name in dir(native) if not name.startswith("_")]
    for name, value in options.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else f"; known: {known}"
            raise ConfigError(f"unknown session option {name!r}{hint}")
        try:
            setattr(native, name, _option_value(name, value))
        except TypeError as error:
            raise ConfigError(f"session option {name!r} cannot be {value!r}") from error
    return native


def _option_value(name: str, value: Any) -> Any:  # noqa: ANN401 - one of several option types
    from hpinfer import _native

    if name in _ENUM_OPTIONS:
        members = getattr(_native, _ENUM_OPTIONS[name]).__members__
        if value not in members:
            raise ConfigError(f"{name} must be one of {list(members)}; got {value!r}")
        return members[value]
    if name == "providers":
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"providers must be a list; got {value!r}")
        return [_provider(item) for item in value]
    if name == "engine_config":
        return _texts(name, value)
    return value


def _provider(item: object) -> _native.ProviderOptions:
    from hpinfer import _native

    name, options = item if isinstance(item, (list, tuple)) and len(item) == 2 else (item, {})
    if not isinstance(name, str):
        raise ConfigError(f"providers holds names or (name, {{option: value}}); got {item!r}")
    return _native.ProviderOptions(name, _texts(f"options of {name}", options))


def _texts(what: str, options: object) -> dict[str, str]:
    if not isinstance(options, Mapping):
        raise ConfigError(f"{what} must be a dict; got {options!r}")
    return {key: str(value) for key, value in options.items()}
