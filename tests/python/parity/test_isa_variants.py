"""The parity tests hold for every instruction set that this processor has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpinfer import _native

HERE = Path(__file__).parent
MODULES = ("test_resize.py", "test_plan.py", "test_warp.py", "test_db.py", "test_ctc.py")
CPU = _native.cpu_info()


@pytest.mark.parametrize("isa", [isa for isa in CPU["isas"] if isa != CPU["active_isa"]])
def test_parity_holds(isa):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *(str(HERE / module) for module in MODULES),
        ],
        env={**os.environ, "HPINFER_FORCE_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_forced_variant_is_used():
    code = "from hpinfer import _native; print(_native.cpu_info()['active_isa'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HPINFER_FORCE_ISA": "scalar"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "scalar"
