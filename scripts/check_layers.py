"""Checks what may include, import and use what (docs/architecture.md, section "Rules").

The tables are the rules; the code under them only applies them. Run it from anywhere:
``python scripts/check_layers.py [ROOT]`` prints one line for each violation.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from cpp_text import CPP_SUFFIXES, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

# --- C++ ---------------------------------------------------------------------------------------

#: Layer to the layers that it may include, besides itself.
CPP_LAYERS = {
    "core": frozenset[str](),
    "vision": {"core"},
    "postprocess": {"core"},
    "engines": {"core"},
    "cuda": {"core"},
    "models": {"core", "vision", "postprocess", "engines", "cuda"},
    "bindings": {"core", "vision", "postprocess", "engines", "cuda", "models"},
}
#: The one file outside an engine's folder that names the engines.
ENGINE_LIST = "engines/registry.cc"
#: Headers of the system, Python and vendors in <>, and where they may be included. Standard headers
#: and compiler intrinsics (no folder in the name) need no line; the rest is refused.
FOREIGN_HEADERS = {
    "sys/*": "*",
    "linux/*": "*",
    "Python.h": "bindings/*",
    "pybind11/*": "bindings/*",
    "cuda*": "cuda/*",
    "Nv*": "engines/tensorrt/*",
    "acl/*": "engines/ascend/*",
}

#: Kernels are known by their suffix: resize_scalar.cc, resize_avx2.cc, nms_kernel.h …
KERNELS = ("*_scalar.*", "*_avx2.*", "*_avx512*.*", "*_neon.*", "*_kernel.*", "*_kernels.*", "*.cu")


@dataclass(frozen=True)
class TextRule:
    """A pattern that C++ code, comments and strings removed, must not contain."""

    pattern: str
    message: str
    files: tuple[str, ...] = ("*",)
    but_not: tuple[str, ...] = ()


TEXT_RULES = (
    TextRule(
        r"\b(secure_)?getenv\b",
        "only core/environment.cc reads the environment",
        but_not=("core/environment.cc",),
    ),
    TextRule(
        r"\bstd::(jthread\b|thread\b(?!::)|async\b)|\bpthread_create\b",
        "only core creates threads: use core/thread_pool.h",
        but_not=("core/*",),
    ),
    TextRule(
        r"\bstd::(cout|cerr|clog|f?printf|puts)\b|(?<![\w.>:])(f?printf|puts|putchar|perror)\s*\(",
        "the library never prints: use core/log.h",
    ),
    TextRule(
        r"(?<![\w.>])(abort|_?exit|quick_exit|terminate)\s*\(",
        "the library never ends the process: throw an Error",
    ),
    TextRule(r"\busing\s+namespace\b", "name what is used instead of a whole namespace"),
    TextRule(
        r"#\s*(el)?if.*\bHPINFER_ENABLE_",
        f"engines are switched on only in {ENGINE_LIST}",
        but_not=(ENGINE_LIST,),
    ),
    TextRule(r"\bthrow\b|\b(fail|check)\s*\(", "kernels throw nothing: the caller checks", KERNELS),
    TextRule(
        r"\bnew\b|\b(malloc|calloc|realloc|aligned_alloc|posix_memalign)\s*\("
        r"|\bstd::(vector|string|map|unordered_map|function|make_unique|make_shared)\b"
        r"|\.(push_back|emplace_back|resize|reserve)\s*\(",
        "kernels allocate nothing: take a span or a workspace",
        KERNELS,
    ),
    TextRule(r"\blog\s*\(\s*LogLevel\b", "kernels log nothing", KERNELS),
)

# --- Python ------------------------------------------------------------------------------------

#: Name below hpinfer to the names that it may import, besides itself and FREE_MODULES.
#: "" is hpinfer itself, the list of public names.
FREE_MODULES = {"errors", "_settings", "_giving_up", "_locks", "_child"}
_MIDDLE = {"_native", "_native_log", "config", "networks", "hpi", "session", "hub"}
_MIDDLE |= {"io", "results"}
_PUBLIC = _MIDDLE | {"models", "pipelines", ""}
PYTHON_LAYERS = {
    "errors": frozenset[str](),
    "_settings": frozenset[str](),
    "_giving_up": frozenset[str](),
    "_locks": frozenset[str](),
    "_child": frozenset[str](),
    "_native": frozenset[str](),
    "_native_log": {"_native"},
    "build": {"_native"},
    "config": {"_native"},
    "networks": frozenset[str](),
    "hub": {"_native", "config", "networks"},
    "_engine_status": frozenset[str](),
    "paddle_inference": {"_native", "_native_log", "_engine_status", "build", "networks"},
    "hpi": {
        *("_native", "_engine_status", "build", "config", "networks", "hub", "paddle_inference"),
    },
    "process": {"_native"},
    "session": {"_native", "_native_log", "config", "hpi", "paddle_inference"},
    "io": {"_native", "config", "hub"},
    "results": {"_native", "config", "io"},
    "models": _MIDDLE,
    "chat": {"config"},
    "pipelines": _MIDDLE | {"models", "chat"},
    "": _MIDDLE | {"build", "models", "pipelines", "process"},
    "ultra_infer": _MIDDLE | {"models", "networks"},
    "paddlex": _MIDDLE | {"ultra_infer"},
    "_tiny_model": {"networks"},
    "_doctor_text": {"doctor"},
    "doctor": _PUBLIC | {"_tiny_model", "_doctor_text"},
    "bench": _PUBLIC,
    "serving": _PUBLIC,
    "cli": _PUBLIC | {"doctor", "bench", "serving", "paddlex"},
    "__main__": {"cli"},
}
#: Engines and packages of extras: imported inside the functions that need them.
LAZY_PACKAGES = {
    *("cv2", "huggingface_hub", "onnx", "onnxruntime", "openvino", "paddle", "paddle2onnx"),
    *("paddlex", "pandas", "polars", "pyarrow", "pypdfium2", "tensorrt"),
}
#: What the module-level imports that start at hpinfer/__init__.py must not reach.
NOT_ON_IMPORT = LAZY_PACKAGES | {
    *("numpy", "PIL", "pydantic", "yaml", "click", "urllib.request", "http", "ssl", "socket"),
    *("logging.config", "hpinfer._native", "hpinfer.cli"),
}
ENVIRONMENT_MODULE = "_settings.py"
ENVIRONMENT_NAMES = {"os.environ", "os.environb", "os.getenv"}


def main(arguments: list[str]) -> int:
    """Prints the violations below the given root (default: this repository)."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    found = list(violations(root))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def violations(root: Path) -> Iterator[str]:
    """Every violation below `root`, as ``path:line: message``."""
    csrc, package = root / "csrc", root / "python" / "hpinfer"
    for path in sorted(path for path in csrc.rglob("*") if path.suffix in CPP_SUFFIXES):
        where, source = path.relative_to(csrc).as_posix(), path.read_text(encoding="utf-8")
        for line, message in check_cpp(where, source, root):
            yield f"{path.relative_to(root)}:{line}: {message}"
    for path in sorted(package.rglob("*.py")):
        where = path.relative_to(package).as_posix()
        for line, message in check_python(where, path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(root)}:{line}: {message}"
    for chain in import_chains(package):
        yield f"python/hpinfer/__init__.py:1: importing hpinfer imports {' → '.join(chain)}"


def check_cpp(where: str, source: str, root: Path) -> Iterator[tuple[int, str]]:
    """Violations in one C++ file; `where` is its path below csrc."""
    originals = source.splitlines()
    for number, text in enumerate(without_comments(source).splitlines(), 1):
        if re.match(r"\s*#\s*include\b", text):
            message = _include_error(where, originals[number - 1], root)
            if message is not None:
                yield number, message
        for rule in TEXT_RULES:
            applies = _matches(where, rule.files) and not _matches(where, rule.but_not)
            if applies and re.search(rule.pattern, text):
                yield number, rule.message


def _include_error(where: str, directive: str, root: Path) -> str | None:
    match = re.search(r"([<\"])([^>\"]+)[>\"]", directive)
    if match is None:
        return "includes name a file"
    header = match[2]
    layer, _, rest = where.partition("/")
    if match[1] == "<":
        places = [place for name, place in FOREIGN_HEADERS.items() if fnmatch(header, name)]
        allowed = _matches(where, tuple(places)) if places else "/" not in header
        return None if allowed else f"<{header}> is a foreign header that csrc/{layer} must not use"
    own_engine = _engine(layer, rest)
    target, _, tail = header.partition("/")
    if (root / "third_party" / header).is_file():
        return None if target == own_engine else f'"{header}" is only for csrc/engines/{target}'
    if target not in CPP_LAYERS or not tail:
        return f'"{header}" must be a path from csrc/ or third_party/'
    if target != layer and target not in CPP_LAYERS.get(layer, ()):
        return f"csrc/{layer} must not include csrc/{target}"
    engine = _engine(target, tail)
    if engine and engine != own_engine and where != ENGINE_LIST:
        return f'"{header}" is only for csrc/engines/{engine} and {ENGINE_LIST}'
    return None


def _engine(layer: str, rest: str) -> str:
    folder, slash, _ = rest.partition("/")
    return folder if layer == "engines" and slash else ""


def _matches(where: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(where, pattern) for pattern in patterns)


def check_python(where: str, source: str) -> Iterator[tuple[int, str]]:
    """Violations in one Python file; `where` is its path below python/hpinfer."""
    layer = _layer(where)
    if layer not in PYTHON_LAYERS:
        yield 1, f"'{layer}' has no layer: give it one in scripts/check_layers.py"
        return
    for line, module, eager in _imports(where, ast.parse(source)):
        top, _, rest = module.partition(".")
        target = rest.split(".")[0]
        known = {layer, *FREE_MODULES, *PYTHON_LAYERS[layer]}
        if top == "hpinfer" and (target if target in PYTHON_LAYERS else "") not in known:
            yield line, f"{layer or 'hpinfer'} must not import {module}"
        if eager and top in LAZY_PACKAGES:
            yield line, f"import {top} inside the functions that need it"
    for node in ast.walk(ast.parse(source)) if where != ENVIRONMENT_MODULE else ():
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ENVIRONMENT_NAMES:
            yield node.lineno, f"only {ENVIRONMENT_MODULE} reads the environment"


def import_chains(package: Path) -> Iterator[list[str]]:
    """Module-level imports that lead from hpinfer/__init__.py to a module of NOT_ON_IMPORT."""
    todo, seen = [["hpinfer"]], {"hpinfer"}
    while todo:
        chain = todo.pop()
        path = package.parent.joinpath(*chain[-1].split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not path.is_file():
            continue
        where = path.relative_to(package).as_posix()
        for _, module, eager in _imports(where, ast.parse(path.read_text(encoding="utf-8"))):
            parents = [module.rsplit(".", n)[0] for n in range(module.count(".") + 1)]
            for name in parents if eager else ():
                if name in NOT_ON_IMPORT:
                    yield [*chain, name]
                elif name not in seen:
                    seen.add(name)
                    todo.append([*chain, name])


def _layer(where: str) -> str:
    first = where.split("/")[0].removesuffix(".py")
    return "" if first == "__init__" else first


def _imports(where: str, tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Line, full module name, and whether importing this file runs the import."""
    eager = set(_eager(tree))
    package = ["hpinfer", *where.split("/")[:-1]]
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        origin = ""
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else []), ""])
        for alias in node.names:
            yield node.lineno, origin + alias.name, node in eager


def _eager(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        children: list[ast.AST] = [*node.orelse]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        children = []
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _eager(child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
