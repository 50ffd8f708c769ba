"""Table structure recognition: rows, cells and where they are, without the text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from hpinfer.config.validation import StrictModel, validate
from hpinfer.models.base import Model
from hpinfer.models.transform import native_operators
from hpinfer.results import TableRecResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.config.inference import InferenceConfig, Operator
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel

#: Models whose boxes are relative to the picture; those of the others to the padded square.
_BOXES_IN_PICTURE = frozenset({"SLANet"})


class _PostProcess(StrictModel):
    """The ``PostProcess`` section of a table model's inference.yml."""

    name: Literal["TableLabelDecode"]
    character_dict: tuple[str, ...]
    merge_no_span_structure: bool = True


class TableStructureRecognition(Model[TableRecResult]):
    """Reads the structure of pictures of single tables."""

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        config = loaded.config
        post = _post_process(config)
        self.native = _native.TableRecognizer(
            loaded.session.native,
            native_operators([_plain_normalize(step) for step in config.operators]),
            list(post.character_dict),
            merge_empty_cells=_merges_empty_cells(config, post),
            boxes_in_padding=not _boxes_in_picture(config),
        )

    def _predict_batch(
        self, images: Sequence[InputImage], settings: object
    ) -> list[TableRecResult]:
        tables = self.native.recognize([image.bgr for image in images], max(len(images), 1))
        return [
            TableRecResult(
                bbox=table.boxes,
                structure=table.tokens,
                structure_score=table.score,
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, table in zip(images, tables, strict=True)
        ]


def _post_process(config: InferenceConfig) -> _PostProcess:
    post = dict(config.postprocess)
    post["character_dict"] = tuple(str(token) for token in post.get("character_dict") or ())
    return validate(_PostProcess, post, where=f"inference.yml of {config.model_name}")


def _merges_empty_cells(config: InferenceConfig, post: _PostProcess) -> bool:
    encode = config.operator("TableLabelEncode")  # where PaddleX reads it
    params = {} if encode is None else encode.params
    return bool(params.get("merge_no_span_structure", post.merge_no_span_structure))


def _boxes_in_picture(config: InferenceConfig) -> bool:
    """True for SLANet and for the models of PaddleOCR 2, whose boxes have two corners."""
    encode = config.operator("TableBoxEncode")
    two_corners = encode is not None and encode.params.get("out_box_format") == "xyxy"
    return config.model_name in _BOXES_IN_PICTURE or two_corners


def _plain_normalize(step: Operator) -> Operator:
    # PaddleX reads mean and std of a table model, never the scale, which is 1/255.
    if step.name != "NormalizeImage":
        return step
    params = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], **step.params}
    return replace(step, params={key: params[key] for key in ("mean", "std")})
