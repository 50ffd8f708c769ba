"""The converter of `hpinfer.hpi.conversion` as the loading of models sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.hpi.candidates import Conversion
from hpinfer.hpi.conversion import Refusal, convert, onnx_is_stale, route

if TYPE_CHECKING:
    from hpinfer.hpi.artifacts import ArtifactStore
    from hpinfer.hpi.conversion import ConvertedModel
    from hpinfer.hub import ModelFiles


class Paddle2OnnxConverter:
    """Converts with paddle2onnx; implements `hpinfer.models.opening.Converter`."""

    def offer(self, files: ModelFiles) -> Conversion:
        """What would convert these files here, or why nothing would."""
        found = route(files)
        if isinstance(found, Refusal):
            return Conversion(None, str(found))
        return Conversion(found.converter.name, "")

    def stale_onnx(self, files: ModelFiles) -> str | None:
        """Why the ONNX file that hpinfer wrote is not that of the Paddle files any more."""
        return onnx_is_stale(files)

    def convert(self, files: ModelFiles, store: ArtifactStore) -> ConvertedModel:
        """Converts them, or finds the product of an earlier conversion."""
        return convert(files, store=store)
