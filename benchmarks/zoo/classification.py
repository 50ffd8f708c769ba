"""Classifiers of PaddleClas, with the soft-max in the graph as in the published models."""

from __future__ import annotations

import functools
from typing import Any

import guide
from network import Network, picture

_OTHER_NAMES = {
    "MobileNetV1_x1_0": "MobileNetV1",
    "MobileNetV2_x1_0": "MobileNetV2",
    "PP-LCNet_x1_0_doc_ori": "PPLCNet_x1_0",
    "PP-LCNet_x0_25_textline_ori": "PPLCNet_x0_25",
}
#: Number of classes and further arguments where they differ from ImageNet's.
_SPECIAL: dict[str, dict[str, Any]] = {
    "PP-LCNet_x1_0_doc_ori": {"class_num": 4},
    "PP-LCNet_x0_25_textline_ori": {
        "class_num": 2,
        "stride_list": [2, [2, 1], [2, 1], [2, 1], [2, 1]],
    },
}


def _class_name(model: str) -> str:
    return _OTHER_NAMES.get(model, model.replace("PP-", "PP").replace("V2-B", "V2_B"))


def _side(model: str) -> int:
    return 384 if model.endswith("384") else 224


def _build(model: str) -> Any:
    from ppcls.arch import backbone
    from ppcls.utils import logger

    from paddle import nn

    logger.init_logger()  # the networks warn through it
    network = getattr(backbone, _class_name(model))(**_SPECIAL.get(model, {"class_num": 1000}))
    return nn.Sequential(network, nn.Softmax(axis=-1))


def _config(model: str) -> dict[str, Any]:
    if model.endswith("textline_ori"):
        shaping: list[dict[str, Any]] = [{"ResizeImage": {"size": [160, 80]}}]
    else:
        side = _side(model)
        shaping = [
            {"ResizeImage": {"resize_short": round(side * 256 / 224)}},
            {"CropImage": {"size": side}},
        ]
    normalise = {
        "channel_num": 3,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "scale": 1 / 255,
        "order": "",
    }
    operators = [*shaping, {"NormalizeImage": normalise}, {"ToCHWImage": None}]
    return {"PreProcess": {"transform_ops": operators}, "PostProcess": {"Topk": {"topk": 5}}}


def networks() -> list[Network]:
    """Every classifier of the guides."""
    found = []
    for family in guide.FAMILIES:
        if family.task != "image classification":
            continue
        for model in family.models:
            line = model.endswith("textline_ori")
            side = _side(model)
            size = (80, 160) if line else (side, side)
            found.append(
                Network(
                    model=model,
                    build=functools.partial(_build, model),
                    inputs=(picture(*size, fixed=True),),
                    compare="values",
                    package=f"paddleclas 2.6.0 {_class_name(model)}",
                    logits=True,
                    config=_config(model),
                )
            )
    return found
