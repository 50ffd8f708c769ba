"""What PaddleX and PaddleOCR will do in this environment, and how to fix what they will not.

Nothing of PaddleX is imported: installed versions, the import path and the model folders tell all.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hpinfer._settings import Settings
from hpinfer.hub.model_files import formats_in
from hpinfer.paddlex import acceleration, auto_mode, drop_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

State = Literal["ok", "note", "problem"]
MANUAL_CONFIG = '{{"auto_config": False, "backend": "{backend}"}}'
_PLUGIN_PYTHONS = ((3, 8), (3, 12))
_MODELS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: What it is about.
        state: ``"ok"``, ``"note"`` (works, but worth knowing) or ``"problem"``.
        text: What was found.
        fix: What to do; empty if there is nothing to do.
    """

    topic: str
    state: State
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class PaddleXReport:
    """Everything that `examine` found.

    Attributes:
        findings: In the order in which they matter.
        manual_config: An ``hpi_config`` that works here as it is; empty if none does.
        planned_config: The one that will, once the problems are solved; empty without an engine.
    """

    findings: tuple[Finding, ...]
    manual_config: str
    planned_config: str

    @property
    def healthy(self) -> bool:
        """Whether ``use_hpip=True`` works with `manual_config`."""
        return bool(self.manual_config)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        return {**asdict(self), "healthy": self.healthy}

    def render(self) -> str:
        """Everything as text for people."""
        return "\n".join(_lines(self))


def examine(engines: Sequence[str] | None = None) -> PaddleXReport:
    """Looks at this environment.

    Args:
        engines: Names of the usable engines; None asks hpinfer.
    """
    usable = _usable_engines() if engines is None else list(engines)
    backend = next((name for name in ("openvino", "onnxruntime") if name in usable), "")
    paddlex = _version("paddlex")
    findings = [_paddlex(paddlex), *_paddleocr(), _plugin(), _engines(usable)]
    works = paddlex is not None and drop_in.origin().kind == "hpinfer"
    if paddlex is not None:
        findings += [_auto(paddlex), _conversion(), _threads(), _acceleration(), _python()]
        findings += _models(_Automatic.of(paddlex, usable))
    planned = MANUAL_CONFIG.format(backend=backend) if backend else ""
    return PaddleXReport(tuple(findings), planned if works else "", planned)


def _lines(report: PaddleXReport) -> Iterator[str]:
    for finding in report.findings:
        yield f"{finding.topic:<13}{finding.state:<8} {finding.text}"
        if finding.fix:
            yield f"{'':<13}{'':<8} -> {finding.fix}"
    if report.manual_config:
        yield f"{'works':<13}{'ok':<8} use_hpip=True, hpi_config={report.manual_config}"
    elif report.planned_config:
        yield f"{'then':<13}{'':<8} use_hpip=True, hpi_config={report.planned_config}"
    if report.planned_config:
        yield f"{'':<13}{'':<8} (docs/paddlex.md; with PaddleOCR: docs/paddleocr.md)"


def _paddlex(version: str | None) -> Finding:
    if version is None:
        return Finding(
            "paddlex", "problem", "not installed", "pip install 'paddlex[ocr-core]==3.7.2'"
        )
    if auto_mode.release(version) > auto_mode.NEWEST_KNOWN:
        newest = ".".join(map(str, auto_mode.NEWEST_KNOWN))
        return Finding("paddlex", "note", f"{version}, newer than {newest}, the last one looked at")
    return Finding("paddlex", "ok", version)


def _paddleocr() -> list[Finding]:
    version = _version("paddleocr")
    if version is None:
        return []
    return [
        Finding(
            "paddleocr",
            "note",
            f"{version}: enable_hpi=True alone always means automatic mode",
            "for manual mode see docs/paddleocr.md",
        )
    ]


def _plugin() -> Finding:
    found = drop_in.origin()
    if found.kind == "hpinfer":
        return Finding("ultra_infer", "ok", f"hpinfer's ({found.source or found.location})")
    if found.kind == "none":
        return Finding(
            "ultra_infer",
            "problem",
            "not installed: PaddleX refuses use_hpip=True",
            f"pip install {drop_in.DISTRIBUTION}, or: hpinfer paddlex enable",
        )
    return Finding(
        "ultra_infer",
        "problem",
        f"another one is in use, and left alone: {found.source or found.location}",
        f"pip uninstall {found.source.split(' ')[0] or 'it'} to use hpinfer's",
    )


def _engines(usable: Sequence[str]) -> Finding:
    if usable:
        return Finding("engines", "ok", ", ".join(usable))
    return Finding("engines", "problem", "none is usable", "pip install openvino onnxruntime")


def _paddle() -> str | None:
    return _version("paddlepaddle") or _version("paddlepaddle-gpu")


def _auto(paddlex: str) -> Finding:
    paddle = _paddle()
    reason = auto_mode.refusal(paddlex=paddlex, paddle=paddle, machine=platform.machine())
    if reason is None:
        return Finding("auto mode", "ok", f"accepts PaddlePaddle {paddle} on the CPU")
    return Finding("auto mode", "note", f"does not work: {reason}", "use manual mode, see below")


def _conversion() -> Finding:
    version = _version("paddle2onnx")
    command = shutil.which("paddlex")
    if version is not None and command is not None:
        return Finding("conversion", "ok", f"PaddleX converts with paddle2onnx {version}")
    missing = "paddle2onnx is not installed" if version is None else "no command paddlex on PATH"
    runs = "run nowhere" if _paddle() is None else "run on Paddle only"
    return Finding(
        "conversion",
        "note",
        f"{missing}: Paddle models {runs}, unless inference.onnx lies beside them",
        "hpinfer convert MODEL_DIR writes it",
    )


def _threads() -> Finding:
    from hpinfer import _native

    budget = int(_native.thread_info()["threads"])
    text = f"this process may use {budget}; PaddleX asks for 10 unless told otherwise"
    if budget >= 10:
        return Finding("threads", "note", text, "PADDLE_PDX_CPU_NUM_THREADS, or cpu_num_threads")
    return Finding("threads", "ok", f"{text}; hpinfer takes {budget}")


def _acceleration() -> Finding:
    problem = acceleration.release_problem()
    if problem is None:
        return Finding("accelerate", "ok", "hpinfer.paddlex.accelerate() works here")
    return Finding("accelerate", "note", problem)


def _python() -> Finding:
    version = platform.python_version_tuple()
    number = (int(version[0]), int(version[1]))
    low, high = _PLUGIN_PYTHONS
    if low <= number <= high:
        return Finding("python", "ok", platform.python_version())
    text = f"{platform.python_version()}: the original plugin has no wheels for it, hpinfer's works"
    return Finding("python", "ok", text)


@dataclass(frozen=True, slots=True)
class _Automatic:
    """What automatic mode knows here.

    Attributes:
        table: PaddleX's table of models.
        paddlex: Its version.
        paddle: PaddlePaddle's version.
        convertible: Whether PaddleX can convert Paddle files.
        engines: Hpinfer's usable engines.
    """

    table: dict[str, Any]
    paddlex: str
    paddle: str
    convertible: bool
    engines: tuple[str, ...]

    @staticmethod
    def of(paddlex: str, engines: Sequence[str]) -> _Automatic | None:
        """None if automatic mode does not work here."""
        paddle = _paddle()
        refused = auto_mode.refusal(paddlex=paddlex, paddle=paddle, machine=platform.machine())
        package = _package("paddlex")
        table = None if package is None else auto_mode.table_of(package)
        if paddle is None or refused is not None or table is None:
            return None
        convertible = _version("paddle2onnx") is not None and shutil.which("paddlex") is not None
        return _Automatic(table, paddlex, paddle, convertible, tuple(engines))

    def says(self, model: str, formats: Sequence[str]) -> str:
        """What automatic mode does with a model, for the end of a sentence."""
        taken = auto_mode.choice(
            self.table,
            model,
            paddlex=self.paddlex,
            paddle=self.paddle,
            formats=formats,
            convertible=self.convertible,
            engines=self.engines,
        )
        if taken is None:
            return "; automatic mode refuses it"
        runs = "PaddlePaddle, not hpinfer" if taken.startswith("paddle") else "hpinfer"
        return f"; automatic mode takes {taken}: {runs}"


def _models(automatic: _Automatic | None) -> list[Finding]:
    """The models that PaddleX has downloaded."""
    root = Settings.from_env().paddlex_cache_dir / "official_models"
    folders = sorted(path for path in root.glob("*") if path.is_dir()) if root.is_dir() else []
    shown = [_model(path, automatic) for path in folders[:_MODELS_SHOWN]]
    if len(folders) > _MODELS_SHOWN:
        rest = len(folders) - _MODELS_SHOWN
        shown.append(Finding("model", "note", f"and {rest} more in {root}"))
    return shown


def _model(path: Path, automatic: _Automatic | None) -> Finding:
    formats = formats_in(path)
    name = path.name.removesuffix("_onnx")
    said = automatic.says(name, formats) if automatic is not None and formats else ""
    if "onnx" in formats:
        return Finding("model", "ok", f"{path.name}: ONNX, ready for manual mode{said}")
    if formats:
        text = f"{path.name}: Paddle files only{said}"
        return Finding("model", "note", text, f"for manual mode: hpinfer convert {path}")
    return Finding("model", "note", f"{path.name}: no inference.onnx, no Paddle files")


def _package(name: str) -> Path | None:
    """The folder of a package, which is not imported."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None


def _usable_engines() -> list[str]:
    from hpinfer.hpi.discovery import engines

    return [status.name for status in engines() if status.usable]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
