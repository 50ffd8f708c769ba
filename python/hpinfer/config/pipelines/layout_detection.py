"""The module that finds the parts of a page, of pipelines that read some of them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from hpinfer.config.pipelines.tree import ModuleConfig

_Score: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
_Ratio: TypeAlias = Annotated[float, Field(gt=0.0)]
_Ratios: TypeAlias = _Ratio | tuple[_Ratio, _Ratio]
_MergeMode: TypeAlias = Literal["union", "large", "small"]


class LayoutDetectionConfig(ModuleConfig):
    """Layout detection. None means: what the model's inference.yml says.

    Mappings are by class, its number or its label.
    """

    threshold: _Score | dict[int | str, _Score] | None = None
    layout_nms: bool | None = None
    layout_unclip_ratio: _Ratios | dict[int | str, _Ratios] | None = None
    layout_merge_bboxes_mode: _MergeMode | dict[int | str, _MergeMode] | None = None
