"""pandas, which only ``to_pandas`` of a result needs."""

from __future__ import annotations

from typing import Any

from hpinfer.errors import UnsupportedError


def import_pandas() -> Any:  # noqa: ANN401 - the module, which need not be installed
    """The module ``pandas``, imported now.

    Raises:
        UnsupportedError: pandas is not installed.
    """
    try:
        import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise UnsupportedError("to_pandas needs pandas: pip install 'hpinfer[pandas]'") from None
    return pd
