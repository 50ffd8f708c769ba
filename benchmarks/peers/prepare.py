"""Make one virtual environment a peer below a work directory, and the model folders beside them."""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path

from registry import HERE, PEERS, WITH_OURS, interpreter

MAKE_MODEL_DIRS = HERE.parents[1] / "tests" / "parity" / "paddlex" / "make_model_dirs.py"


def make_environment(work: Path, environment: str) -> None:
    """Create the virtual environment if it is missing and install its requirements."""
    folder = work / environment
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    requirements = HERE / f"requirements-{environment}.txt"
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "-r", str(requirements)], check=True)
    if environment == WITH_OURS:
        root = HERE.parents[1]
        subprocess.run([*pip, str(root), str(root / "packaging" / "ultra_infer")], check=True)


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="directory for the environments and models/")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    for environment in sorted({peer.environment for peer in PEERS.values() if not peer.is_ours}):
        print(environment, flush=True)
        make_environment(arguments.work, environment)
    python = interpreter(PEERS["paddlex_ort"], arguments.work, Path(sys.executable))
    models = arguments.work / "models"
    folders = [str(models), "--paddle", str(models.with_name("models-paddle"))]
    subprocess.run([str(python), str(MAKE_MODEL_DIRS), *folders], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
