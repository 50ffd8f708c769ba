"""What the fetching of wheels does to its own process: nothing."""

from __future__ import annotations

import sys

from hpinfer.hub.wheels import pip_is_installed


class Recorder:
    """An import hook that notes what is asked for."""

    def __init__(self):
        self.asked = []

    def find_spec(self, name, path=None, target=None):
        self.asked.append(name)


def test_pip_is_found_without_asking_the_import_system(monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(sys, "meta_path", [recorder, *sys.meta_path])
    assert pip_is_installed()
    assert not any(name.partition(".")[0] == "pip" for name in recorder.asked)
