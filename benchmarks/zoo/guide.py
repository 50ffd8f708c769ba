"""The 125 models that the high-performance inference guides name, by family.

A family is a set of models with one architecture in several sizes or training sets. Names and
families follow the guides; `kind` says what the zoo builds for it: ``"real"`` from a published
package, ``"stand-in"`` a network written here with the family's operators, inputs and outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FamilyKind = Literal["real", "stand-in"]


@dataclass(frozen=True, slots=True)
class Family:
    """Models of one architecture.

    Attributes:
        name: Family name.
        task: Task of the guides.
        kind: Where the zoo's architecture comes from.
        models: The guides' models of the family.
    """

    name: str
    task: str
    kind: FamilyKind
    models: tuple[str, ...]


def _sized(prefix: str, sizes: str) -> tuple[str, ...]:
    return tuple(prefix + size for size in sizes.split())


_SWIN = "SwinTransformer_"
_CLASSIFICATION = "image classification"
_DETECTION = "object detection"
_SEGMENTATION = "semantic segmentation"
_LAYOUT = "layout detection"

FAMILIES = (
    Family("ResNet", _CLASSIFICATION, "real", _sized("ResNet", "18 34 50 101 152")),
    Family(
        "ResNet_vd",
        _CLASSIFICATION,
        "real",
        _sized("ResNet", "18_vd 34_vd 50_vd 101_vd 152_vd 200_vd"),
    ),
    Family(
        "PP-LCNet",
        _CLASSIFICATION,
        "real",
        (
            *_sized("PP-LCNet_x", "0_25 0_35 0_5 0_75 1_0 1_5 2_0 2_5"),
            "PP-LCNet_x1_0_doc_ori",
            "PP-LCNet_x0_25_textline_ori",
        ),
    ),
    Family("PP-LCNetV2", _CLASSIFICATION, "real", _sized("PP-LCNetV2_", "small base large")),
    Family("MobileNetV1", _CLASSIFICATION, "real", _sized("MobileNetV1_x", "0_25 0_5 0_75 1_0")),
    Family("MobileNetV2", _CLASSIFICATION, "real", _sized("MobileNetV2_x", "0_25 0_5 1_0 1_5 2_0")),
    Family(
        "MobileNetV3",
        _CLASSIFICATION,
        "real",
        (
            *_sized("MobileNetV3_large_x", "0_35 0_5 0_75 1_0 1_25"),
            *_sized("MobileNetV3_small_x", "0_35 0_5 0_75 1_0 1_25"),
        ),
    ),
    Family(
        "ConvNeXt",
        _CLASSIFICATION,
        "real",
        _sized("ConvNeXt_", "tiny small base_224 base_384 large_224 large_384"),
    ),
    Family(
        "SwinTransformer",
        _CLASSIFICATION,
        "real",
        (
            *_sized(_SWIN, "tiny_patch4_window7_224 small_patch4_window7_224"),
            *_sized(_SWIN, "base_patch4_window7_224 base_patch4_window12_384"),
            *_sized(_SWIN, "large_patch4_window7_224 large_patch4_window12_384"),
        ),
    ),
    Family("PP-HGNet", _CLASSIFICATION, "real", _sized("PP-HGNet_", "tiny small base")),
    Family("PP-HGNetV2", _CLASSIFICATION, "real", _sized("PP-HGNetV2-B", "0 1 2 3 4 5 6")),
    Family(
        "CLIP_vit",
        _CLASSIFICATION,
        "real",
        _sized("CLIP_vit_", "base_patch16_224 large_patch14_224"),
    ),
    Family("PP-YOLOE_plus", _DETECTION, "real", _sized("PP-YOLOE_plus-", "S M L X")),
    Family("YOLOX", _DETECTION, "real", _sized("YOLOX-", "N T S M L X")),
    Family(
        "YOLOv3", _DETECTION, "real", _sized("YOLOv3-", "DarkNet53 MobileNetV3 ResNet50_vd_DCN")
    ),
    Family("PicoDet", _DETECTION, "real", _sized("PicoDet-", "S L")),
    Family(
        "PicoDet layout",
        _LAYOUT,
        "real",
        (
            "PicoDet_layout_1x",
            *_sized("PicoDet-", "S_layout_3cls S_layout_17cls L_layout_3cls L_layout_17cls"),
        ),
    ),
    Family("RT-DETR", _DETECTION, "stand-in", _sized("RT-DETR-", "R18 R50 L H X")),
    Family("RT-DETR layout", _LAYOUT, "stand-in", _sized("RT-DETR-H_layout_", "3cls 17cls")),
    Family("Mask-RT-DETR", "instance segmentation", "stand-in", _sized("Mask-RT-DETR-", "L H")),
    Family("Deeplabv3", _SEGMENTATION, "real", _sized("Deeplabv3-", "R50 R101")),
    Family("Deeplabv3_Plus", _SEGMENTATION, "real", _sized("Deeplabv3_Plus-", "R50 R101")),
    Family("PP-LiteSeg", _SEGMENTATION, "real", ("PP-LiteSeg-T",)),
    Family("OCRNet", _SEGMENTATION, "real", _sized("OCRNet_HRNet-", "W18 W48")),
    Family("SegFormer", _SEGMENTATION, "real", _sized("SegFormer-B", "0 1 2 3 4 5")),
    Family("SeaFormer", _SEGMENTATION, "stand-in", _sized("SeaFormer_", "tiny small base large")),
    Family(
        "DB",
        "text detection",
        "stand-in",
        (
            *_sized("PP-OCRv4_", "server_det mobile_det"),
            *_sized("PP-OCRv4_", "server_seal_det mobile_seal_det"),
        ),
    ),
    Family(
        "CTC recognition",
        "text recognition",
        "stand-in",
        (*_sized("PP-OCRv4_", "server_rec mobile_rec"), "ch_RepSVTR_rec"),
    ),
    Family("SVTRv2", "text recognition", "stand-in", ("ch_SVTRv2_rec",)),
    Family("SLANet", "table structure", "stand-in", ("SLANet",)),
    Family("SLANet_plus", "table structure", "stand-in", ("SLANet_plus",)),
    Family("LaTeX-OCR", "formula recognition", "stand-in", ("LaTeX_OCR_rec",)),
    Family("UVDoc", "image unwarping", "stand-in", ("UVDoc",)),
)

MODELS = tuple(model for family in FAMILIES for model in family.models)


def family_of(model: str) -> Family:
    """The family of one of the guides' models.

    Raises:
        KeyError: The guides do not name it.
    """
    for family in FAMILIES:
        if model in family.models:
            return family
    raise KeyError(model)
