"""An engine that does what a test says: real sessions with a fault between them and hpinfer."""

from __future__ import annotations

import threading

import numpy as np

from hpinfer import _native
from hpinfer.models import loading

WAIT_S = 60

NAN, INFINITY = float("nan"), float("inf")


class Fault:
    """What happens to the runs of the sessions that it is put in front of.

    Attributes:
        now: Name of the fault; empty for none.
        runs: Runs that reached it.
    """

    def __init__(self):
        self.now = ""
        self.runs = 0
        self.hangs = threading.Event()
        self.release = threading.Event()

    def session(self, native):
        """`native` behind this fault, by hpinfer's own way of adding an engine."""

        def run(arrays):
            self.runs += 1
            return self.outputs(native, arrays)

        return _native.python_session(
            "fault", native.inputs, native.outputs, run, native.trim, native.options
        )

    def outputs(self, native, arrays):
        fault = self.now
        if fault in RAISED:
            raise RAISED[fault]
        if fault == "hang":
            self.hangs.set()
            assert self.release.wait(WAIT_S)
        outputs = native.run(arrays)
        return SPOILT[fault](outputs) if fault in SPOILT else outputs


#: Name of a fault to what the engine raises.
RAISED = {
    "fails": RuntimeError("kernel\nlaunch failed"),
    "foreign": type("ForeignError", (Exception,), {})("from another library"),
    "no memory": MemoryError("cannot allocate 8 GiB"),
    "interrupted": KeyboardInterrupt(),
}


def _with(value):
    def spoil(outputs):
        for output in outputs:
            output[...] = value
        return outputs

    return spoil


#: Name of a fault to what it makes of the outputs.
SPOILT = {
    "NaN": _with(NAN),
    "infinite": _with(INFINITY),
    "fewer rows": lambda outputs: [output[:0] for output in outputs],
    "more rows": lambda outputs: [np.concatenate([output, output]) for output in outputs],
    "other rank": lambda outputs: [output.reshape(-1) for output in outputs],
    "scalar": lambda outputs: [np.array(0.5, output.dtype) for output in outputs],
    "other dtype": lambda outputs: [output.astype(np.float64) for output in outputs],
    "no outputs": lambda outputs: outputs[:0],
    "too many outputs": lambda outputs: [*outputs, outputs[0]],
    "no list": lambda outputs: None,
    "no arrays": lambda outputs: [1.0 for _ in outputs],
}


def put_in_front(monkeypatch, fault, *, model=""):
    """Puts a fault before the sessions that pipelines load from now on, of one model or of all."""
    from hpinfer.pipelines import base

    def load_model(*args, **kwargs):
        loaded = loading.load_model(*args, **kwargs)
        if model in loaded.name:
            loaded.session.native = fault.session(loaded.session.native)
        return loaded

    monkeypatch.setattr(base, "load_model", load_model)
