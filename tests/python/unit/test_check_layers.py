from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import check_layers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    header = tmp_path / "third_party" / "onnxruntime" / "ort_api.h"
    header.parent.mkdir(parents=True)
    header.write_text("")
    return tmp_path


def cpp_messages(where: str, source: str, root: Path) -> list[str]:
    return [message for _, message in check_layers.check_cpp(where, source, root)]


def python_messages(where: str, source: str) -> list[str]:
    return [message for _, message in check_layers.check_python(where, source)]


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("vision/resize.cc", '#include "core/image.h"'),
        ("vision/resize.cc", '#include "vision/plan.h"'),
        ("vision/resize_avx2.cc", "#include <immintrin.h>"),
        ("core/thread_budget.cc", "#include <sys/types.h>"),
        ("models/text_detector.cc", '#include "postprocess/db.h"'),
        ("models/text_detector.cc", '#include "engines/engine.h"'),
        ("bindings/module.cc", "#include <pybind11/stl/filesystem.h>"),
        ("engines/registry.cc", '#include "engines/openvino/openvino_engine.h"'),
        ("engines/onnxruntime/session.cc", '#include "engines/onnxruntime/session.h"'),
        ("engines/onnxruntime/session.cc", '#include "onnxruntime/ort_api.h"'),
    ],
)
def test_downward_includes_are_accepted(where: str, line: str, root: Path) -> None:
    assert cpp_messages(where, line, root) == []


@pytest.mark.parametrize(
    ("where", "line", "part"),
    [
        ("core/tensor.cc", '#include "vision/plan.h"', "core must not include csrc/vision"),
        ("vision/plan.cc", '#include "postprocess/db.h"', "must not include csrc/postprocess"),
        ("engines/engine.cc", '#include "models/ocr.h"', "must not include csrc/models"),
        ("models/ocr.cc", '#include "bindings/arrays.h"', "must not include csrc/bindings"),
        ("models/ocr.cc", "#include <pybind11/numpy.h>", "foreign header"),
        ("models/ocr.cc", "#include <Python.h>", "foreign header"),
        ("models/ocr.cc", "#include <openvino/c/openvino.h>", "foreign header"),
        ("models/ocr.cc", "#include <NvInfer.h>", "foreign header"),
        ("models/ocr.cc", '#include "onnxruntime/ort_api.h"', "only for csrc/engines/onnxruntime"),
        (
            "engines/openvino/session.cc",
            '#include "onnxruntime/ort_api.h"',
            "only for csrc/engines/onnxruntime",
        ),
        (
            "engines/openvino/session.cc",
            '#include "engines/onnxruntime/session.h"',
            "only for csrc/engines/onnxruntime",
        ),
        (
            "models/ocr.cc",
            '#include "engines/openvino/session.h"',
            "only for csrc/engines/openvino",
        ),
        ("core/tensor.cc", '#include "dtype.h"', "must be a path from csrc/"),
        ("core/tensor.cc", '#include "../vision/plan.h"', "must be a path from csrc/"),
    ],
)
def test_upward_and_foreign_includes_are_refused(
    where: str, line: str, part: str, root: Path
) -> None:
    (message,) = cpp_messages(where, f"\n{line}\n", root)
    assert part in message


@pytest.mark.parametrize(
    ("where", "code", "part"),
    [
        ("models/ocr.cc", 'auto* v = std::getenv("X");', "environment"),
        ("core/cpu.cc", "auto* v = getenv(name);", "environment"),
        ("models/ocr.cc", "std::thread worker(run);", "thread"),
        ("models/ocr.cc", "auto f = std::async(run);", "thread"),
        ("core/log.cc", "std::cout << 1;", "print"),
        ("core/log.cc", "printf(text);", "print"),
        ("core/log.cc", "std::fprintf(stderr, text);", "print"),
        ("core/error.cc", "std::abort();", "ends the process"),
        ("core/error.cc", "exit(1);", "ends the process"),
        ("core/error.cc", "using namespace std;", "whole namespace"),
        ("models/ocr.cc", "#ifdef HPINFER_ENABLE_ORT", "switched on only"),
        ("vision/resize_avx2.cc", "if (n < 0) throw 1;", "throw nothing"),
        ("vision/resize_avx2.cc", "fail(ErrorCode::kInternal, n);", "throw nothing"),
        ("vision/resize_scalar.cc", "auto* p = new int[4];", "allocate nothing"),
        ("vision/resize_scalar.cc", "rows.push_back(1);", "allocate nothing"),
        ("vision/resize_scalar.cc", "std::vector<int> rows;", "allocate nothing"),
        ("vision/resize_scalar.cc", "log(LogLevel::kInfo, text);", "log nothing"),
    ],
)
def test_forbidden_code_is_refused(where: str, code: str, part: str, root: Path) -> None:
    (message,) = cpp_messages(where, code, root)
    assert part in message


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("models/ocr.cc", '// std::getenv, printf("x") and abort() are for others\n'),
        ("models/ocr.cc", 'const char* text = "std::cout << exit(1)";'),
        ("models/ocr.cc", 'const char* text = R"(throw new int)";'),
        ("models/ocr.cc", "std::snprintf(buffer, size, format);"),
        ("models/ocr.cc", "state.abort(); runner.exit(1);"),
        ("core/thread_budget.cc", "return std::thread::hardware_concurrency();"),
        ("core/environment.cc", "return std::getenv(name);"),
        ("vision/plan.cc", "std::vector<int> rows; throw 1;"),
        ("vision/resize_scalar.cc", "return std::log(x) + 1'000'000;"),
    ],
)
def test_allowed_code_is_accepted(where: str, code: str, root: Path) -> None:
    assert cpp_messages(where, code, root) == []


def test_the_line_is_counted_through_comments(root: Path) -> None:
    source = "/* one\ntwo */\nint x;\nstd::abort();\n"
    assert [line for line, _ in check_layers.check_cpp("core/x.cc", source, root)] == [4]


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("pipelines/ocr.py", "from hpinfer.models.text_detector import TextDetector"),
        ("models/base.py", "from hpinfer import _native"),
        ("models/base.py", "from hpinfer.hub import resolve"),
        ("hub/wheels.py", "from hpinfer.errors import ConfigError\nfrom . import cache"),
        ("cli/ocr.py", "from hpinfer import create_pipeline"),
        ("io/pdf.py", "def f() -> None:\n    import pypdfium2"),
        ("io/pdf.py", "if TYPE_CHECKING:\n    import pandas"),
        ("io/images.py", "import numpy as np"),
        ("_settings.py", "import os\nx = os.environ"),
        ("__init__.py", "from hpinfer.session import Session"),
    ],
)
def test_downward_imports_are_accepted(where: str, source: str) -> None:
    assert python_messages(where, source) == []


@pytest.mark.parametrize(
    ("where", "source", "part"),
    [
        ("models/base.py", "from hpinfer.pipelines.ocr import OCR", "models must not import"),
        ("models/base.py", "from hpinfer import pipelines", "models must not import"),
        ("models/base.py", "from ..cli import main", "models must not import hpinfer.cli.main"),
        ("models/base.py", "def f():\n    import hpinfer.cli", "models must not import"),
        ("models/base.py", "from hpinfer import create_pipeline", "models must not import"),
        ("models/base.py", "import hpinfer", "models must not import hpinfer"),
        ("config/model.py", "from hpinfer.hub import resolve", "config must not import"),
        ("errors.py", "from hpinfer import _native", "errors must not import"),
        ("__init__.py", "from hpinfer.cli import main", "hpinfer must not import"),
        ("toolbox/x.py", "", "has no layer"),
        ("io/pdf.py", "import pypdfium2", "inside the functions"),
        ("models/base.py", "class A:\n    import onnxruntime", "inside the functions"),
        ("io/images.py", "import os\ndef f():\n    return os.environ['X']", "environment"),
        ("io/images.py", "import os\nx = os.getenv('X')", "environment"),
    ],
)
def test_upward_eager_and_environment_use_is_refused(where: str, source: str, part: str) -> None:
    (message,) = python_messages(where, source)
    assert part in message


def write_package(root: Path, files: dict[str, str]) -> Path:
    package = root / "python" / "hpinfer"
    for name, source in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return package


def test_import_chain_to_a_heavy_package_is_found(tmp_path: Path) -> None:
    files = {
        "__init__.py": "from hpinfer.session import Session",
        "session.py": "from hpinfer.results import Result",
        "results/__init__.py": "import numpy as np",
    }
    package = write_package(tmp_path, files)
    (chain,) = check_layers.import_chains(package)
    assert chain == ["hpinfer", "hpinfer.session", "hpinfer.results", "numpy"]


def test_lazy_imports_do_not_count_for_the_import_chain(tmp_path: Path) -> None:
    files = {
        "__init__.py": "if TYPE_CHECKING:\n    import numpy\nfrom hpinfer.session import Session",
        "session.py": "def f():\n    import PIL",
    }
    assert list(check_layers.import_chains(write_package(tmp_path, files))) == []


def test_main_prints_every_violation_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_package(tmp_path, {"__init__.py": "import numpy", "io/x.py": "import cv2"})
    (tmp_path / "csrc" / "core").mkdir(parents=True)
    (tmp_path / "csrc" / "core" / "a.cc").write_text("\nvoid f() { abort(); }\n")
    assert check_layers.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in printed] == [
        "csrc/core/a.cc:2",
        "python/hpinfer/io/x.py:1",
        "python/hpinfer/__init__.py:1",
    ]
