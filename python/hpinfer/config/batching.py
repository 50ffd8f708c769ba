"""How text lines share the input of a recognition network."""

from __future__ import annotations

from typing import Literal, TypeAlias

#: ``"compact"``: each line as wide as itself needs, so that its result depends on it alone.
#: ``"official"``: at least 320 columns and as wide as the widest of its batch, as in PaddleX.
Batching: TypeAlias = Literal["compact", "official"]
