"""Conversion where PaddlePaddle is installed: PIR programs, and answers compared with Paddle's own.

Requirement of the whole module: PaddlePaddle 3. ``scripts/test_paddle`` makes an environment with
it and runs this folder; the default test command leaves the folder out.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from hpinfer.errors import ConversionError
from hpinfer.hpi.artifacts import ArtifactStore
from hpinfer.hpi.conversion import (
    ConversionOptions,
    conversion,
    convert,
    open_paddle_directory,
    routes,
)

FORMATS = ("old", "new")
UNEVEN = ("pool_uneven", "pool_max_uneven")
CONVERTIBLE = (
    *("classifier", "group_norm", "segmenter", "pool_even", "pool_max_even", "sampler", "loop"),
    *("detector", "detector_none"),
)


@pytest.fixture(scope="session")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``old/NAME`` and ``new/NAME``; Paddle runs in processes of its own."""
    root = tmp_path_factory.mktemp("nets")
    script = Path(__file__).with_name("export_nets.py")
    exports = [
        subprocess.Popen([sys.executable, str(script), kind, str(root / kind)]) for kind in FORMATS
    ]
    assert [export.wait(200) for export in exports] == [0, 0]
    return root


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore([tmp_path / "artifacts"])


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", CONVERTIBLE)
def test_the_conversion_answers_like_paddle(
    nets: Path, store: ArtifactStore, kind: str, name: str
) -> None:
    files = open_paddle_directory(nets / kind / name)
    converted = convert(files, store=store)
    assert converted.warnings == ()
    assert "agrees with Paddle Inference 3" in converted.checks[-1]
    assert ("paddlepaddle" in converted.converter) == (kind == "new")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", [*UNEVEN, "pool_any_size"])
def test_known_faults_are_refused(nets: Path, store: ArtifactStore, kind: str, name: str) -> None:
    with pytest.raises(ConversionError, match="adaptive pooling"):
        convert(open_paddle_directory(nets / kind / name), store=store)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", UNEVEN)
def test_the_comparison_finds_what_the_rules_refuse(
    nets: Path, store: ArtifactStore, kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "known_fault", lambda _: None)
    with pytest.raises(ConversionError, match="answers something else than Paddle Inference 3"):
        convert(open_paddle_directory(nets / kind / name), store=store)


def test_a_converter_that_aborts_is_an_error(
    nets: Path, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "known_fault", lambda _: None)
    files = open_paddle_directory(nets / "new" / "pool_any_size")
    with pytest.raises(ConversionError, match=r"died of SIGABRT, saying: .*static input shape"):
        convert(files, store=store)


def test_an_opset_that_gives_an_invalid_model_is_refused(nets: Path, store: ArtifactStore) -> None:
    files = open_paddle_directory(nets / "new" / "detector")
    with pytest.raises(
        ConversionError, match=r"ONNX Runtime does not load: .*TopK.*ask for opset 11"
    ):
        convert(files, store=store, options=ConversionOptions(opset=7))


def widened(value: Any) -> Any:
    """The attribute as PIR version 4 writes it."""
    if isinstance(value, list):
        return [widened(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: widened(item) for key, item in value.items()}
    if changed.get("#") == "0.a_f32":
        changed["#"] = "0.a_f64"
    return changed


def as_version_4(program: dict[str, Any]) -> dict[str, Any]:
    program = copy.deepcopy(program)
    program["base_code"]["version"] = 4
    for operator in program["program"]["regions"][0]["blocks"][0]["ops"]:
        for attribute in operator["A"]:
            if isinstance(attribute, dict) and attribute["N"] not in ("value", "values"):
                attribute["AT"] = widened(attribute["AT"])
    return program


@pytest.mark.parametrize("name", ["classifier", "group_norm"])
def test_programs_of_version_4(
    nets: Path, store: ArtifactStore, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = nets / "new" / name
    program = json.loads((older / "inference.json").read_bytes())
    newer = tmp_path / name
    newer.mkdir()
    (newer / "inference.json").write_text(json.dumps(as_version_4(program)))
    (newer / "inference.pdiparams").write_bytes((older / "inference.pdiparams").read_bytes())
    options = ConversionOptions(check=False)
    feed = np.random.default_rng(5).standard_normal((1, 3, 32, 48)).astype(np.float32)
    answers = []
    for folder in (older, newer):
        path = convert(open_paddle_directory(folder), store=store, options=options).path
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        answers.append(session.run(None, {"x": feed})[0])
    np.testing.assert_array_equal(answers[0], answers[1])
    if name == "classifier":  # the fault that the rewrite cures: without it the converter aborts
        monkeypatch.setattr(conversion, "narrow_attributes", lambda _: None)
        forced = ConversionOptions(check=False, force=True, opset=12)
        with pytest.raises(ConversionError, match="cannot be converted"):
            convert(open_paddle_directory(newer), store=store, options=forced)


def test_paddle_is_never_imported_here(nets: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hpinfer.hpi.artifacts import ArtifactStore\n"
        "from hpinfer.hpi.conversion import convert, open_paddle_directory\n"
        "files = open_paddle_directory(Path(sys.argv[1]))\n"
        "assert convert(files, store=ArtifactStore([Path(sys.argv[2])])).built\n"
        "assert not {'paddle', 'onnxruntime', 'paddle2onnx'} & sys.modules.keys()\n"
    )
    arguments = [str(nets / "new" / "pool_even"), str(tmp_path)]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, timeout=200)
