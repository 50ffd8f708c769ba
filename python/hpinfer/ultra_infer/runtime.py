"""``Runtime``: a loaded model."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpinfer.errors import (
    ConfigError,
    EngineError,
    InvalidInputError,
    InvalidTypeError,
    UnsupportedError,
)
from hpinfer.ultra_infer.enums import Device, data_type
from hpinfer.ultra_infer.tensors import FDTensor, TensorInfo
from hpinfer.ultra_infer.unsupported import refuse_name

if TYPE_CHECKING:
    import numpy.typing as npt

    from hpinfer import _native
    from hpinfer.session import Session
    from hpinfer.ultra_infer.model_source import ModelSource
    from hpinfer.ultra_infer.runtime_option import RuntimeOption

_NAMES = {"init": "Runtime(option) loads the model", "forward": "call infer"}


class Runtime:
    """A model on one engine.

    `infer` may be called from any number of threads at once; the engine runs without the GIL. The
    bound tensors of `bind_input_tensor` belong to one object: give each thread its own `clone`.

    Attributes:
        runtime_option: The options that it was made from.
    """

    def __init__(self, runtime_option: RuntimeOption) -> None:
        """Loads the model.

        Args:
            runtime_option: What to load, where, and on which engine.

        Raises:
            HpinferError: It cannot be loaded; see `hpinfer.ultra_infer.session_choice`.
        """
        self.runtime_option = runtime_option
        profiling = runtime_option.profiling
        if profiling is not None and not profiling.include_copies:
            _check_profiling(runtime_option)
        self._session, self._source = _open(runtime_option)
        self._start()

    def _start(self) -> None:
        self._inputs = [_tensor_info(info) for info in self._session.inputs]
        self._outputs = [_tensor_info(info) for info in self._session.outputs]
        self._bound_inputs: dict[str, FDTensor] = {}
        self._bound_outputs: dict[str, FDTensor] = {}
        self._results: dict[str, FDTensor] = {}
        self._profile_time: float | None = None

    def __getattr__(self, name: str) -> object:
        raise refuse_name("Runtime", name, _NAMES)

    @property
    def option(self) -> RuntimeOption:
        """The options that it was made from."""
        return self.runtime_option

    @property
    def session(self) -> Session:
        """Hpinfer's own session behind it."""
        return self._session

    def infer(
        self, data: Mapping[str, Any] | Sequence[Any]
    ) -> list[npt.NDArray[Any]] | list[FDTensor]:
        """Runs the model.

        Args:
            data: Arrays or `FDTensor` by input name, or a list of them in graph order.

        Returns:
            One new, writable array for each output, in graph order and of the model's own type;
            `FDTensor` instead of arrays if those were given.

        Raises:
            InvalidInputError: A name, rank or dimension does not fit the model.
            InvalidTypeError: An element type does not fit the model.
            EngineError: The engine failed.
        """
        arrays, tensors = _arrays(data)
        outputs = self._run(arrays)
        if not tensors:
            return outputs
        return [
            _named(info.name, array) for info, array in zip(self._outputs, outputs, strict=True)
        ]

    def num_inputs(self) -> int:
        """Number of inputs."""
        return len(self._inputs)

    def num_outputs(self) -> int:
        """Number of outputs."""
        return len(self._outputs)

    def get_input_info(self, index: int) -> TensorInfo:
        """Name, shape and type of an input, in graph order."""
        return _item("input", self._inputs, index)

    def get_output_info(self, index: int) -> TensorInfo:
        """Name, shape and type of an output, in graph order."""
        return _item("output", self._outputs, index)

    def bind_input_tensor(self, name: str, fdtensor: FDTensor) -> None:
        """Takes a tensor's memory as an input of `zero_copy_infer`; it is not copied.

        Args:
            name: Name of the input.
            fdtensor: Its values; what they are is read at each run.

        Raises:
            InvalidInputError: The model has no such input, or the tensor is empty.
        """
        _check_name("input", name, self._inputs)
        _check_tensor(fdtensor)
        self._bound_inputs[name] = fdtensor

    def bind_output_tensor(self, name: str, fdtensor: FDTensor) -> None:
        """Makes `zero_copy_infer` write an output into a tensor's memory.

        Args:
            name: Name of the output.
            fdtensor: A tensor of exactly the output's shape and type. An empty one takes the
                result, whatever its shape.

        Raises:
            InvalidInputError: The model has no such output.
        """
        _check_name("output", name, self._outputs)
        if not isinstance(fdtensor, FDTensor):
            raise InvalidTypeError(f"expected an FDTensor; got {type(fdtensor).__name__}")
        self._bound_outputs[name] = fdtensor

    def zero_copy_infer(self) -> None:
        """Runs the model on the bound inputs; `get_output_tensor` gives the results.

        Raises:
            InvalidInputError: An input is not bound, or a bound output has another shape.
        """
        inputs = {name: tensor.array for name, tensor in self._bound_inputs.items()}
        filled = {n: t for n, t in self._bound_outputs.items() if t._array is not None}
        outputs = self._run(inputs, {name: tensor.array for name, tensor in filled.items()})
        for info, array in zip(self._outputs, outputs, strict=True):
            tensor = self._bound_outputs.get(info.name, FDTensor(info.name))
            tensor._array = array
            self._results[info.name] = tensor

    def get_output_tensor(self, name: str) -> FDTensor:
        """An output of the last `zero_copy_infer`; shares its memory.

        Raises:
            InvalidInputError: The model has no such output, or did not run yet.
        """
        _check_name("output", name, self._outputs)
        if name not in self._results:
            raise InvalidInputError(f"output {name!r} has no value: call zero_copy_infer first")
        return self._results[name]

    def clone(self) -> Runtime:
        """Another runtime on the same loaded model, with bound tensors of its own."""
        other = object.__new__(Runtime)
        other.runtime_option = self.runtime_option
        other._session, other._source = self._session, self._source
        other._start()
        return other

    def get_profile_time(self) -> float:
        """Mean seconds of one run in the last `infer` with ``enable_profiling``.

        Raises:
            ConfigError: Profiling was not switched on, or nothing ran yet.
        """
        if self._profile_time is None:
            raise ConfigError(
                "nothing was measured: call RuntimeOption.enable_profiling() before making the "
                "runtime, then infer"
            )
        return self._profile_time

    def compile(self, warm_datas: object) -> None:
        """Not supported: it belongs to the Poros engine.

        Raises:
            UnsupportedError: Always.
        """
        raise UnsupportedError("Runtime.compile belongs to the Poros engine, which hpinfer has not")

    def _run(
        self,
        inputs: Mapping[str, Any] | Sequence[Any],
        outputs: dict[str, npt.NDArray[Any]] | None = None,
    ) -> list[npt.NDArray[Any]]:
        profiling = self.runtime_option.profiling
        if profiling is None:
            return self._checked(self._session.run(inputs, outputs=outputs))
        for _ in range(profiling.warmup):
            self._session.run(inputs, outputs=outputs)
        start = time.perf_counter()
        for _ in range(profiling.repeat):
            results = self._session.run(inputs, outputs=outputs)
        self._profile_time = (time.perf_counter() - start) / profiling.repeat
        return self._checked(results)

    def _checked(self, results: list[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        if len(results) != len(self._outputs):
            raise EngineError(
                f"the engine returned {len(results)} outputs instead of {len(self._outputs)}"
            )
        return results


def _open(option: RuntimeOption) -> tuple[Session, ModelSource]:
    from hpinfer.ultra_infer.session_choice import open_session

    return open_session(option)


def _arrays(data: Any) -> tuple[dict[str, Any] | list[Any], bool]:  # noqa: ANN401 - checked here
    """The arrays of `Runtime.infer`'s argument, and whether they came as `FDTensor`."""
    if isinstance(data, Mapping):
        tensors = any(isinstance(value, FDTensor) for value in data.values())
        return {name: _array(value) for name, value in data.items()}, tensors
    if isinstance(data, (list, tuple)):
        return [_array(value) for value in data], any(isinstance(v, FDTensor) for v in data)
    raise InvalidTypeError(f"infer takes a dict or a list; got {type(data).__name__}")


def _array(value: Any) -> Any:  # noqa: ANN401 - the session checks arrays
    return value.array if isinstance(value, FDTensor) else value


def _named(name: str, array: npt.NDArray[Any]) -> FDTensor:
    tensor = FDTensor(name)
    tensor._array = array
    return tensor


def _tensor_info(info: _native.TensorInfo) -> TensorInfo:
    shape = () if info.shape is None else info.shape
    return TensorInfo(
        info.name, [-1 if size is None else int(size) for size in shape], data_type(info.dtype)
    )


def _item(role: str, infos: list[TensorInfo], index: int) -> TensorInfo:
    if not isinstance(index, int) or isinstance(index, bool):
        raise InvalidTypeError(f"the index of an {role} must be a whole number; got {index!r}")
    if not 0 <= index < len(infos):
        raise InvalidInputError(f"the model has {len(infos)} {role}s; there is no number {index}")
    info = infos[index]
    return TensorInfo(info.name, list(info.shape), info.dtype)


def _check_name(role: str, name: str, infos: list[TensorInfo]) -> None:
    names = [info.name for info in infos]
    if name not in names:
        raise InvalidInputError(f"the model has no {role} {name!r}; it has {names}")


def _check_tensor(tensor: object) -> None:
    if not isinstance(tensor, FDTensor):
        raise InvalidTypeError(f"expected an FDTensor; got {type(tensor).__name__}")
    _ = tensor.array


def _check_profiling(option: RuntimeOption) -> None:
    if option.device is not Device.CPU:
        raise UnsupportedError(
            "enable_profiling(inclue_h2d_d2h=False) is not supported on a GPU: the copies are part "
            "of every run; pass True"
        )
