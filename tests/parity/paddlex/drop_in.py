"""hpinfer as the plugin of real PaddleX and PaddleOCR releases, each in an environment of its own.

    python drop_in.py WORK IMAGE… [--parts manual modules paddle table] [--releases 3.7.2 3.0.3]

manual: no PaddlePaddle anywhere. PaddleX 3.7.2's own ONNX Runtime engine is the reference; every
release and engine must find its texts and boxes, and on ONNX Runtime its scores to the last bit,
also with `hpinfer.paddlex.accelerate()`.
modules: what else PaddleX 3.7.2 runs through the plugin, single models and whole pipelines, against
the same engine of its own (`modules.py`).
paddle: PaddlePaddle 3.2.2 and paddle2onnx 2.1.0 join it; automatic mode,
`PaddleOCR(enable_hpi=True)` and both command lines on Paddle-format models.
table: times of PaddleX's own engines and of the plugin, picture by picture in turn.

Exit status 1 if a run fails or differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from drop_in_page import FAST
from environments import NEWEST, RELEASES, ROOT, Environment, build_wheels, environment
from oracle import FAMILIES

HERE = Path(__file__).resolve().parent
PARTS = ("manual", "modules", "paddle", "table")
PEERS = ("paddlex_paddle", "paddlex_ort", "paddlex_hpinfer_ort", "paddlex_hpinfer_openvino")
REFERENCE = "plain"
#: Ways of automatic mode, and how many models must have come to hpinfer: where PaddleX is free to
#: choose, its table gives the detector to Paddle.
AUTOMATIC = {
    "auto": 1,
    "auto-onnxruntime": 2,
    "auto-openvino": 2,
    "paddleocr": 1,
    "paddleocr-manual": 2,
}


class Checks:
    """Outcomes, printed as they come."""

    def __init__(self) -> None:
        self.failures = 0

    def say(self, name: str, problem: str | None, note: str = "") -> None:
        """One outcome; None is a success."""
        self.failures += problem is not None
        print(f"{name:<48}{'ok ' + note if problem is None else 'FAILED: ' + problem}", flush=True)


def read(
    env: Environment, ways: list[str], options: argparse.Namespace, *, models: Path, family: str
) -> dict[str, Any]:
    """What configurations read, by way; those that failed have an `error`."""
    out = options.work / "pages.json"
    out.unlink(missing_ok=True)
    script = [str(env.python), str(HERE / "drop_in_page.py"), str(out), *map(str, options.images)]
    done = env.run(*script, "--ways", *ways, "--models", str(models), "--family", family)
    if not out.exists():
        return {way: {"error": last_line(done.stderr)} for way in ways}
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def last_line(text: str) -> str:
    """What a program said last."""
    return (text.strip().splitlines() or ["no message"])[-1]


def difference(reference: dict[str, Any], found: dict[str, Any], *, bits: bool) -> str | None:
    """The first thing that differs; scores count only with `bits`."""
    if "error" in found:
        return str(found["error"])
    keys = ("rec_texts", "rec_polys", "rec_scores") if bits else ("rec_texts", "rec_polys")
    for image, expected in readable(reference).items():
        page = found["pages"][image]
        if "error" in page:
            return f"{image}: {page['error']}"
        for key in keys:
            if page[key] != expected[key]:
                return f"{image}: another {key}"
    return None


def readable(reference: dict[str, Any]) -> dict[str, Any]:
    """The pages that PaddleX itself can read."""
    return {image: page for image, page in reference["pages"].items() if "error" not in page}


def count_lines(found: dict[str, Any]) -> int:
    """Lines of text over all pages."""
    return sum(len(page["rec_texts"]) for page in readable(found).values())


def make_models(options: argparse.Namespace) -> None:
    """The model folders, ONNX and Paddle."""
    models, paddle = options.work / "models", options.work / "models-paddle"
    if (models / "complete").exists():
        return
    newest = environment(options.work, NEWEST)
    given = [str(models), "--paddle", str(paddle), "--wheels", str(options.work / "wheels")]
    newest.run(str(newest.python), str(HERE / "make_model_dirs.py"), *given).check_returncode()
    (models / "complete").touch()


def check_manual(options: argparse.Namespace, checks: Checks) -> None:
    """Manual mode without PaddlePaddle, on every release and both engines."""
    models = options.work / "models"
    ways = [
        f"manual-{backend}{fast}" for backend in ("onnxruntime", "openvino") for fast in ("", FAST)
    ]
    for family in options.family:
        newest = environment(options.work, NEWEST)
        fast = f"{REFERENCE}{FAST}"
        found = read(newest, [REFERENCE, fast], options, models=models, family=family)
        reference = found[REFERENCE]
        if "error" in reference:
            checks.say(f"{NEWEST} {family} its own onnxruntime", reference["error"])
            continue
        pages_read = f"{len(readable(reference))} of {len(options.images)} pictures"
        lines = f"({count_lines(reference)} lines on {pages_read}: the reference)"
        checks.say(f"{NEWEST} {family} its own onnxruntime", None, lines)
        problem = difference(reference, found[fast], bits=True)
        checks.say(f"{NEWEST} {family} its own onnxruntime{FAST}", problem)
        for release in options.releases:
            env = environment(options.work, release)
            pages = read(env, ways, options, models=models, family=family)
            for way in ways:
                problem = difference(reference, pages[way], bits="onnxruntime" in way)
                if problem is None and way.endswith(FAST):
                    same_engine = pages[way.removesuffix(FAST)]
                    problem = difference(same_engine, pages[way], bits=True)
                if problem is None and len(pages[way]["engines"]) != len(FAMILIES[family]):
                    problem = f"on hpinfer ran only {pages[way]['engines']}"
                checks.say(f"{release} {family} {way}", problem)


def check_modules(options: argparse.Namespace, checks: Checks) -> None:
    """Everything but OCR."""
    env = environment(options.work, NEWEST)
    out = options.work / "modules.json"
    out.unlink(missing_ok=True)
    given = [str(out), *map(str, options.images), "--models", str(options.work / "models")]
    done = env.run(str(env.python), str(HERE / "modules.py"), *given)
    if not out.exists():
        checks.say("modules", last_line(done.stderr))
        return
    for name, problem in json.loads(out.read_text(encoding="utf-8")).items():
        checks.say(f"{NEWEST} {name}", problem)


def paddle_copy(options: argparse.Namespace) -> Path:
    """The Paddle models without what an earlier way has converted."""
    folder = options.work / "models-paddle-copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(options.work / "models-paddle", folder)
    return folder


def check_automatic(options: argparse.Namespace, checks: Checks) -> None:
    """Automatic mode with PaddlePaddle: the texts of PaddleX's own Paddle engine."""
    env = environment(options.work, NEWEST, paddle=True)
    plain = "plain-paddle"
    reference = read(env, [plain], options, models=paddle_copy(options), family="v4")[plain]
    if "error" in reference:
        checks.say(f"{NEWEST} {plain}", reference["error"])
        return
    checks.say(f"{NEWEST} {plain}", None, f"({count_lines(reference)} lines, the reference)")
    for way, models in AUTOMATIC.items():
        found = read(env, [way], options, models=paddle_copy(options), family="v4")[way]
        problem, note = difference_in_texts(reference, found), ""
        if problem is None:
            note = f"(on hpinfer: {', '.join(found['engines'])})"
            if len(found["engines"]) < models:
                problem = f"expected {models} models on hpinfer {note}"
        checks.say(f"{NEWEST} {way}", problem, note)
    for name, command in command_lines(env, paddle_copy(options), options).items():
        done = env.run(*command)
        words = reference["pages"][options.images[0].name]["rec_texts"]
        problem = None if done.returncode == 0 else last_line(done.stderr)
        if problem is None and not all(word in done.stdout + done.stderr for word in words):
            problem = f"it ended well, but did not print {words}"
        checks.say(name, problem)


def difference_in_texts(reference: dict[str, Any], found: dict[str, Any]) -> str | None:
    """The first page on which less than 99.5 % of the lines are read alike, or what failed."""
    if "error" in found:
        return str(found["error"])
    for image, expected in readable(reference).items():
        wanted, got = expected["rec_texts"], found["pages"][image].get("rec_texts", [])
        same = sum(a == b for a, b in zip(wanted, got, strict=False))
        if len(wanted) != len(got) or same < 0.995 * len(wanted):
            return f"{image}: {len(got)} lines instead of {len(wanted)}, {same} alike"
    return None


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
        "paddlex --pipeline --use_hpip": [
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


def print_table(options: argparse.Namespace, checks: Checks) -> None:
    """Times of PaddleX's own engines and of the plugin, in turn (benchmarks/peers)."""
    folder = options.work / "peers"
    folder.mkdir(exist_ok=True)
    plain, paddle = (environment(options.work, NEWEST, paddle=with_it) for with_it in (False, True))
    places = {
        "paddlex": plain.folder,
        "paddlex-hpinfer": plain.folder,
        "paddlex-paddle": paddle.folder,
        "models": options.work / "models",
        "models-paddle": options.work / "models-paddle",
    }
    for name, place in places.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(place, target_is_directory=True)
    peers = [*PEERS, *(f"{peer}_accelerated" for peer in PEERS if "hpinfer" in peer)]
    program = [sys.executable, str(ROOT / "benchmarks" / "peers" / "run.py")]
    given = ["--work", str(folder), "--rounds", str(options.rounds), "--peers", *peers]
    kept = [
        "--json",
        str(options.work / "times.json"),
        "--markdown",
        str(options.work / "times.md"),
    ]
    done = subprocess.run([*program, *map(str, options.images), *given, *kept], check=False)
    checks.say("times", None if done.returncode == 0 else f"exit status {done.returncode}")


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path, help="folder for the environments and models")
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--releases", nargs="+", default=list(RELEASES), choices=RELEASES)
    parser.add_argument("--family", nargs="+", default=["v4"], choices=sorted(FAMILIES))
    parser.add_argument("--rounds", type=int, default=3, help="of the time table, after a warm-up")
    parser.add_argument("--wheels", type=Path, help="take hpinfer's wheels from here, build none")
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.images = [path.resolve() for path in options.images]
    options.work.mkdir(parents=True, exist_ok=True)
    build_wheels(options.work, options.wheels)
    make_models(options)
    checks = Checks()
    parts = {
        "manual": check_manual,
        "modules": check_modules,
        "paddle": check_automatic,
        "table": print_table,
    }
    for part in options.parts:
        parts[part](options, checks)
    print(f"{checks.failures} failed" if checks.failures else "all as the reference")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
