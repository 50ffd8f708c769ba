"""The ``Hpi`` section of an ``inference.yml``: what a model brings along for its engines."""

from __future__ import annotations

import dataclasses
import difflib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator

from hpinfer.config.backends import DynamicShapes, PaddleConfig, TensorRTConfig
from hpinfer.config.validation import StrictModel, models_in, validate
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from hpinfer.config.backends import BackendConfig, BackendName
    from hpinfer.config.hpi import HPISettings

_log = logging.getLogger("hpinfer.config")

#: Names of the 3.0-beta plugin, and today's.
_BACKEND_NAMES: dict[str, BackendName] = {
    "paddle_infer": "paddle",
    "paddle_tensorrt": "paddle",
    "onnx_runtime": "onnxruntime",
    "paddle": "paddle",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "tensorrt": "tensorrt",
    "om": "om",
}
#: Every file that the beta shipped has this number of threads, whatever the machine: no choice.
_SHIPPED_THREADS = 8

_DeviceKind = Literal["cpu", "gpu", "npu"]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


_Precision: TypeAlias = Annotated[Literal["fp32", "fp16"], BeforeValidator(_lower)]


class _PaddleInfer(StrictModel):
    cpu_num_threads: int | None = None
    enable_mkldnn: bool = True
    enable_trt: bool = False
    enable_log_info: bool = False
    trt_dynamic_shapes: DynamicShapes | None = None
    trt_dynamic_shape_input_data: dict[str, list[list[float]]] | None = None
    trt_precision: _Precision | None = None


class _PaddleTensorRT(StrictModel):
    dynamic_shapes: DynamicShapes | None = None
    dynamic_shape_input_data: dict[str, list[list[float]]] | None = None
    max_batch_size: int | None = None
    enable_log_info: bool = False


class _TensorRT(StrictModel):
    precision: _Precision | None = None
    dynamic_shapes: DynamicShapes | None = None
    max_batch_size: int | None = None
    enable_log_info: bool = False


class _Processor(StrictModel):
    cpu_num_threads: int | None = None


class _Backends(StrictModel):
    """``Hpi.backend_configs`` of PaddleX 3.x, and ``Hpi.backend_config`` of the 3.0 beta."""

    paddle_infer: _PaddleInfer = _PaddleInfer()
    paddle_tensorrt: _PaddleTensorRT | None = None
    openvino: _Processor = _Processor()
    onnx_runtime: _Processor = _Processor()
    tensorrt: _TensorRT = _TensorRT()


class _Section(StrictModel):
    backend_configs: _Backends | None = None
    backend_config: _Backends | None = None
    selected_backends: dict[_DeviceKind, str] | None = None
    supported_backends: dict[_DeviceKind, list[str]] | None = None


@dataclass(frozen=True, slots=True)
class ModelHPI:
    """What a model's ``inference.yml`` says for its engines.

    Attributes:
        model_name: Name of the model.
        selected: Device kind (``"cpu"`` …) to the backend that the file selects.
        supported: Device kind to the backends that the file lists.
        defaults: Backend to the keys of its ``backend_config`` that the file sets.
        tensorrt_in_paddle: Device kinds where the file selects Paddle with TensorRT sub-graphs.
    """

    model_name: str = ""
    selected: Mapping[str, BackendName] = field(default_factory=dict)
    supported: Mapping[str, tuple[BackendName, ...]] = field(default_factory=dict)
    defaults: Mapping[BackendName, Mapping[str, Any]] = field(default_factory=dict)
    tensorrt_in_paddle: frozenset[str] = frozenset()

    @property
    def origin(self) -> str:
        """Where these values come from, in words."""
        return f"inference.yml of {self.model_name}"

    def fill(
        self, backend: BackendName, options: BackendConfig, *, device: str = "cpu"
    ) -> BackendConfig:
        """`options` of `backend`, with the file's values where none was given."""
        missing = {
            key: value
            for key, value in self._defaults(backend, device).items()
            if key not in options.model_fields_set or getattr(options, key) is None
        }
        given = options.model_dump(exclude_unset=True)
        mode = str(given.get("run_mode") or missing.get("run_mode"))
        if backend == "paddle" and not mode.startswith("trt_"):
            missing.pop("trt_dynamic_shapes", None)  # official files have it, for this mode only
        if not missing:
            return options
        return validate(type(options), {**given, **missing}, where=self.origin)

    def _defaults(self, backend: BackendName, device: str) -> dict[str, Any]:
        found = dict(self.defaults.get(backend, {}))
        if backend == "paddle" and _kind(device) in self.tensorrt_in_paddle:
            found["run_mode"] = "trt_fp32"
        return found

    def apply(self, settings: HPISettings) -> HPISettings:
        """`settings` with what the file says where the configuration is silent.

        The file never overrules ``hpi_config``. A backend that it selects is a wish: it becomes
        ``preferred_backend``, so a machine without that backend still works.
        """
        if settings.use_hpip is False:
            return settings
        hpi, origins = settings.hpi, dict(settings.origins)
        preferred = settings.preferred_backend
        if hpi.backend is not None:
            own = hpi.options_for(hpi.backend)
            filled = self.fill(hpi.backend, own, device=settings.device)
            added = {
                key: value
                for key, value in filled.model_dump(exclude_unset=True).items()
                if value != getattr(own, key)
            }
            if added:
                merged = {**hpi.backend_config, **added}
                hpi = hpi.model_copy(update={"backend_config": merged})
                origins |= {f"hpi_config.backend_config.{key}": self.origin for key in added}
        else:
            preferred = self.selected.get(_kind(settings.device))
            if preferred is not None and preferred in hpi.backends():
                origins["preferred_backend"] = self.origin
            else:
                preferred = None
        return dataclasses.replace(settings, hpi=hpi, origins=origins, preferred_backend=preferred)


def parse_model_hpi(config: Mapping[str, Any]) -> ModelHPI:
    """Reads the ``Hpi`` section of a parsed ``inference.yml``, in every layout that PaddleX wrote.

    Keys that no PaddleX of today writes are read over with a warning: the file came with the model,
    and a later exporter may know more.

    Raises:
        ConfigError: A value is wrong.
    """
    top = config.get("Global") or {}
    name = str(top.get("model_name", "")) if isinstance(top, dict) else ""
    data = config.get("Hpi")
    if data is None:
        return ModelHPI(model_name=name)
    where = f"inference.yml of {name}: Hpi" if name else "inference.yml: Hpi"
    if not isinstance(data, dict):
        raise ConfigError(f"{where} must be a mapping; got {data!r}")
    section = validate(_Section, _known_only(_Section, data, where), where=where)
    selected = section.selected_backends or {}
    supported = section.supported_backends or {}
    return ModelHPI(
        model_name=name,
        selected={kind: _backend(old, where) for kind, old in selected.items()},
        supported={
            kind: tuple(dict.fromkeys(_backend(old, where) for old in names))
            for kind, names in supported.items()
        },
        defaults=_defaults(section),
        tensorrt_in_paddle=frozenset(
            kind for kind, old in selected.items() if old == "paddle_tensorrt"
        ),
    )


def _kind(device: str) -> str:
    return device.partition(":")[0]


def _backend(name: str, where: str) -> BackendName:
    if name in _BACKEND_NAMES:
        return _BACKEND_NAMES[name]
    nearest = difflib.get_close_matches(name, _BACKEND_NAMES, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(_BACKEND_NAMES)}"
    raise ConfigError(f"{where}: unknown backend {name!r}; {hint}")


def _known_only(model: type[BaseModel], data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`data` without the keys that `model` does not have, each told with the nearest one."""
    known: dict[str, Any] = {}
    for key, value in data.items():
        name = str(key)
        if name not in model.model_fields:
            nearest = difflib.get_close_matches(name, model.model_fields, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            _log.warning("%s: unknown key %r has no effect%s", where, name, hint)
            continue
        nested = models_in(model.model_fields[name].annotation)
        deeper = bool(nested) and isinstance(value, dict)
        known[name] = _known_only(nested[0], value, f"{where}.{name}") if deeper else value
    return known


def _defaults(section: _Section) -> dict[BackendName, dict[str, Any]]:
    given = section.backend_configs or section.backend_config or _Backends()
    paddle, inside = given.paddle_infer, given.paddle_tensorrt or _PaddleTensorRT()
    found: dict[BackendName, dict[str, Any]] = {
        "paddle": {
            "run_mode": _run_mode(given),
            "trt_dynamic_shapes": paddle.trt_dynamic_shapes or inside.dynamic_shapes,
            "cpu_threads": _threads(paddle.cpu_num_threads),
        },
        "openvino": {"cpu_num_threads": _threads(given.openvino.cpu_num_threads)},
        "onnxruntime": {"cpu_num_threads": _threads(given.onnx_runtime.cpu_num_threads)},
        "tensorrt": {
            "precision": given.tensorrt.precision,
            "dynamic_shapes": given.tensorrt.dynamic_shapes,
        },
    }
    values = {
        backend: {key: value for key, value in options.items() if value is not None}
        for backend, options in found.items()
    }
    _check_defaults(values)
    return {backend: options for backend, options in values.items() if options}


def _run_mode(given: _Backends) -> str | None:
    paddle = given.paddle_infer
    if paddle.enable_trt:
        return f"trt_{paddle.trt_precision or 'fp32'}"
    return None if paddle.enable_mkldnn else "paddle"


def _check_defaults(given: Mapping[BackendName, Mapping[str, Any]]) -> None:
    validate(PaddleConfig, given["paddle"], where="inference.yml: Hpi")
    validate(TensorRTConfig, given["tensorrt"], where="inference.yml: Hpi")


def _threads(value: int | None) -> int | None:
    return None if value == _SHIPPED_THREADS else value
