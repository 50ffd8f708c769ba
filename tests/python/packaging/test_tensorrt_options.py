"""Build options of TensorRT: wrong combinations stop the configuration with the remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def configure(environment: dict[str, str] | None = None, **options: object) -> tuple[bool, str]:
    """Runs the part of the configuration that looks for TensorRT, which needs no compiler."""
    given = [f"-D{name}={value}" for name, value in options.items()]
    tools = str(Path(sys.executable).parent)
    variables = {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}", **(environment or {})}
    done = subprocess.run(
        ["cmake", *given, "-P", str(ROOT / "cmake" / "tensorrt.cmake")],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, " ".join((done.stdout + done.stderr).split())


def headers(folder: Path, version: str, *, parser: bool = True) -> Path:
    """A folder that looks like TensorRT's and CUDA's headers."""
    include = folder / "include"
    include.mkdir(parents=True)
    names = ["NvInfer.h", "cuda_runtime_api.h", *(["NvOnnxParser.h"] if parser else [])]
    for name in names:
        (include / name).touch()
    (include / "NvInferVersion.h").write_text(version, encoding="utf-8")
    return folder


OLD_STYLE = "#define NV_TENSORRT_MAJOR 10 //!< TensorRT major version.\n"
NEW_STYLE = "#define TRT_MAJOR_ENTERPRISE 11\n#define NV_TENSORRT_MAJOR TRT_MAJOR_ENTERPRISE\n"


@pytest.mark.parametrize(("version", "major"), [(OLD_STYLE, 10), (NEW_STYLE, 11)])
@pytest.mark.parametrize("name", ["TENSORRT_ROOT", "TRT_DIRECTORY"])
def test_both_names_and_both_ways_to_write_the_version(tmp_path, name, version, major):
    folder = headers(tmp_path / "trt", version)
    passed, text = configure(ENABLE_TRT_BACKEND="ON", CUDA_DIRECTORY=folder, **{name: folder})
    assert passed, text
    assert f"TensorRT {major}: {folder}/include" in text


def test_nothing_is_looked_for_when_it_is_off():
    assert configure(ENABLE_TRT_BACKEND="OFF") == (True, "")
    assert configure({"TENSORRT_ROOT": "/opt/tensorrt"}, ENABLE_TRT_BACKEND="OFF") == (True, "")


def test_the_environment_says_where_the_headers_are(tmp_path):
    folder = str(headers(tmp_path / "trt", OLD_STYLE))
    passed, text = configure(
        {"TRT_DIRECTORY": folder, "CUDA_DIRECTORY": folder}, ENABLE_TRT_BACKEND="ON"
    )
    assert passed, text


def test_wrong_combinations_stop_with_the_remedy(tmp_path):
    good = headers(tmp_path / "good", OLD_STYLE)
    old = headers(tmp_path / "old", "#define NV_TENSORRT_MAJOR 8\n")
    bare = headers(tmp_path / "bare", OLD_STYLE, parser=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    on = {"ENABLE_TRT_BACKEND": "ON", "CUDA_DIRECTORY": good}
    cases = [
        (
            {"ENABLE_TRT_BACKEND": "OFF", "TENSORRT_ROOT": good},
            "set ENABLE_TRT_BACKEND=ON or leave",
        ),
        ({**on, "TENSORRT_ROOT": good, "TRT_DIRECTORY": old}, "two names of one option"),
        ({**on, "TENSORRT_ROOT": empty}, "set TENSORRT_ROOT, or ENABLE_TRT_BACKEND=OFF"),
        ({**on, "TENSORRT_ROOT": old}, "supports 10 and 11"),
        ({**on, "TENSORRT_ROOT": bare}, "has no NvOnnxParser.h"),
        ({**on, "TENSORRT_ROOT": good, "CUDA_DIRECTORY": empty}, "set CUDA_DIRECTORY to the CUDA"),
    ]
    for options, remedy in cases:
        passed, text = configure(**options)
        assert not passed, options
        assert remedy in text
