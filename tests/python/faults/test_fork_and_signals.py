"""Children of a process that has used hpinfer, Ctrl-C and SIGTERM."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from example_pages import ENGINES, IMAGES

import hpinfer
from hpinfer.errors import UnsupportedError

WAIT_S = 120
PAGE = str(IMAGES / "hello.png")


def run_python(code, *arguments, **variables):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


FORK = """
import json, os, sys
import hpinfer
engine, page = sys.argv[1:]
def make():
    return hpinfer.create_pipeline("OCR", engine=engine)
parents = make()
expected = [result.rec_texts for result in parents.predict(page)]
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    said = {}
    try:
        list(parents.predict(page))
    except hpinfer.errors.UnsupportedError as error:
        said["parents"] = str(error)
    del parents  # its threads are the parent's: nothing waits for them
    said["own"] = [result.rec_texts for result in make().predict([page] * 3)]
    os.write(writing, json.dumps(said).encode())
    os._exit(0)
os.close(writing)
said = json.loads(os.fdopen(reading).read())
assert os.waitpid(child, 0)[1] == 0
assert "loaded before the process was forked" in said["parents"], said
assert "\\n" not in said["parents"]
assert said["own"] == expected * 3, said
assert [result.rec_texts for result in parents.predict(page)] == expected
print("as it should be")
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_child_loads_its_own_models(engine):
    """The parent's are refused at once instead of waiting for threads that are not there."""
    done = run_python(FORK, engine, PAGE)
    assert done.stdout.strip() == "as it should be", done.stderr


def read_in_child(page, results):
    pipeline = hpinfer.create_pipeline("OCR", engine=ENGINES[0])
    results.put([result.rec_texts for result in pipeline.predict(page)])


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_multiprocessing(method):
    expected = [r.rec_texts for r in hpinfer.create_pipeline("OCR").predict(PAGE)]
    context = multiprocessing.get_context(method)
    results = context.Queue()
    child = context.Process(target=read_in_child, args=(PAGE, results))
    child.start()
    assert results.get(timeout=WAIT_S) == expected
    child.join(WAIT_S)
    assert child.exitcode == 0


def test_a_session_in_a_child_says_what_to_do():
    from hpinfer._tiny_model import tiny_add_model

    session = hpinfer.Session(tiny_add_model([1, 2, 3, 4]), engine=ENGINES[0])
    x = np.zeros([1 if d is None else d for d in session.inputs[0].shape], np.float32)
    session.run([x])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            session.run([x])
            message = b"ran"
        except UnsupportedError as error:
            message = str(error).encode()
        finally:
            os.write(writing, message)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert "load it in the child, or start children with multiprocessing's 'spawn'" in (
            pipe.read()
        )
    assert os.waitpid(child, 0)[1] == 0
    session.run([x])


#: Reads pages for ever, and tells when it begins, when Ctrl-C arrives, and what comes after.
LONG_RUN = """
import itertools, json, os, signal, sys, threading, time
import hpinfer
engine, page, at_once = sys.argv[1:]
os.environ["HPINFER_BATCHES_AT_ONCE"] = at_once
pipeline = hpinfer.create_pipeline("OCR", engine=engine)
expected = [result.rec_texts for result in pipeline.predict(page)]
before = {t.name for t in threading.enumerate()}
print("ready", flush=True)
try:
    for result in pipeline.predict(itertools.repeat(page)):
        pass
except KeyboardInterrupt:
    arrived = time.monotonic()
again = [result.rec_texts for result in pipeline.predict(page)]
end = time.monotonic() + 30
while {t.name for t in threading.enumerate()} - before and time.monotonic() < end:
    time.sleep(0.01)
print(json.dumps({
    "arrived": arrived, "same": again == expected,
    "threads": sorted({t.name for t in threading.enumerate()} - before),
}), flush=True)
"""


def started(code, *arguments):
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = child.stdout.readline()
    if said != "ready\n":
        child.kill()
        pytest.fail(f"not ready, but {said!r}: {child.communicate()[1]}")
    return child


@pytest.mark.parametrize("at_once", ["1", "2"])
def test_ctrl_c_in_a_long_run(at_once):
    """It comes as KeyboardInterrupt, no thread stays, and the next call works."""
    child = started(LONG_RUN, ENGINES[0], PAGE, at_once)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    sent = time.monotonic()
    output, errors = child.communicate(timeout=WAIT_S)
    assert child.returncode == 0, errors
    told = json.loads(output)
    assert told["same"]
    assert told["threads"] == []
    assert told["arrived"] - sent < 30  # timings are for docs/operations.md


#: One native call that lasts until it is interrupted: an engine of many short runs.
NATIVE_CALL = """
import sys, time
import numpy as np
from hpinfer import _native
from hpinfer.config.inference import Operator
from hpinfer.models.transform import native_operators
runs = 0
def run(arrays):
    global runs
    runs += 1
    if runs == 3:
        print("ready", flush=True)
    end = time.perf_counter() + 0.01
    (batch,) = arrays
    scores = np.zeros((batch.shape[0], 4, 5), np.float32)
    return [scores]
session = _native.python_session("fault",
    [_native.TensorInfo("x", "float32", [None, 3, 48, None])],
    [_native.TensorInfo("y", "float32", [None, None, 5])], run, None, _native.SessionOptions())
recognizer = _native.TextRecognizer(
    session, native_operators([Operator("RecResizeImg", {"image_shape": [3, 48, 320]})]),
    ["a", "b", "c"])
lines = [np.zeros((48, 3000, 3), np.uint8)] * 20000
try:
    recognizer.recognize(lines, _native.RecognitionOptions(1, False, None))
    print("never interrupted")
except KeyboardInterrupt:
    print("interrupted" if runs < 20000 else "too late")
print(len(recognizer.recognize(lines[:3], _native.RecognitionOptions(1, False, None))))
"""


def test_ctrl_c_inside_one_native_call():
    child = started(NATIVE_CALL)
    child.send_signal(signal.SIGINT)
    output, errors = child.communicate(timeout=WAIT_S)
    assert output.split() == ["interrupted", "3"], errors


#: Creating a pipeline while another process holds the lock of its artifact: a wait of minutes.
CREATION = """
import os, sys, threading
from pathlib import Path
import hpinfer
from hpinfer.pipelines import base
root, page = sys.argv[1:]
real = base.load_model
def waiting(*args, **kwargs):
    from hpinfer._locks import held
    os.write(1, b"ready\\n")  # whole: two threads come here at once
    with held(Path(root, "some.lock"), timeout_s=600) as free:
        assert free
    return real(*args, **kwargs)
base.load_model = waiting
try:
    hpinfer.create_pipeline("OCR")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_while_models_load_ends_the_program(tmp_path):
    from hpinfer._locks import held

    with held(tmp_path / "some.lock", timeout_s=1) as free:
        assert free
        child = started(CREATION, tmp_path, PAGE)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=60)  # not the 600 s of the lock
    assert "interrupted" in output, errors
    assert child.returncode == 0, errors


TERMINATED = """
import sys
from pathlib import Path
from PIL import Image
from hpinfer.results.files import write_bytes
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore
folder = Path(sys.argv[1])
write_bytes(folder / "kept.json", b"old")
print("ready", flush=True)
for number in range(10**9):
    write_bytes(folder / "kept.json", b"%09d" % (number % 10**9) * 10000)
    store = ArtifactStore([folder / "artifacts"])
    store.get_or_build(ArtifactKey("tensorrt-engine", {"model": str(number)}),
                       lambda work: (work / "engine.plan").write_bytes(b"x" * 100000))
"""


def test_sigterm_leaves_nothing_that_matters(tmp_path):
    from hpinfer.hpi.artifact_inventory import find_damage

    child = started(TERMINATED, tmp_path)
    time.sleep(0.5)
    child.terminate()
    child.communicate(timeout=WAIT_S)
    assert child.returncode == -signal.SIGTERM
    content = Path(tmp_path, "kept.json").read_bytes()
    assert content == b"old" or (len(content) == 90000 and content == content[:9] * 10000)
    _, damages = find_damage(roots=[tmp_path / "artifacts"], fix=True)
    assert all(damage.removed for damage in damages)
    assert find_damage(roots=[tmp_path / "artifacts"])[1] == []
