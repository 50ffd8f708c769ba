"""Virtual environments with a release of PaddleX each, with hpinfer's wheels of now in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NEWEST = "3.7.2"
RELEASES = (NEWEST, "3.5.2", "3.3.13", "3.0.3")
ENGINES = ("onnxruntime==1.31.1", "openvino==2026.4.1")
PADDLE = ("paddlepaddle==3.2.2", "paddle2onnx==2.1.0", "paddleocr==3.7.0")
#: What writes the networks of `module_networks.py`; neither PaddleX nor hpinfer needs it.
WRITERS = ("onnx>=1.16",)


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with one release of PaddleX."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, *requirements: str) -> None:
        """pip install; byte code is left to the imports, which need little of it."""
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-compile", *requirements], check=True)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command with this environment first on the path, in its folder: converters litter."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        variables = {
            **self.font(),
            **os.environ,
            "PATH": path,
            "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        }
        return subprocess.run(
            command, capture_output=True, text=True, env=variables, cwd=self.folder, check=False
        )

    def font(self) -> dict[str, str]:
        """A font that OpenCV's wheel carries: PaddleX 3.0 and 3.1 fetch one when imported."""
        fonts = sorted(self.folder.glob("lib/python*/site-packages/cv2/qt/fonts/*.ttf"))
        return {"PADDLE_PDX_LOCAL_FONT_FILE_PATH": str(fonts[0])} if fonts else {}


def environment(work: Path, release: str, *, paddle: bool = False) -> Environment:
    """The environment of a release, made if it is not there, with hpinfer's wheels of now."""
    made = Environment(work / f"paddlex-{release}{'-paddle' if paddle else ''}")
    # The newest one runs every pipeline, the others OCR. ocr-core exists since 3.2.
    others = "ocr" if release.startswith(("3.0", "3.1")) else "ocr-core"
    extra = "ocr,cv" if release == NEWEST and not paddle else others
    more = PADDLE if paddle else WRITERS if release == NEWEST else ()
    wanted = [f"paddlex[{extra}]=={release}", *ENGINES, *more]
    complete = made.folder / "complete"
    if not complete.exists() or complete.read_text(encoding="utf-8").split() != wanted:
        venv.create(made.folder, with_pip=True, clear=True)
        made.install(*wanted)
        complete.write_text("\n".join(wanted), encoding="utf-8")
    wheels = sorted(map(str, (work / "dist").glob("*.whl")))
    made.install(*wheels)  # with what they depend on
    made.install("--force-reinstall", "--no-deps", *wheels)  # also where the version is the same
    return made


def build_wheels(work: Path, given: Path | None = None) -> None:
    """The wheels of hpinfer and of its drop-in, for every environment.

    Args:
        work: gets them, in the folder `dist`.
        given: a folder that has them already; None builds them from this repository.
    """
    if given is not None and given.resolve() == (work / "dist").resolve():
        return
    shutil.rmtree(work / "dist", ignore_errors=True)
    if given is not None:
        shutil.copytree(given, work / "dist")
        return
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(work / "dist")]
    subprocess.run([*pip, str(ROOT), str(ROOT / "packaging" / "ultra_infer")], check=True)
