"""Every network of the zoo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import classification
import detection
import segmentation

if TYPE_CHECKING:
    from network import Network

#: One or two of each family, small ones; the rest is the same code with other numbers.
_DEFAULT = (
    "ResNet18",
    "ResNet50",
    "ResNet18_vd",
    "ResNet50_vd",
    "PP-LCNet_x0_25",
    "PP-LCNet_x1_0",
    "PP-LCNet_x1_0_doc_ori",
    "PP-LCNet_x0_25_textline_ori",
    "PP-LCNetV2_small",
    "PP-LCNetV2_base",
    "MobileNetV1_x0_25",
    "MobileNetV1_x1_0",
    "MobileNetV2_x0_25",
    "MobileNetV2_x1_0",
    "MobileNetV3_small_x0_35",
    "MobileNetV3_large_x1_0",
    "ConvNeXt_tiny",
    "SwinTransformer_tiny_patch4_window7_224",
    "PP-HGNet_tiny",
    "PP-HGNetV2-B0",
    "PP-HGNetV2-B4",
    "CLIP_vit_base_patch16_224",
    "PicoDet-S",
    "PicoDet-L",
    "PicoDet_layout_1x",
    "PicoDet-S_layout_3cls",
    "PP-YOLOE_plus-S",
    "YOLOX-N",
    "YOLOX-S",
    "YOLOv3-MobileNetV3",
    "YOLOv3-DarkNet53",
    "YOLOv3-ResNet50_vd_DCN",
    "Deeplabv3-R50",
    "Deeplabv3_Plus-R50",
    "PP-LiteSeg-T",
    "OCRNet_HRNet-W18",
    "SegFormer-B0",
)


def _every() -> list[Network]:
    # The stand-ins derive from Paddle's classes; importing that takes seconds.
    import stand_in_decoders
    import stand_in_transformers
    import stand_ins

    return [
        *_packaged(),
        *stand_ins.networks(),
        *stand_in_decoders.networks(),
        *stand_in_transformers.networks(),
    ]


def _packaged() -> list[Network]:
    return [*classification.networks(), *detection.networks(), *segmentation.networks()]


def names(*, everything: bool) -> list[str]:
    """Names of the networks: all, or one or two of each family."""
    packaged = [network.model for network in _packaged()]
    chosen = packaged if everything else [name for name in packaged if name in _DEFAULT]
    return [*chosen, *(one.model for one in _every() if one.model not in packaged)]


def network(name: str) -> Network:
    """The network that is, or stands for, a model of the guides.

    Raises:
        KeyError: There is none.
    """
    for candidate in _every():
        if candidate.model == name:
            return candidate
    raise KeyError(name)
