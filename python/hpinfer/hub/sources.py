"""What the remote sources of models have in common."""

from __future__ import annotations


class SourceError(Exception):
    """A source could not deliver a model; the text is the reason. It never reaches users alone."""
