"""Why one conversion failed, before it is known which model and converter it belongs to."""

from __future__ import annotations


class ConversionFailure(Exception):
    """Completes the sentence "MODEL ...". Never reaches users: it becomes a `ConversionError`."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """Make a failure.

        Args:
            reason: What happened.
            transient: True if another try may end otherwise: a limit of time or memory.
        """
        super().__init__(reason)
        self.transient = transient
