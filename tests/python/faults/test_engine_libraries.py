"""Engines that are missing, of another release, half installed or no engines at all.

The session's error, `hpinfer.engines()`, the doctor and a pipeline's error say which, why, and what
to do; where another engine is usable, automatic mode takes it and `explain()` says why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from example_pages import IMAGES

#: Tells what every place says of an engine, in a process that finds `folder` first.
TELL = """
import json, sys
engine, folder, page = sys.argv[1:]
sys.path.insert(0, folder)
import hpinfer
from hpinfer import doctor
from hpinfer.errors import HpinferError
said = {}
try:
    hpinfer.Session(b"model", engine=engine)
except HpinferError as error:
    said["session"] = type(error).__name__ + ": " + str(error)
said["engines"] = next(e.reason for e in hpinfer.engines() if e.name == engine)
said["doctor"] = next(e.reason for e in doctor.report().engines if e.name == engine)
try:
    hpinfer.create_pipeline("OCR", engine=engine)
except HpinferError as error:
    said["asked for"] = type(error).__name__ + ": " + str(error)
pipeline = hpinfer.create_pipeline("OCR")
said["explained"] = str(pipeline.explain())
said["used"] = sorted({found.engine for found in pipeline.engines.values()})
said["read"] = len(next(iter(pipeline.predict(page))).rec_texts)
print(json.dumps(said))
"""

PACKAGES = {
    "onnxruntime": ("onnxruntime", "capi", "libonnxruntime.so.1.99.0"),
    "openvino": ("openvino", "libs", "libopenvino_c.so.9999"),
}
OTHER = {"onnxruntime": "openvino", "openvino": "onnxruntime"}

#: Engine to sources of libraries that are not what they should be, and what is said of them.
LIBRARIES = {
    ("onnxruntime", "too old"): (
        """
        static const void* api(unsigned version) { (void)version; return 0; }
        static const char* version(void) { return "1.9.0"; }
        static const struct { const void* (*a)(unsigned); const char* (*v)(void); } base =
            {api, version};
        const void* OrtGetApiBase(void) { return &base; }
        """,
        "is ONNX Runtime 1.9.0; at least 1.19 is needed: pip install -U onnxruntime",
    ),
    ("onnxruntime", "without its table"): (
        """
        static const void* api(unsigned version) { (void)version; return 0; }
        static const char* version(void) { return "1.22.0"; }
        static const struct { const void* (*a)(unsigned); const char* (*v)(void); } base =
            {api, version};
        const void* OrtGetApiBase(void) { return &base; }
        """,
        "does not serve its API version",
    ),
    ("onnxruntime", "that says nothing"): (
        "const void* OrtGetApiBase(void) { return 0; }",
        "is not a usable ONNX Runtime: it returned no function table",
    ),
    ("onnxruntime", "of something else"): (
        "int answer(void) { return 42; }",
        "has no symbol 'OrtGetApiBase'",
    ),
    ("openvino", "too old"): (
        """
        struct version { const char* build; const char* description; };
        int ov_get_openvino_version(struct version* v) { v->build = "2023.1.0-1"; return 0; }
        void ov_version_free(struct version* v) { (void)v; }
        """,
        "is OpenVINO 2023.1.0-1; hpinfer needs 2024.6 or later: upgrade the package 'openvino'",
    ),
    ("openvino", "without a symbol"): (
        """
        struct version { const char* build; const char* description; };
        int ov_get_openvino_version(struct version* v) { v->build = "2025.4.0-1"; return 0; }
        void ov_version_free(struct version* v) { (void)v; }
        """,
        "has no symbol 'ov_get_error_info'",
    ),
    ("openvino", "that tells no version"): (
        """
        struct version { const char* build; const char* description; };
        int ov_get_openvino_version(struct version* v) { v->build = 0; return 0; }
        void ov_version_free(struct version* v) { (void)v; }
        """,
        "does not tell its version",
    ),
}


def fake_package(folder, engine):
    """A package that comes before the installed one; its folder for libraries."""
    package, inner, _ = PACKAGES[engine]
    place = folder / package / inner
    place.mkdir(parents=True)
    (folder / package / "__init__.py").write_text("raise ImportError('hpinfer imported it')\n")
    return place


def told(engine, folder):
    variables = {k: v for k, v in os.environ.items() if not k.endswith("_LIBRARY")}
    done = subprocess.run(
        [sys.executable, "-c", TELL, engine, str(folder), str(IMAGES / "hello.png")],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(engine, folder, reason, remedy):
    said = told(engine, folder)
    assert said["session"].startswith("EngineUnavailableError: ")
    for where in ("session", "engines", "doctor", "asked for"):
        assert f"engine '{engine}' is not usable here" in said[where], where
        assert reason in said[where], where
        assert remedy in said[where], where
        assert "\n" not in said[where], where
    assert said["used"] == [OTHER[engine]]
    assert reason in said["explained"]
    assert said["read"] >= 1


@pytest.mark.parametrize(("engine", "kind"), LIBRARIES)
def test_a_library(engine, kind, tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("g++")
    assert compiler, "a C compiler builds hpinfer, so there is one"
    source, reason = LIBRARIES[engine, kind]
    library = fake_package(tmp_path, engine) / PACKAGES[engine][2]
    language = ["-x", "c"]
    subprocess.run(
        [compiler, "-shared", "-fPIC", *language, "-", "-o", str(library)],
        input=source,
        text=True,
        check=True,
    )
    check(engine, tmp_path, reason, "pip install --force-reinstall")


@pytest.mark.parametrize("engine", PACKAGES)
def test_a_half_installed_package(engine, tmp_path):
    fake_package(tmp_path, engine)
    package, inner, _ = PACKAGES[engine]
    check(
        engine,
        tmp_path,
        "cannot open shared object file",
        f"the package {package} in {tmp_path / package} has no {inner}/lib",
    )


@pytest.mark.parametrize("engine", PACKAGES)
def test_a_library_cut_short(engine, tmp_path):
    from hpinfer.hpi import library_candidates

    installed = library_candidates(engine)[0].read_bytes()
    library = fake_package(tmp_path, engine) / PACKAGES[engine][2]
    library.write_bytes(installed[: len(installed) // 2])
    check(engine, tmp_path, "it was cut short", "pip install --force-reinstall")
