"""The doctor's report as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpinfer.doctor import CacheReport, DoctorReport, EngineReport, ThreadReport


def render_report(report: DoctorReport) -> str:
    """Labels on the left, findings on the right, problems last."""
    return "\n".join(_lines(report))


def _lines(report: DoctorReport) -> Iterator[str]:
    yield _entry("hpinfer", f"{report.version}, in {report.location}")
    yield _entry("python", report.python)
    yield _entry("platform", report.platform)
    if report.cpu is not None:
        isas = ", ".join(report.cpu.isas)
        yield _entry("cpu", report.cpu.name or "unknown")
        yield _entry("kernels", f"{report.cpu.active_isa} (this processor can: {isas})")
    if report.threads is not None:
        yield _entry("threads", _threads(report.threads))
    for engine in report.engines:
        yield from _engine(engine)
    if report.cache is not None:
        yield from _cache(report.cache)
    for model in report.models:
        expected = f"{model.expected} ({model.source}: {model.reason})"
        yield _entry("model", f"{model.name}: {expected if model.expected else model.reason}")
    libraries = ", ".join(f"{name} {version}" for name, version in report.libraries.items())
    yield _entry("libraries", libraries or "none")
    for problem in report.problems:
        yield _entry("problem", problem)
    if not report.problems:
        yield _entry("problems", "none")


def _entry(label: str, text: str) -> str:
    return f"{label:<12} {text}"


def _threads(threads: ThreadReport) -> str:
    quota = "no limit" if threads.cgroup_quota is None else f"{threads.cgroup_quota:g}"
    forced = "" if threads.forced is None else f", HPINFER_NUM_THREADS {threads.forced}"
    return f"{threads.threads} (affinity {threads.affinity}, container quota {quota}{forced})"


def _engine(engine: EngineReport) -> Iterator[str]:
    if not engine.usable:
        version = f" {engine.version}" if engine.version else ""
        yield _entry(engine.name, f"not usable{version}: {' '.join(engine.reason.split())}")
        return
    yield _entry(engine.name, f"{engine.version}, self-test passed in {engine.self_test_ms} ms")
    yield _entry("", f"library {engine.library}")
    yield _entry("", f"devices {', '.join(engine.devices) or 'unknown'}")


def _cache(cache: CacheReport) -> Iterator[str]:
    free = "" if cache.free is None else f", {_bytes(cache.free)} free"
    yield _entry("cache", f"{cache.directory} ({_bytes(cache.size)}{free})")
    yield _entry("network", "off (HPINFER_OFFLINE)" if cache.offline else "allowed")


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
