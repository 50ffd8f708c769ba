"""Writes docs/zoo.md from the results of run.py.

python benchmarks/zoo/report.py results.json [more.json …] --out docs/zoo.md
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import guide

_ROUTES = (
    ("convert", "converted"),
    ("onnxruntime@onnx", "ONNX Runtime"),
    ("openvino@onnx", "OpenVINO, from ONNX"),
    ("openvino@own", "OpenVINO, own reader"),
    ("paddle@own", "Paddle"),
    ("mkldnn@own", "Paddle, oneDNN"),
)
_AUTOMATIC = {"auto": "automatic", "auto@no-paddle": "automatic, PaddlePaddle not installed"}
_FORMATS = {"pdmodel": ".pdmodel (PaddlePaddle 2.6.2)", "pir": "PIR .json (PaddlePaddle 3.2.2)"}
_PADDLE_MISSING = "the package paddle is not installed"
_NO_FILE = "inference.onnx does not exist"

Cell = dict[str, Any]
Entry = dict[str, Any]


def main() -> None:
    """Merges the results and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    models, machine = _merged(options.results)
    text = _page(models, machine)
    temporary = options.out.with_name(options.out.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(options.out)


def _merged(paths: list[Path]) -> tuple[dict[str, dict[str, Entry]], dict[str, str]]:
    models: dict[str, dict[str, Entry]] = {}
    machine: dict[str, str] = {}
    for path in paths:
        results = json.loads(path.read_text(encoding="utf-8"))
        machine = results["machine"]
        for model, formats in results["models"].items():
            models.setdefault(model, {}).update(
                {key: entry for key, entry in formats.items() if len(entry) > 1}
            )
    return models, machine


def _page(models: dict[str, dict[str, Entry]], machine: dict[str, str]) -> str:
    parts = [_head(machine), _summary(models), _violations(models)]
    parts += [_table(models, key, title) for key, title in _FORMATS.items()]
    parts += [_choices(models), _failures(models), _coverage(models)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(machine: dict[str, str]) -> str:
    versions = ", ".join(
        f"{name} {machine[name]}" for name in ("onnxruntime", "openvino", "paddlepaddle")
    )
    return f"""# The zoo: models and engines

Written by `benchmarks/zoo/report.py`; do not edit. Networks with random weights, run on every
engine by every route and compared with Paddle Inference (oneDNN off) on the same picture. How:
[benchmarks/zoo](../benchmarks/zoo/README.md).

{versions}; {machine["processor"]}, 2 threads.

A number is the largest difference relative to the reference's largest magnitude, or, where the
answer is classes, boxes or tokens, the share that differs (`%`). **Bold** is wrong: above 0.001 or
1 %. Random weights leave many nearly equal scores, so a share below 1 % is no sign of a fault.

`8.1x` is how many times as fast as the reference an engine was. The two took turns (three each, one
where the reference takes more than 1.5 s) and their fastest turns are compared, because other work
ran on the machine at lower priority. `Paddle` is the reference's own engine: how far it is from 1x
tells how far the others may be off. The milliseconds of the reference are its median."""


def _cells(entry: Entry) -> dict[str, Cell]:
    return {key: value for key, value in entry.items() if key != "about"}


def _summary(models: dict[str, dict[str, Entry]]) -> str:
    rows = []
    for key, title in _FORMATS.items():
        entries = [formats[key] for formats in models.values() if key in formats]
        for cell, name in (*_ROUTES[1:], *_AUTOMATIC.items()):
            cells = [entry[cell] for entry in entries if cell in entry]
            if not cells:
                continue
            right = sum(bool(one["ok"] and one["agrees"]) for one in cells)
            wrong = sum(bool(one["ok"] and not one["agrees"]) for one in cells)
            rows.append(
                f"| {title} | {name} | {len(cells)} | {right} | {wrong} "
                f"| {len(cells) - right - wrong} |"
            )
    header = "| from | way | models | right | wrong | does not run |\n|---|---|---|---|---|---|"
    return "## Summary\n\n" + "\n".join([header, *rows])


def _violations(models: dict[str, dict[str, Entry]]) -> str:
    """Where hpinfer, left to itself, does not answer rightly."""
    found = []
    without = 0
    for model, formats in sorted(models.items()):
        for key, entry in formats.items():
            for cell, name in _AUTOMATIC.items():
                one = entry.get(cell)
                if one is None or (one["ok"] and one["agrees"]):
                    continue
                if (
                    key == "pir"
                    and cell == "auto@no-paddle"
                    and _PADDLE_MISSING in one.get("error", "")
                ):
                    without += 1
                    continue
                what = _difference(one) if one["ok"] else _short(one["error"], 240)
                chosen = f" ({one['chosen']})" if one.get("chosen") else ""
                found.append(f"- {model}, {_FORMATS[key]}, {name}{chosen}: {what}")
    body = (
        "\n".join(found) or "None: every model got right numbers from the engine that was chosen."
    )
    if without:
        body += (
            "\n\nPIR programs need PaddlePaddle, for the conversion at least: without it, "
            f"{without} models gave the error that says so (`ModelFormatError`: the package paddle "
            "is not installed; install it with …)."
        )
    return (
        "## Where automatic mode gives no right answer\n\nWrong numbers are faults. That "
        "nothing runs a model without PaddlePaddle is told by an error, as it should be.\n\n" + body
    )


def _difference(cell: Cell) -> str:
    amount = cell["difference"]
    number = f"{amount * 100:.2g} %" if cell["unit"] == "share" else f"{amount:.0e}"
    if cell["unit"] == "share" and amount == 0:
        number = "0"
    if cell["agrees"]:
        return number
    return f"**{number}** {cell.get('detail', '')}".strip()


def _table(models: dict[str, dict[str, Entry]], key: str, title: str) -> str:
    routes = [pair for pair in _ROUTES if key == "pdmodel" or pair[0] != "openvino@own"]
    lines = [f"| model | {' | '.join(name for _, name in routes)} | reference |"]
    lines.append("|---" * (len(routes) + 2) + "|")
    for model, formats in sorted(models.items()):
        if key not in formats:
            continue
        entry = formats[key]
        cells = [_cell(entry.get(route), route) for route, _ in routes]
        reference = entry.get("reference", {})
        milliseconds = f"{reference['ms']:.0f} ms" if "ms" in reference else "fails"
        milliseconds = milliseconds if reference else ""
        lines.append(f"| {_title(model, entry)} | {' | '.join(cells)} | {milliseconds} |")
    return f"## {title}\n\n" + "\n".join(lines)


def _title(model: str, entry: Entry) -> str:
    return f"{model} *" if entry["about"]["package"] == "stand-in" else model


def _cell(cell: Cell | None, route: str) -> str:
    if cell is None:
        return ""
    if not cell["ok"]:
        return "." if _NO_FILE in cell["error"] else "no"
    if route == "convert":
        return "yes, warns" if cell["warnings"] else "yes"
    return ", ".join(filter(None, (_difference(cell), _speed(cell))))


def _speed(cell: Cell) -> str:
    """Times as fast as the reference; nothing where that was not measured."""
    return f"{cell['speed']:.2g}x" if "speed" in cell else ""


def _choices(models: dict[str, dict[str, Entry]]) -> str:
    lines = ["| model | from | chosen | difference | fastest |", "|---|---|---|---|---|"]
    for model, formats in sorted(models.items()):
        for key, entry in formats.items():
            one = entry.get("auto")
            if one is None or not one["ok"]:
                continue
            name = key if key != "pir" else "PIR"
            lines.append(
                f"| {model} | {name} | {one['chosen']} | {_difference(one)} | {_fastest(entry)} |"
            )
    text = (
        "PaddlePaddle installed, nothing measured before: by prior knowledge. `fastest` is the "
        "fastest of the table above that is right."
    )
    return f"## What automatic mode chooses\n\n{text}\n\n" + "\n".join(lines)


def _fastest(entry: Entry) -> str:
    found = {
        name: entry[route]
        for route, name in _ROUTES[1:]
        if entry.get(route, {}).get("agrees") and "speed" in entry[route]
    }
    if not found:
        return ""
    name = max(found, key=lambda key: float(found[key]["speed"]))
    return f"{name}, {_speed(found[name])}"


def _failures(models: dict[str, dict[str, Entry]]) -> str:
    """Why a cell says no."""
    lines = []
    for model, formats in sorted(models.items()):
        for key, entry in formats.items():
            for cell, name in (("reference", "Paddle Inference itself"), *_ROUTES):
                one = entry.get(cell)
                if one is not None and not one["ok"] and _NO_FILE not in one["error"]:
                    lines.append(f"- {model}, {key}, {name}: {_short(one['error'], 300)}")
    return "## Why not\n\n" + ("\n".join(lines) or "Everything ran.")


def _short(text: str, limit: int) -> str:
    """An error in one line, without this machine's folders."""
    words = [Path(word).name if word.startswith("/") else word for word in text.split()]
    joined = " ".join(words).replace("|", "\\|").replace("<", "\\<")
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def _coverage(models: dict[str, dict[str, Entry]]) -> str:
    """Which of the guides' models were run, and which are only represented."""
    lines = ["| family | built from | run | represented by those |", "|---|---|---|---|"]
    counts = {"real": 0, "stand-in": 0, "represented": 0, "none": 0}
    for family in guide.FAMILIES:
        run = [model for model in family.models if models.get(model)]
        rest = [model for model in family.models if not models.get(model)]
        counts[family.kind] += len(run)
        counts["represented" if run else "none"] += len(rest)
        lines.append(
            f"| {family.name} | {family.kind} | {', '.join(run) or 'none'} "
            f"| {', '.join(rest) if run else ''} |"
        )
    extra = sorted(set(models) - set(guide.MODELS))
    text = (
        f"Of the {len(guide.MODELS)} models of the guides, {counts['real']} were run as the real "
        f"architecture (random weights), {counts['stand-in']} as a stand-in written for the zoo "
        f"(marked * above), {counts['represented']} are represented by another model of their "
        f"family, and {counts['none']} belong to a family of which nothing was run."
    )
    text += (
        " A represented model differs in its size, or in its backbone (YOLOv3-DarkNet53; "
        "RT-DETR-L, -H and -X); `export.py --all` makes those that a package has. Stand-ins have "
        "the family's inputs, outputs, operators and loops, in small: the published "
        "wheels of PaddleDetection 2.6.0 and PaddleSeg 2.8.0 lack RT-DETR, Mask-RT-DETR and "
        "SeaFormer, and no wheel has the networks of PaddleOCR."
    )
    if extra:
        text += f" Besides them: {', '.join(extra)}."
    return "## Which models this covers\n\n" + text + "\n\n" + "\n".join(lines)


if __name__ == "__main__":
    main()
