"""``hpi_config``: how the engine of a model is chosen and configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from hpinfer.config.validation import StrictModel

if TYPE_CHECKING:
    from collections.abc import Mapping

BackendName: TypeAlias = Literal["paddle", "openvino", "onnxruntime", "tensorrt", "om"]
PrecisionName: TypeAlias = Literal["fp32", "fp16", "bf16"]
#: ``auto`` takes a lower precision where it was measured faster and close enough, else fp32.
PrecisionChoice: TypeAlias = Literal["fp32", "fp16", "bf16", "auto"]


class CPUBackendConfig(StrictModel):
    """``backend_config`` of ``openvino`` and ``onnxruntime``.

    Attributes:
        cpu_num_threads: Threads of the model; None takes what the process may use.
        precision: Of the network; None is fp32. ``"auto"`` takes a lower one if a tuning record
            says that it is faster and close enough.
        engine_config: The engine's own keys and values, passed through.
    """

    cpu_num_threads: int | None = Field(default=None, ge=1)
    precision: PrecisionChoice | None = None
    engine_config: dict[str, str] = Field(default_factory=dict)


class TensorRTConfig(StrictModel):
    """``backend_config`` of ``tensorrt``.

    Attributes:
        precision: Of the network.
        use_dynamic_shapes: Must be True: engines are built for ranges of shapes.
        dynamic_shapes: Input name to its smallest, usual and largest shape; None takes those of the
            model's inference.yml.
    """

    precision: Literal["fp32", "fp16"] = "fp32"
    use_dynamic_shapes: bool = True
    dynamic_shapes: dict[str, tuple[list[int], list[int], list[int]]] | None = None


def _no_none(value: object) -> object:
    return {} if value is None else value


class HPIConfig(StrictModel):
    """``hpi_config`` in PaddleX's keys.

    Attributes:
        auto_config: Choose what is not given; False takes exactly what is given.
        backend: The engine; None lets the automatic mode choose.
        backend_config: Options of that engine.
        auto_paddle2onnx: Convert Paddle models for the engines that read ONNX.
        tune: ``"quick"`` measures the candidates when a model is first loaded here.
    """

    auto_config: bool = True
    backend: BackendName | None = None
    backend_config: Annotated[dict[str, Any], BeforeValidator(_no_none)] = Field(
        default_factory=dict
    )
    auto_paddle2onnx: bool = True
    tune: Literal["off", "quick"] = "off"


@dataclass(frozen=True, slots=True)
class HPISettings:
    """What holds for one model after every level of the configuration was merged.

    Attributes:
        use_hpip: False asks for plain inference; None and True for the best engine.
        hpi: The merged ``hpi_config``.
        device: ``"cpu"`` or ``"gpu:N"``.
        precision: Asked for the whole pipeline; None leaves it to `hpi`.
        origins: Dotted key to where its value came from, in words; absent keys are defaults.
    """

    use_hpip: bool | None = None
    hpi: HPIConfig = field(default_factory=HPIConfig)
    device: str = "cpu"
    precision: PrecisionChoice | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
