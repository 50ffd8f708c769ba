"""Options of Paddle Inference, in PaddleX's names."""

from __future__ import annotations

import ast
import dataclasses
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from hpinfer.errors import ConfigError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RunMode: TypeAlias = Literal[
    "paddle",
    "paddle_fp32",
    "paddle_fp16",
    "mkldnn",
    "mkldnn_bf16",
    "trt_fp32",
    "trt_fp16",
    "trt_int8",
]
#: Smallest, usual and largest shape of each input.
ShapeRanges: TypeAlias = "dict[str, tuple[list[int], list[int], list[int]]]"

_LEARNING = (
    "hpinfer does not run a model to learn ranges of shapes; give those of the inputs in "
    "trt_dynamic_shapes, or in trt_shape_range_info_path a file that Paddle's "
    "Config.collect_shape_range_info wrote"
)
#: Options of PaddleX that nothing here stands behind, and what to do instead.
_UNSUPPORTED = {
    "trt_collect_shape_range_info": _LEARNING,
    "trt_dynamic_shape_input_data": _LEARNING,
    "trt_discard_cached_shape_range_info": "hpinfer keeps no ranges of shapes; give another file "
    "in trt_shape_range_info_path",
}


@dataclass(frozen=True, slots=True)
class PaddleOptions:
    """How Paddle Inference runs a model.

    Attributes:
        run_mode: None takes ``"mkldnn"`` on a CPU and ``"paddle"`` elsewhere, without oneDNN where
            it is known to be wrong.
        cpu_threads: Threads of all streams together; None takes what the process may use.
        delete_pass: Names of optimisation passes to leave out.
        enable_new_ir: Run `.pdmodel` files through PIR; None where that works best. `.json` files
            always are PIR.
        enable_cinn: Compile with CINN, where the installed package has it.
        mkldnn_cache_capacity: Input shapes whose oneDNN primitives are kept; None takes PaddleX's
            10.
        trt_cfg_setting: Fields of the TensorRT configuration.
        trt_use_dynamic_shapes: Build TensorRT sub-graphs for ranges of shapes.
        trt_collect_shape_range_info: Learn the ranges from example inputs; hpinfer does not.
        trt_discard_cached_shape_range_info: Learn them again; hpinfer does not.
        trt_dynamic_shapes: Ranges by input name.
        trt_dynamic_shape_input_data: Example values to learn from, three flat lists for each
            input; hpinfer does not.
        trt_shape_range_info_path: File with the ranges of all inner tensors.
        trt_allow_rebuild_at_runtime: Widen the ranges when an input leaves them.
    """

    run_mode: RunMode | None = None
    cpu_threads: int | None = None
    delete_pass: tuple[str, ...] = ()
    enable_new_ir: bool | None = None
    enable_cinn: bool = False
    mkldnn_cache_capacity: int | None = None
    trt_cfg_setting: Mapping[str, Any] = field(default_factory=dict)
    trt_use_dynamic_shapes: bool = True
    trt_collect_shape_range_info: bool = False
    trt_discard_cached_shape_range_info: bool = False
    trt_dynamic_shapes: ShapeRanges | None = None
    trt_dynamic_shape_input_data: Mapping[str, list[list[float]]] | None = None
    trt_shape_range_info_path: Path | None = None
    trt_allow_rebuild_at_runtime: bool = True

    @classmethod
    def parse(cls, given: Mapping[str, object]) -> PaddleOptions:
        """Reads options as configuration files, command lines and `engine_config` give them.

        Args:
            given: Values by name; a text is read as what it says (``"4"``, ``"False"``).

        Raises:
            ConfigError: Unknown name, or a value of the wrong kind.
        """
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in _READERS:
                nearest = difflib.get_close_matches(name, _READERS, n=1)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {sorted(_READERS)}"
                raise ConfigError(f"paddle has no option {name!r}; {hint}")
            values[name] = _READERS[name](name, value)
        return cls(**values)

    def given(self) -> list[str]:
        """Names of the options that differ from their defaults."""
        return [
            item.name
            for item in dataclasses.fields(self)
            if getattr(self, item.name) != _default(item)
        ]

    def check_effect(self, mode: RunMode) -> None:
        """Refuses options without effect.

        Args:
            mode: The run mode asked for, or the usual one.

        Raises:
            ConfigError: An option has no effect in that mode.
            UnsupportedError: hpinfer does not do what an option asks for.
        """
        for name in self.given():
            if name.startswith("trt_") and not mode.startswith("trt_"):
                raise ConfigError(f"{name} has no effect with run_mode {mode!r}: it is for trt_*")
            if name.startswith("mkldnn_") and not mode.startswith("mkldnn"):
                raise ConfigError(f"{name} has no effect with run_mode {mode!r}: it is for mkldnn")
        if self.enable_cinn and self.enable_new_ir is False:
            raise ConfigError("enable_cinn has no effect without enable_new_ir")
        for name, reason in _UNSUPPORTED.items():
            if name in self.given():
                raise UnsupportedError(f"{name}={getattr(self, name)!r} cannot be had: {reason}")


def _default(item: dataclasses.Field[Any]) -> object:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return item.default


def _literal(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(value.lower(), value)


def _run_mode(name: str, value: object) -> object:
    if value not in (None, *get_args(RunMode)):
        nearest = difflib.get_close_matches(str(value), get_args(RunMode), n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ConfigError(f"{name} must be one of {list(get_args(RunMode))}; got {value!r}{hint}")
    return value


def _flag(name: str, value: object) -> bool:
    found = _literal(value)
    if found in (0, 1):
        return bool(found)
    raise ConfigError(f"{name} must be True or False; got {value!r}")


def _flag_or_none(name: str, value: object) -> bool | None:
    return None if _literal(value) is None else _flag(name, value)


def _count(name: str, value: object) -> int | None:
    found = _literal(value)
    if found is None or (isinstance(found, int) and not isinstance(found, bool) and found >= 1):
        return found
    raise ConfigError(f"{name} must be a whole number from 1 on; got {value!r}")


def _names(name: str, value: object) -> tuple[str, ...]:
    found = _literal(value)
    items = [found] if isinstance(found, str) and found else found or []
    if isinstance(items, (list, tuple)) and all(isinstance(item, str) for item in items):
        return tuple(items)
    raise ConfigError(f"{name} must be a list of names; got {value!r}")


def _table(name: str, value: object) -> dict[str, Any]:
    found = _literal(value)
    if isinstance(found, dict) and all(isinstance(key, str) for key in found):
        return found
    raise ConfigError(f"{name} must be a dict; got {value!r}")


def _ranges(name: str, value: object) -> object:
    if _literal(value) is None:
        return None
    table: dict[str, tuple[list[int], ...]] = {}
    for key, shapes in _table(name, value).items():
        if not _is_range(shapes):
            raise ConfigError(
                f"{name} needs the smallest, the usual and the largest shape of {key!r}; "
                f"got {shapes!r}"
            )
        table[key] = tuple(list(shape) for shape in shapes)
    return table


def _is_range(shapes: object) -> bool:
    return (
        isinstance(shapes, (list, tuple))
        and len(shapes) == 3
        and all(isinstance(shape, (list, tuple)) for shape in shapes)
        and all(isinstance(dim, int) for shape in shapes for dim in shape)
    )


def _path(name: str, value: object) -> Path | None:
    if value is None or isinstance(value, (str, Path)):
        return Path(value) if value else None
    raise ConfigError(f"{name} must be a path; got {value!r}")


def _table_or_none(name: str, value: object) -> dict[str, Any] | None:
    return None if _literal(value) is None else _table(name, value)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "run_mode": _run_mode,
    "cpu_threads": _count,
    "delete_pass": _names,
    "enable_new_ir": _flag_or_none,
    "enable_cinn": _flag,
    "mkldnn_cache_capacity": _count,
    "trt_cfg_setting": _table,
    "trt_use_dynamic_shapes": _flag,
    "trt_collect_shape_range_info": _flag,
    "trt_discard_cached_shape_range_info": _flag,
    "trt_dynamic_shapes": _ranges,
    "trt_dynamic_shape_input_data": _table_or_none,
    "trt_shape_range_info_path": _path,
    "trt_allow_rebuild_at_runtime": _flag,
}
