"""Libraries with which the real CUDA provider of ONNX Runtime loads on a machine without CUDA.

They export every function of CUDA that the provider names. Memory of the GPU is memory of the host,
copies are copies, and kernels do not run: so options, devices, memory, bindings and streams go
through the real provider, and only what its kernels would compute is missing.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Functions that do something; all others return 0.
RUNTIME = {
    "cudaGetDeviceCount": "int cudaGetDeviceCount(int* n) { *n = 1; return 0; }",
    "cudaGetDevice": "int cudaGetDevice(int* n) { *n = 0; return 0; }",
    "cudaMalloc": "int cudaMalloc(void** p, size_t n) { *p = malloc(n); return 0; }",
    "cudaFree": "int cudaFree(void* p) { free(p); return 0; }",
    "cudaHostAlloc": "int cudaHostAlloc(void** p, size_t n, unsigned f) "
    "{ (void)f; *p = malloc(n); return 0; }",
    "cudaFreeHost": "int cudaFreeHost(void* p) { free(p); return 0; }",
    "cudaMemcpy": "int cudaMemcpy(void* d, const void* s, size_t n, int k) "
    "{ (void)k; memcpy(d, s, n); return 0; }",
    "cudaMemcpyAsync": "int cudaMemcpyAsync(void* d, const void* s, size_t n, int k, void* t) "
    "{ (void)k; (void)t; memcpy(d, s, n); return 0; }",
    "cudaStreamCreateWithFlags": "int cudaStreamCreateWithFlags(void** s, unsigned f) "
    "{ (void)f; *s = malloc(8); return 0; }",
    "cudaEventCreateWithFlags": "int cudaEventCreateWithFlags(void** e, unsigned f) "
    "{ (void)f; *e = malloc(8); return 0; }",
    "cudaGetErrorString": 'const char* cudaGetErrorString(int e) { (void)e; return "stub"; }',
    "cudaGetErrorName": 'const char* cudaGetErrorName(int e) { (void)e; return "stub"; }',
    "cudaMemGetInfo": "int cudaMemGetInfo(size_t* f, size_t* t) { *f = *t = 1u << 30; return 0; }",
    "cudaGetDeviceProperties": "int cudaGetDeviceProperties(char* p, int d) "
    '{ (void)d; memset(p, 0, 600); strcpy(p, "stub"); return 0; }',
    "__cudaRegisterFatBinary": "void** __cudaRegisterFatBinary(void* f) "
    "{ static void* handle[4]; (void)f; return handle; }",
}
_SYMBOL = re.compile(r"UND (\w+)(?:@(\S+))?")
_HEAD = "#include <stdlib.h>\n#include <string.h>\n"


def build_stubs(provider: Path, folder: Path) -> None:
    """Compiles the libraries that a provider needs into a folder, for LD_LIBRARY_PATH.

    Needs readelf and gcc.
    """
    dynamic = _output("readelf", "-d", "-W", str(provider))
    needed = re.findall(r"NEEDED.*\[(libcu\S+)\]", dynamic)
    names: dict[str, set[str]] = {library: set() for library in needed}
    driver = next(library for library in needed if library.startswith("libcuda.so"))
    for name, version in _SYMBOL.findall(_output("readelf", "--dyn-syms", "-W", str(provider))):
        if version in names:  # CUDA's libraries name themselves as the version of their symbols
            names[version].add(name)
        elif re.match(r"cu[A-Z]", name):
            names[driver].add(name)
    # For users that find it by name.
    names[next(library for library in needed if "cudart" in library)] |= {
        "cudaMemcpy",
        "cudaGetDevice",
        "cudaSetDevice",
        "cudaStreamSynchronize",
        "cudaGetErrorString",
    }
    for library, symbols in names.items():
        _build(library, symbols, folder, versioned=library != driver)


def _build(library: str, symbols: set[str], folder: Path, *, versioned: bool) -> None:
    source = folder / f"{library}.c"
    lines = [RUNTIME.get(name, f"long {name}(void) {{ return 0; }}") for name in sorted(symbols)]
    source.write_text(_HEAD + "\n".join(lines) + "\n", encoding="ascii")
    options = ["-w", "-shared", "-fPIC", f"-Wl,-soname,{library}"]
    if versioned:
        script = folder / f"{library}.map"
        script.write_text(f"{library} {{ global: *; }};\n", encoding="ascii")
        options.append(f"-Wl,--version-script,{script}")
    subprocess.run(["gcc", *options, "-o", str(folder / library), str(source)], check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
