"""``hpinfer --install hpi-cpu`` and ``hpinfer install hpi-cpu``: the packages of an extra."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpinfer.cli.console import say, verbosity_options
from hpinfer.cli.exit_codes import EPILOG, ExitCode
from hpinfer.errors import UnsupportedError
from hpinfer.hub.wheels import pip_is_installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Plugin name, as PaddleX spells it, to the extra of hpinfer that brings it.
EXTRAS = {"hpi-cpu": "cpu", "hpi-gpu": "gpu", "hpi-npu": "", "paddle2onnx": "convert"}
#: PaddleX's other words for --install, and what to do instead.
_ELSEWHERE = {
    "serving": "serving is not part of this version",
    "genai-client": "generative models are not part of this version",
}
#: Processors for which the wheels of every extra are published.
_MACHINES = ("x86_64", "aarch64")
#: Newest Python for which the pinned wheels of an extra exist; pip knows about the others.
_NEWEST_PYTHON = {"paddle2onnx": (3, 12)}
#: What tells that the driver of an NVIDIA GPU is loaded (the last one: under WSL).
_DRIVER_FILES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides whether the wheels of an extra can work here.

    Attributes:
        system: E.g. ``"Linux"``.
        machine: E.g. ``"x86_64"``.
        implementation: Of Python, e.g. ``"CPython"``.
        python: Its version, e.g. ``(3, 11)``.
        installed: Names of the installed distributions, normalised.
        gpu_driver: Whether the driver of an NVIDIA GPU is loaded.
        pip: Whether this Python has pip.
        extras: Those of the installed hpinfer.
    """

    system: str
    machine: str
    implementation: str
    python: tuple[int, int]
    installed: frozenset[str]
    gpu_driver: bool
    pip: bool
    extras: frozenset[str]

    @classmethod
    def this(cls) -> Machine:
        """The machine and the Python environment of this process."""
        names = (item.metadata["Name"] for item in importlib.metadata.distributions())
        return cls(
            system=platform.system(),
            machine=platform.machine(),
            implementation=platform.python_implementation(),
            python=sys.version_info[:2],
            installed=frozenset(name.lower().replace("_", "-") for name in names if name),
            gpu_driver=any(Path(file).exists() for file in _DRIVER_FILES),
            pip=pip_is_installed(),
            extras=frozenset(
                importlib.metadata.metadata("hpinfer").get_all("Provides-Extra") or ()
            ),
        )


@click.command(epilog=EPILOG)
@click.argument("plugins", metavar="PLUGIN...", nargs=-1)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the command and do not run it.")
@verbosity_options
def install(plugins: tuple[str, ...], yes: bool, dry_run: bool) -> int:
    """Install the packages of a plugin with pip: hpi-cpu, hpi-gpu, hpi-npu, paddle2onnx.

    Refuses what cannot work here and says why. HPINFER_PIP_ARGS adds words to the pip command.
    Ends with what 'hpinfer doctor' says.
    """
    chosen = _checked_names(plugins)
    machine = Machine.this()
    for plugin in chosen:
        check(plugin, machine)
    command = pip_command(chosen)
    if dry_run:
        click.echo(shlex.join(command))
        return ExitCode.OK
    if "hpi-gpu" in chosen and not machine.gpu_driver:
        # Not refused: images for machines with a GPU are built on machines without one.
        say("warning: no NVIDIA driver is loaded here; hpi-gpu runs nothing until there is one")
    if not machine.pip:
        raise UnsupportedError(
            f"this Python ({sys.executable}) has no pip: install {_requirement(chosen)!r} with "
            "the tool that made the environment"
        )
    question = f"Run {shlex.join(command)} ?"
    if not yes and is_terminal() and not click.confirm(question, err=True):
        say("nothing was installed")
        return ExitCode.FAILURE
    code = run_pip(command)
    if code != 0:
        say(f"error: pip ended with code {code}; what it says above is the reason")
        return ExitCode.FAILURE
    return _doctor()


def check(plugin: str, machine: Machine) -> None:
    """Refuse a plugin that cannot work on a machine.

    Raises:
        UnsupportedError: With the reason and what to do.
    """
    if plugin == "hpi-npu":
        raise UnsupportedError(
            "hpi-npu: no public wheel has to be installed: hpinfer runs .om models through the "
            "vendor's CANN, which you install and whose set_env.sh you source; hpinfer doctor says "
            "whether it is found"
        )
    if machine.system != "Linux":
        raise UnsupportedError(f"{plugin} is for Linux; this is {machine.system}")
    if machine.machine not in _MACHINES:
        raise UnsupportedError(
            f"{plugin} has wheels for {' and '.join(_MACHINES)}; this machine is {machine.machine}"
        )
    if machine.implementation != "CPython":
        raise UnsupportedError(f"{plugin} has wheels for CPython; this is {machine.implementation}")
    newest = _NEWEST_PYTHON.get(plugin)
    if newest is not None and machine.python > newest:
        raise UnsupportedError(
            f"{plugin} has wheels for Python up to {newest[0]}.{newest[1]}; this is "
            f"{machine.python[0]}.{machine.python[1]}: convert in another environment"
        )
    if EXTRAS[plugin] not in machine.extras:  # pip would warn, install nothing and succeed
        raise UnsupportedError(
            f"the installed hpinfer has no extra {EXTRAS[plugin]!r}: install hpinfer again"
        )
    rivals = _rivals(plugin, machine.installed)
    if rivals:
        raise UnsupportedError(
            f"{plugin} cannot be installed beside {' and '.join(rivals)}: every ONNX Runtime "
            "package writes into the same folder; first run: "
            f"{sys.executable} -m pip uninstall -y {' '.join(rivals)}"
        )


def _rivals(plugin: str, installed: Iterable[str]) -> list[str]:
    """Installed distributions that own the folder that the plugin's ONNX Runtime writes into."""
    own = {"hpi-cpu": "onnxruntime", "hpi-gpu": "onnxruntime-gpu"}.get(plugin)
    if own is None:
        return []
    runtimes = {name for name in installed if f"{name}-".startswith("onnxruntime-")}
    return sorted(runtimes - {own, "onnxruntime-extensions"})


def _checked_names(plugins: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(plugins))
    known = ", ".join(EXTRAS)
    if not names:
        raise click.UsageError(f"say what to install: {known}")
    for name in names:
        if name in _ELSEWHERE:
            raise click.UsageError(f"{name} cannot be installed: {_ELSEWHERE[name]}")
        if name not in EXTRAS:
            raise click.UsageError(f"plugin must be one of {known}; got {name!r}")
    several = [name for name in names if name.startswith("hpi-")]
    if len(several) > 1:
        raise click.UsageError(
            f"{' and '.join(several)} exclude each other: their ONNX Runtime packages write into "
            "the same folder"
        )
    return names


def pip_command(plugins: Sequence[str]) -> list[str]:
    """The pip command that installs plugins beside the installed hpinfer.

    Raises:
        ConfigError: An environment variable has a value that cannot be used.
        UnsupportedError: ``HPINFER_OFFLINE`` forbids the network.
    """
    from hpinfer._settings import Settings

    settings = Settings.from_env()
    if settings.offline and "--no-index" not in settings.pip_args:
        raise UnsupportedError(
            "HPINFER_OFFLINE is set and pip would use the network: unset it, or set "
            "HPINFER_PIP_ARGS='--no-index --find-links DIR' to install from a folder"
        )
    options = ["--disable-pip-version-check", *settings.pip_args]
    return [sys.executable, "-m", "pip", "install", *options, _requirement(plugins)]


def _requirement(plugins: Sequence[str]) -> str:
    """The installed distribution with the extras: pip keeps it and adds what they need."""
    extras = ",".join(EXTRAS[plugin] for plugin in plugins)
    return f"hpinfer[{extras}]=={importlib.metadata.version('hpinfer')}"


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def run_pip(command: Sequence[str]) -> int:
    """Run pip; it writes to this process's standard output and error. Returns its exit code."""
    return subprocess.run(command, check=False).returncode


def _doctor() -> int:
    from hpinfer.doctor import report

    importlib.invalidate_caches()
    found = report()
    click.echo(found.render())
    return ExitCode.OK if found.healthy else ExitCode.UNAVAILABLE
