"""``python -m hpinfer``."""

from __future__ import annotations

from hpinfer.cli import main

if __name__ == "__main__":
    main()
