"""Detectors of PaddleDetection, with box decoding and non-maximum suppression in the graph.

The wheel has the networks but not their configurations: the sizes below are those of the published
ones. RT-DETR is in no wheel.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import weights
from network import Input, Network

if TYPE_CHECKING:
    from collections.abc import Callable

_PRIOR_BIAS = -4.6  # of a class score that starts at 1 %
#: Parts of a head that only training needs.
_NO_LOSSES = {"loss_class": "ScoreKind", "loss_dfl": None, "loss_bbox": None, "assigner": None}


def inputs(height: int, width: int, *, im_shape: bool, batch: int = 1) -> tuple[Input, ...]:
    """Inputs of a detector, in the exporter's order."""
    size = (Input("im_shape", (None, 2), (batch, 2), "size"),) if im_shape else ()
    return (
        *size,
        Input("image", (None, 3, height, width), (batch, 3, height, width)),
        Input("scale_factor", (None, 2), (batch, 2), "scale"),
    )


def config(height: int, width: int, classes: int) -> dict[str, Any]:
    """Sections of a detector's inference.yml."""
    return {
        "mode": "paddle",
        "draw_threshold": 0.5,
        "Preprocess": [
            {"type": "Resize", "interp": 2, "keep_ratio": False, "target_size": [height, width]},
            {"type": "NormalizeImage", "mean": [0.0] * 3, "std": [1.0] * 3, "norm_type": "none"},
            {"type": "Permute"},
        ],
        "label_list": [f"class{index}" for index in range(classes)],
    }


def _create(architecture: str, settings: dict[str, Any]) -> Any:
    import ppdet.modeling  # noqa: F401  registers the parts
    from ppdet.core import workspace

    _suppress_in_pir()
    # Training on several devices has another batch normalisation; the exported one is the same.
    workspace.merge_config({"norm_type": "bn", **settings})
    # All that PicoDet's head asks its loss at inference.
    workspace.global_config["ScoreKind"] = SimpleNamespace(use_sigmoid=True)
    return workspace.create(architecture)


def _suppress_in_pir() -> None:
    """The package's suppression builds old programs only; PaddlePaddle 3 has the same operator."""
    from ppdet.modeling import layers

    import paddle

    if paddle.__version__.startswith("2."):
        return

    def multiclass_nms(
        bboxes: Any,
        scores: Any,
        score_threshold: float,
        nms_top_k: int,
        keep_top_k: int,
        nms_threshold: float,
        normalized: bool = True,
        nms_eta: float = 1.0,
        background_label: int = -1,
        **_: Any,
    ) -> tuple[Any, Any, Any]:
        rows, index, counts = paddle._C_ops.multiclass_nms3(
            bboxes,
            scores,
            None,
            score_threshold,
            nms_top_k,
            keep_top_k,
            nms_threshold,
            normalized,
            nms_eta,
            background_label,
        )
        return rows, counts, index

    layers.ops.multiclass_nms = multiclass_nms


def _nms(top: int, keep: int, score: float, overlap: float) -> dict[str, Any]:
    return {
        "name": "MultiClassNMS",
        "nms_top_k": top,
        "keep_top_k": keep,
        "score_threshold": score,
        "nms_threshold": overlap,
    }


def _picodet(scale: float, channels: int, convolutions: int, classes: int) -> Any:
    return _create(
        "PicoDet",
        {
            "num_classes": classes,
            "PicoDet": {"backbone": "LCNet", "neck": "LCPAN", "head": "PicoHeadV2"},
            "LCNet": {"scale": scale, "feature_maps": [3, 4, 5]},
            "LCPAN": {"out_channels": channels, "use_depthwise": True, "num_features": 4},
            "PicoHeadV2": {
                **_NO_LOSSES,
                "static_assigner": None,
                "conv_feat": {
                    "name": "PicoFeat",
                    "feat_in": channels,
                    "feat_out": channels,
                    "num_convs": convolutions,
                    "num_fpn_stride": 4,
                    "norm_type": "bn",
                    "share_cls_reg": True,
                    "use_se": True,
                },
                "fpn_stride": [8, 16, 32, 64],
                "feat_in_chan": channels,
                "reg_max": 7,
                "cell_offset": 0.5,
                "use_align_head": True,
                "nms": _nms(1000, 100, 0.025, 0.6),
            },
        },
    )


def _picodet_layout(classes: int) -> Any:
    return _create(
        "PicoDet",
        {
            "num_classes": classes,
            "PicoDet": {"backbone": "LCNet", "neck": "CSPPAN", "head": "PicoHead"},
            "LCNet": {"scale": 1.0, "feature_maps": [3, 4, 5]},
            "CSPPAN": {
                "out_channels": 128,
                "use_depthwise": True,
                "num_csp_blocks": 1,
                "num_features": 4,
            },
            "PicoHead": {
                **_NO_LOSSES,
                "conv_feat": {
                    "name": "PicoFeat",
                    "feat_in": 128,
                    "feat_out": 128,
                    "num_convs": 4,
                    "num_fpn_stride": 4,
                    "norm_type": "bn",
                    "share_cls_reg": True,
                },
                "fpn_stride": [8, 16, 32, 64],
                "feat_in_chan": 128,
                "reg_max": 7,
                "cell_offset": 0.5,
                "nms": _nms(1000, 100, 0.025, 0.6),
            },
        },
    )


def _ppyoloe(depth: float, width: float) -> Any:
    return _create(
        "PPYOLOE",
        {
            "depth_mult": depth,
            "width_mult": width,
            "PPYOLOE": {
                "backbone": "CSPResNet",
                "neck": "CustomCSPPAN",
                "yolo_head": "PPYOLOEHead",
                "post_process": None,
            },
            "CSPResNet": {"use_large_stem": True, "use_alpha": True},
            "CustomCSPPAN": {
                "out_channels": [768, 384, 192],
                "act": "swish",
                "spp": True,
                "use_alpha": True,
            },
            "PPYOLOEHead": {
                "static_assigner": None,
                "assigner": None,
                "nms": _nms(1000, 300, 0.01, 0.7),
            },
        },
    )


def _without_im_shape(layer: Any) -> Any:
    """A layer that wants im_shape and does not use it, so that it is no input of the program."""
    from paddle import nn

    class Detector(nn.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.detector = layer

        def forward(self, inputs: dict[str, Any]) -> Any:
            return self.detector({**inputs, "im_shape": inputs["scale_factor"]})

    return Detector()


def _yolox(depth: float, width: float, *, depthwise: bool = False) -> Any:
    layer = _create(
        "YOLOX",
        {
            "depth_mult": depth,
            "width_mult": width,
            "act": "silu",
            "YOLOX": {"backbone": "CSPDarkNet", "neck": "YOLOCSPPAN", "head": "YOLOXHead"},
            "CSPDarkNet": {"arch": "X", "return_idx": [2, 3, 4], "depthwise": depthwise},
            "YOLOCSPPAN": {"depthwise": depthwise},
            "YOLOXHead": {
                "assigner": None,
                "depthwise": depthwise,
                "nms": _nms(10000, 1000, 0.001, 0.65),
            },
        },
    )
    return _without_im_shape(layer)


def _yolov3(backbone: str, settings: dict[str, Any]) -> Any:
    return _create(
        "YOLOv3",
        {
            "YOLOv3": {
                "backbone": backbone,
                "neck": "YOLOv3FPN",
                "yolo_head": "YOLOv3Head",
                "post_process": "BBoxPostProcess",
            },
            backbone: settings,
            "YOLOv3Head": {"loss": None},
            "BBoxPostProcess": {
                "decode": {
                    "name": "YOLOBox",
                    "conf_thresh": 0.005,
                    "downsample_ratio": 32,
                    "clip_bbox": True,
                },
                "nms": _nms(1000, 100, 0.01, 0.45),
            },
        },
    )


def _rare_scores(layer: Any, run: Callable[[], Any]) -> None:
    """A spread of the class scores under which some hundred boxes pass, as on a full picture."""
    from paddle import nn

    for part in layer.sublayers():
        bias = getattr(part, "bias", None)
        if not isinstance(part, nn.Conv2D) or bias is None:
            continue
        values = bias.numpy()
        if not part.weight.numpy().any():  # boxes that would all be the same
            weights.spread(part, run, 1.0)
        if (abs(values - _PRIOR_BIAS) < 0.1).mean() > 0.7:
            weights.spread(part, run, 3.0, share=0.001)


def _rare_objects(layer: Any, run: Callable[[], Any]) -> None:
    """The same for YOLOv3, whose layers start without a prior: three anchors of 4 + 1 + 80."""
    import numpy as np

    for output in layer.yolo_head.yolo_outputs:
        weights.spread(output, run, 2.0, share=0.001)
        bias = np.zeros((3, 85), np.float32)
        bias[:, 4:] = -2.0
        output.bias.set_value(bias.reshape(-1))


def _network(
    model: str,
    build: Callable[[], Any],
    size: tuple[int, int],
    *,
    classes: int = 80,
    im_shape: bool = False,
    finish: Callable[[Any, Callable[[], Any]], None] = _rare_scores,
) -> Network:
    return Network(
        model=model,
        build=build,
        inputs=inputs(*size, im_shape=im_shape),
        compare="boxes",
        package="paddledet 2.6.0",
        by_name=True,
        finish=finish,
        config=config(*size, classes),
    )


def networks() -> list[Network]:
    """Detectors of the guides that the package has, small ones of each family."""
    part = functools.partial
    yolov3 = {"finish": _rare_objects, "im_shape": True}
    resnet = {
        "depth": 50,
        "variant": "d",
        "return_idx": [1, 2, 3],
        "dcn_v2_stages": [3],
        "freeze_at": -1,
        "freeze_norm": False,
        "norm_type": "bn",
    }
    mobile = {
        "model_name": "large",
        "with_extra_blocks": False,
        "extra_block_filters": [],
        "feature_maps": [7, 13, 16],
    }
    return [
        _network("PicoDet-S", part(_picodet, 0.75, 96, 2, 80), (320, 320)),
        _network("PicoDet-L", part(_picodet, 2.0, 160, 4, 80), (640, 640)),
        _network("PicoDet_layout_1x", part(_picodet_layout, 5), (800, 608), classes=5),
        *(
            _network(f"PicoDet-{size}_layout_{count}cls", build, side, classes=count)
            for count in (3, 17)
            for size, side, build in (
                ("S", (480, 480), part(_picodet, 0.75, 96, 2, count)),
                ("L", (640, 640), part(_picodet, 2.0, 160, 4, count)),
            )
        ),
        _network("PP-YOLOE_plus-S", part(_ppyoloe, 0.33, 0.5), (640, 640)),
        _network("PP-YOLOE_plus-M", part(_ppyoloe, 0.67, 0.75), (640, 640)),
        *(
            _network(f"YOLOX-{size}", build, (side, side))
            for size, side, build in (
                ("N", 416, part(_yolox, 0.33, 0.25, depthwise=True)),
                ("T", 416, part(_yolox, 0.33, 0.375)),
                ("S", 640, part(_yolox, 0.33, 0.5)),
            )
        ),
        _network("YOLOv3-MobileNetV3", part(_yolov3, "MobileNetV3", mobile), (608, 608), **yolov3),
        _network("YOLOv3-DarkNet53", part(_yolov3, "DarkNet", {}), (608, 608), **yolov3),
        _network("YOLOv3-ResNet50_vd_DCN", part(_yolov3, "ResNet", resnet), (608, 608), **yolov3),
    ]
