"""Text recognition: what a picture of one text line says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hpinfer.config.batching import Batching  # noqa: TC001 - pydantic reads it
from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import UnsupportedError
from hpinfer.models.base import Model
from hpinfer.models.transform import native_operators
from hpinfer.results import TextRecResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer import _native
    from hpinfer.config.inference import InferenceConfig
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel


class _PostProcess(StrictModel):
    """The ``PostProcess`` section of a recognition model's inference.yml."""

    name: Literal["CTCLabelDecode"]
    character_dict: tuple[str, ...]


def recognition_characters(config: InferenceConfig) -> list[str]:
    """The model's dictionary: the text of its classes between the blank and the space."""
    where = f"inference.yml of {config.model_name}"
    # YAML reads an unquoted digit as a number.
    post = dict(config.postprocess)
    post["character_dict"] = tuple(str(item) for item in post.get("character_dict") or ())
    return list(validate(_PostProcess, post, where=where).character_dict)


class _CallParameters(StrictModel):
    """What a call may set; None leaves the model's value."""

    batching: Batching | None = None


class TextRecognition(Model[TextRecResult]):
    """Reads pictures of single text lines.

    Parameters of `predict`: ``batching`` (``"compact"``, the default where the network takes
    inputs of any width, or ``"official"``: docs/models.md).
    """

    PARAMETERS: ClassVar[frozenset[str]] = frozenset(_CallParameters.model_fields)

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        self.native = _native.TextRecognizer(
            loaded.session.native,
            native_operators(loaded.config.operators),
            recognition_characters(loaded.config),
        )

    def batching(self, wanted: Batching | None) -> Batching:
        """How lines share inputs, given what was asked for.

        Raises:
            UnsupportedError: The network's input has a fixed width, which ``"compact"`` cannot use.
        """
        if wanted == "compact" and not self.native.fits_any_width:
            raise UnsupportedError(
                f"batching 'compact' gives each line a width of its own, but the input of "
                f"{self.name} has a fixed one; leave batching out or set it to 'official'"
            )
        return wanted or ("compact" if self.native.fits_any_width else "official")

    def _settings(self, params: Mapping[str, Any]) -> Batching:
        call = validate(_CallParameters, dict(params), where=f"{self.name}.predict")
        return self.batching(call.batching)

    def _predict_batch(
        self, images: Sequence[InputImage], settings: Batching
    ) -> list[TextRecResult]:
        lines = self.native.recognize(
            [image.bgr for image in images],
            recognition_options(settings, batch_size=max(len(images), 1), sort_by_ratio=False),
        )
        return [
            TextRecResult(
                rec_text=line.text,
                rec_score=line.score,
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, line in zip(images, lines, strict=True)
        ]


def recognition_options(
    batching: Batching, *, batch_size: int, sort_by_ratio: bool
) -> _native.RecognitionOptions:
    """The native form.

    Args:
        batching: How lines share inputs.
        batch_size: Lines for one input.
        sort_by_ratio: Whether official batches are made of lines of similar shape.
    """
    from hpinfer import _native

    columns = _native.LineColumns() if batching == "compact" else None
    return _native.RecognitionOptions(batch_size, sort_by_ratio, columns)
