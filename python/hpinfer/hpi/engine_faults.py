"""What engines are known not to run, or to run wrongly, as data: rejected instead of tried.

Found with the releases named in third_party/README.md on networks of the real architectures. The
list spares time and, where an engine answers wrongly instead of refusing, wrong results; what it
does not know fails to load and is dropped then. Manual mode ignores it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpinfer.hpi.candidates import Candidate
    from hpinfer.hpi.family import Family
    from hpinfer.networks import NetworkFormat


@dataclass(frozen=True, slots=True)
class _Fault:
    """An engine, a route to it, and the models that fail there.

    Attributes:
        engine: Engine name.
        reason: What happens, in words.
        formats: Formats of the files that it starts from.
        converted: Whether it concerns converted files only, the model's own only, or (None) both.
        operators: One of these occurs in the file; empty: any file. Looked for only in the families
            whose networks may have loops, because reading a file for them takes time.
        models: Pattern that the whole model name matches; empty: any model.
    """

    engine: str
    reason: str
    formats: frozenset[str]
    converted: bool | None = None
    operators: frozenset[str] = frozenset()
    models: str = ""


_DECODERS = frozenset({"table", "formula", "unknown"})
_PDMODEL, _ONNX, _PIR = frozenset({"pdmodel"}), frozenset({"onnx"}), frozenset({"pir"})

_FAULTS = (
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader does not take this network's grid_sample",
        _PDMODEL,
        converted=False,
        models=r"UVDoc",
    ),
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader does not take tensor arrays",
        _PDMODEL,
        converted=False,
        operators=frozenset({"write_to_array", "read_from_array", "tensor_array_to_tensor"}),
    ),
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader does not take index_put",
        _PDMODEL,
        converted=False,
        operators=frozenset({"index_put"}),
    ),
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader does not take loops that break early",
        _PDMODEL,
        converted=False,
        models=r"LaTeX_OCR_rec|UniMERNet|PP-FormulaNet.*",
    ),
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader lacks an operator of SVTRv2",
        _PDMODEL,
        converted=False,
        models=r"ch_SVTRv2_rec",
    ),
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader does not take the arg-max of key-point models",
        _PDMODEL,
        converted=False,
        models=r"PP-TinyPose.*",
    ),
    _Fault(
        "openvino",
        "OpenVINO's Paddle reader gives infinite boxes for this model",
        _PDMODEL,
        converted=False,
        models=r"YOLOv3-DarkNet53",
    ),
    _Fault(
        "openvino",
        "OpenVINO does not take the ONNX Loop of a decoder",
        _ONNX,
        operators=frozenset({"Loop"}),
    ),
    _Fault(
        "openvino",
        "OpenVINO does not take the ONNX Loop that this network's decoder becomes",
        _PDMODEL | _PIR,
        converted=True,
        operators=frozenset({"while", "while_loop"}),
    ),
    _Fault(
        "openvino",
        "OpenVINO does not take the sequences that this network's branches hold when converted",
        _PIR,
        converted=True,
        models=r"SwinTransformer.*",
    ),
)


def known_fault(
    candidate: Candidate,
    *,
    model_name: str,
    family: Family,
    operators: Callable[[NetworkFormat], frozenset[str]],
) -> str | None:
    """Why a candidate is known to fail for a model, or None.

    Args:
        candidate: Engine and route.
        model_name: Name of the model.
        family: What the model does.
        operators: Gives the operator types of the model's file of a format; called only if an
            entry of the list depends on them.
    """
    for fault in _FAULTS:
        if fault.engine != candidate.engine or candidate.model_format not in fault.formats:
            continue
        if fault.converted not in (None, candidate.converter is not None):
            continue
        if fault.models and not re.fullmatch(fault.models, model_name):
            continue
        if fault.operators and family not in _DECODERS:
            continue
        if fault.operators and not fault.operators & operators(candidate.model_format):
            continue
        return fault.reason
    return None
