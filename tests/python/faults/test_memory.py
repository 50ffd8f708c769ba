"""Memory that the system does not give: a typed error, and the next call works."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from example_pages import ENGINES, IMAGES

from hpinfer.errors import OutOfMemoryError

#: Reads a small picture, a huge one under a limit on the address space, and the small one again.
LIMITED = """
import json, os, resource, sys
import numpy as np
import hpinfer
from hpinfer.errors import HpinferError
engine, page = sys.argv[1:]
pipeline = hpinfer.create_pipeline("OCR", engine=engine)
expected = [result.rec_texts for result in pipeline.predict(page)]
huge = np.full((9000, 9000, 3), 255, np.uint8)
huge[::7] = 0
with open("/proc/self/statm") as stream:
    size = int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
said = []
for spare in (64, 96, 128, 192):
    resource.setrlimit(resource.RLIMIT_AS, (size + (spare << 20), resource.RLIM_INFINITY))
    try:
        list(pipeline.predict(huge, text_det_limit_side_len=8960, text_det_limit_type="max"))
        said.append("nothing")
    except HpinferError as error:
        said.append(f"{type(error).__name__}: {error}")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    assert [result.rec_texts for result in pipeline.predict(page)] == expected
print(json.dumps(said))
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_huge_picture_under_a_limit(engine):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, engine, str(IMAGES / "hello.png")],
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert all(text.startswith("OutOfMemoryError: ") for text in said), said
    assert not any("\n" in text for text in said)


def test_it_is_a_memory_error_too():
    assert issubclass(OutOfMemoryError, MemoryError)
