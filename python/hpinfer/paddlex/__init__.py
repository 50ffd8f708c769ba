"""hpinfer beside PaddleX: its operators on hpinfer's kernels, its plugin, its environment.

`accelerate` replaces operators inside PaddleX; `hpinfer.paddlex.drop_in` is the plugin
``ultra_infer``; `hpinfer.paddlex.environment` says what PaddleX will do on this machine.
"""

from __future__ import annotations

from hpinfer.paddlex.acceleration import Acceleration, accelerate

__all__ = ["Acceleration", "accelerate"]
