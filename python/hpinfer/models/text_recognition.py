"""Text recognition: what a picture of one text line says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hpinfer.config.validation import StrictModel, validate
from hpinfer.models.base import Model
from hpinfer.models.transform import native_operators
from hpinfer.results import TextRecResult

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class TextRecognition(Model[TextRecResult]):
    """Reads pictures of single text lines."""

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        self.native = _native.TextRecognizer(
            loaded.session.native,
            native_operators(loaded.config.operators),
            recognition_characters(loaded.config),
        )

    def _predict_batch(self, images: Sequence[InputImage], settings: object) -> list[TextRecResult]:
        lines = self.native.recognize(
            [image.bgr for image in images], max(len(images), 1), sort_by_ratio=False
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
