"""What the source must not do, checked on the source itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from hpinfer.hub.manifest import manifest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted(
    path
    for tree in ("python", "scripts", "packaging", "examples")
    for path in (ROOT / tree).rglob("*.py")
)

#: Modules that run or build what data says, or that compare without care.
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "joblib",
    "marshal",
    "shelve",
    "xmlrpc",
}
#: Calls, dotted from the right, and why not.
FORBIDDEN_CALLS = {
    "eval": "runs data",
    "exec": "runs data",
    "compile": "makes code of data",
    "os.system": "runs a shell",
    "os.popen": "runs a shell",
    "subprocess.getoutput": "runs a shell",
    "tempfile.mktemp": "a name that somebody else may take first",
    "yaml.unsafe_load": "builds objects",
    "yaml.full_load": "builds objects",
    "yaml.load_all": "builds objects",
    "torch.load": "unpickles",
    "np.fromfile": "trusts the size of a file",
}
#: Everything that the package needs at run time; a new dependency is a decision.
DEPENDENCIES = {
    *("click", "filelock", "numpy", "pillow", "platformdirs", "pydantic", "pypdfium2", "pyyaml"),
}


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((item.value for item in call.keywords if item.arg == name), None)


def is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def faults_of_call(call: ast.Call) -> list[str]:
    name = dotted(call.func)
    found = [f"{name}: {why}" for bad, why in FORBIDDEN_CALLS.items() if name == bad]
    if name == "yaml.load":
        loader = keyword(call, "Loader")
        text = "" if loader is None else ast.unparse(loader)
        if "SafeLoader" not in text and text != "_loader()":
            found.append("yaml.load without a safe loader")
    careful = is_constant(keyword(call, "allow_pickle"), False)
    if name in {"np.load", "numpy.load"} and not careful:
        found.append(f"{name} without allow_pickle=False")
    if is_constant(keyword(call, "allow_pickle"), True):
        found.append("allow_pickle=True")
    if keyword(call, "shell") is not None and not is_constant(keyword(call, "shell"), False):
        found.append(f"{name} through a shell")
    if name.endswith((".extractall", ".extract")):
        found.append(f"{name}: names inside an archive become paths")
    if name.endswith("_create_unverified_context") or is_constant(keyword(call, "verify"), False):
        found.append(f"{name}: a server that nobody verified")
    return found


def faults(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules = {(node.module or "").split(".")[0]}
        else:
            modules = set()
        found += [f"import of {name}" for name in sorted(modules & FORBIDDEN_MODULES)]
        if isinstance(node, ast.Call):
            found += faults_of_call(node)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_runs_or_unpickles_data(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval(x)",
        "exec(x)",
        "yaml.load(x)",
        "yaml.load(x, Loader=yaml.Loader)",
        "np.load(x)",
        "numpy.load(x, allow_pickle=True)",
        "subprocess.run(x, shell=True)",
        "os.system(x)",
        "archive.extractall(x)",
    ],
)
def test_the_check_sees_what_it_is_for(source):
    assert faults(source)


def test_dependencies_are_few_and_bounded():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert block is not None
    found = dict(re.findall(r'"([A-Za-z0-9_-]+)([^"]*)"', block[1]))
    assert set(found) == DEPENDENCIES
    assert all(bound.startswith(">=") for bound in found.values()), found
    extras = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    for extra in re.findall(r"^(?!dev)[a-z]+ = \[(.*)\]$", extras, re.MULTILINE):
        for name, bound in re.findall(r'"([A-Za-z0-9_-]+)([^"]*)"', extra):
            assert re.match(r"[><=~]", bound), f"{name} has no bound"


def test_every_download_is_pinned_to_a_version_and_a_hash():
    for entry in manifest().values():
        for artifact in entry.artifacts:
            assert re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", artifact.wheel)
            for file in artifact.files:
                assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
                assert 0 < file.size < 1 << 30
                assert "/" not in file.name


def test_every_downloaded_converter_is_pinned():
    from hpinfer.hpi.conversion import converters

    releases = [
        value for value in vars(converters).values() if isinstance(value, converters._Release)
    ]
    groups = [
        value for value in vars(converters).values() if isinstance(value, (tuple, list, dict))
    ]
    for group in groups:
        items = group.values() if isinstance(group, dict) else group
        releases += [item for item in items if isinstance(item, converters._Release)]
    assert releases
    for release in releases:
        for sha256, size in release.extensions.values():
            assert re.fullmatch(r"[0-9a-f]{64}", sha256)
            assert size > 0
