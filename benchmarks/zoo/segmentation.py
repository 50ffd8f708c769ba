"""Semantic segmentation networks of PaddleSeg, with the arg-max in the graph."""

from __future__ import annotations

import functools
from typing import Any

from network import Network, picture

_CLASSES = 19
#: Any multiple of 32: the published models take pictures of their own size.
_SIDE = 256


def _with_argmax(network: Any) -> Any:
    """The network as PaddleSeg exports it: int32 class of every pixel."""
    from paddle import nn

    class Labels(nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Any) -> Any:
            scores = self.network(x)
            scores = scores[0] if isinstance(scores, (list, tuple)) else scores
            return scores.argmax(axis=1, dtype="int32")

    return Labels()


def _deeplab(depth: int, *, plus: bool) -> Any:
    from paddleseg.models import deeplab
    from paddleseg.models.backbones import resnet_vd

    backbone = getattr(resnet_vd, f"ResNet{depth}_vd")(output_stride=8, multi_grid=[1, 2, 4])
    make = deeplab.DeepLabV3P if plus else deeplab.DeepLabV3
    return _with_argmax(
        make(
            num_classes=_CLASSES,
            backbone=backbone,
            backbone_indices=(0, 3) if plus else (3,),
            aspp_ratios=(1, 12, 24, 36),
        )
    )


def _lite_seg() -> Any:
    from paddleseg.models import PPLiteSeg
    from paddleseg.models.backbones.stdcnet import STDC1

    return _with_argmax(
        PPLiteSeg(
            num_classes=_CLASSES,
            backbone=STDC1(),
            arm_out_chs=[32, 64, 128],
            seg_head_inter_chs=[32, 64, 64],
        )
    )


def _ocrnet(width: int) -> Any:
    from paddleseg.models import OCRNet
    from paddleseg.models.backbones import hrnet

    backbone = getattr(hrnet, f"HRNet_W{width}")()
    return _with_argmax(OCRNet(num_classes=_CLASSES, backbone=backbone, backbone_indices=[0]))


def _segformer(size: int) -> Any:
    from paddleseg.models import SegFormer
    from paddleseg.models.backbones import mix_transformer

    backbone = getattr(mix_transformer, f"MixVisionTransformer_B{size}")()
    dimension = 256 if size < 2 else 768
    return _with_argmax(SegFormer(num_classes=_CLASSES, backbone=backbone, embedding_dim=dimension))


def config() -> dict[str, Any]:
    """The Deploy section of a segmentation model's inference.yml."""
    normalise = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3}
    return {
        "Deploy": {
            "transforms": [normalise],
            "input_shape": [-1, 3, -1, -1],
            "output_op": "argmax",
            "output_dtype": "int32",
        }
    }


def networks() -> list[Network]:
    """Every segmentation network of the guides that the package has."""
    builds = {
        **{f"Deeplabv3-R{d}": functools.partial(_deeplab, d, plus=False) for d in (50, 101)},
        **{f"Deeplabv3_Plus-R{d}": functools.partial(_deeplab, d, plus=True) for d in (50, 101)},
        "PP-LiteSeg-T": _lite_seg,
        **{f"OCRNet_HRNet-W{width}": functools.partial(_ocrnet, width) for width in (18, 48)},
        **{f"SegFormer-B{size}": functools.partial(_segformer, size) for size in range(6)},
    }
    return [
        Network(
            model=model,
            build=build,
            inputs=(picture(_SIDE, _SIDE),),
            compare="classes",
            package="paddleseg 2.8.0",
            config=config(),
        )
        for model, build in builds.items()
    ]
