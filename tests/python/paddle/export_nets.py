"""Writes small networks with Paddle: ``export_nets.py old|new FOLDER``, one folder for each.

``old`` gives .pdmodel, ``new`` PIR .json. Run as a script, because the choice is made by an
environment variable before Paddle is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

OLD = sys.argv[1] == "old"
os.environ["FLAGS_enable_pir_api"] = "0" if OLD else "1"  # noqa: SIM112 - its name

import paddle.nn.functional as F  # noqa: E402

import paddle  # noqa: E402
from paddle import nn  # noqa: E402


class Classifier(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2D(8)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        x = F.interpolate(x, scale_factor=1.5, mode="bilinear")
        return F.softmax(self.head(F.adaptive_avg_pool2d(x, 1).flatten(1)))


class GroupNorm(nn.Layer):
    """Its epsilon and padding value are the attributes that PIR version 4 widens."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 8, 3, padding=1)
        self.norm = nn.GroupNorm(4, 8, epsilon=1e-3)

    def forward(self, x):
        return F.pad(self.norm(self.conv(x)), [1, 1, 1, 1], value=0.5)


class Segmenter(nn.Layer):
    """A map of class ids, and the scores it comes from."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 4, 3, padding=1)

    def forward(self, x):
        scores = self.conv(x)
        return paddle.argmax(scores, axis=1), scores


class Pool(nn.Layer):
    def __init__(self, size, kind):
        super().__init__()
        self.conv = nn.Conv2D(3, 4, 3, padding=1)
        self.pool = (nn.AdaptiveAvgPool2D if kind == "avg" else nn.AdaptiveMaxPool2D)(size)

    def forward(self, x):
        return self.pool(F.relu(self.conv(x)))


class Sampler(nn.Layer):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 2, 3, padding=1)

    def forward(self, x):
        return F.grid_sample(x, self.conv(x).transpose([0, 2, 3, 1]), align_corners=True)


class Loop(nn.Layer):
    """A decoder that feeds its answer back, as table models do."""

    def __init__(self):
        super().__init__()
        self.step = nn.Linear(6, 6)

    def forward(self, x):
        state = x
        index = paddle.full([], 0, "int64")
        answers = paddle.zeros([1, 4, 6])
        while index < 4:
            state = F.softmax(self.step(state))
            answers[:, index, :] = state
            index += 1
        return answers


class Detector(nn.Layer):
    """Boxes and scores of 64 anchors through multi-class NMS."""

    def __init__(self, threshold):
        super().__init__()
        self.conv = nn.Conv2D(3, 6, 3, padding=1)
        self.numbers = (threshold, 50, 10, 0.5, True, 1.0, -1)
        names = ("score_threshold", "nms_top_k", "keep_top_k", "nms_threshold", "normalized")
        # Not in the methods that Paddle rewrites: it has a zip() of its own, without strict.
        self.attributes = dict(
            zip((*names, "nms_eta", "background_label"), self.numbers, strict=True)
        )

    def forward(self, x):
        head = self.conv(x).reshape([1, 6, 64])
        corner = (F.relu6(head[:, :4] + 3) / 6).transpose([0, 2, 1]) * 8
        boxes = paddle.concat([corner[:, :, :2], corner[:, :, :2] + corner[:, :, 2:] + 1], -1)
        return self.suppress(boxes, F.relu6(head[:, 4:] + 3) / 6)

    def suppress(self, boxes, scores):
        if not OLD:
            from paddle import _C_ops

            rows, _, count = _C_ops.multiclass_nms3(boxes, scores, None, *self.numbers)
            return rows, count
        from paddle.base.layer_helper import LayerHelper

        block = LayerHelper("multiclass_nms3")
        outputs = {
            name: block.create_variable_for_type_inference(kind)
            for name, kind in (("Out", "float32"), ("Index", "int32"), ("NmsRoisNum", "int32"))
        }
        block.append_op(
            type="multiclass_nms3",
            inputs={"BBoxes": boxes, "Scores": scores},
            attrs=self.attributes,
            outputs=outputs,
        )
        return outputs["Out"], outputs["NmsRoisNum"]


NETS = {
    "classifier": (Classifier, [-1, 3, -1, -1]),
    "group_norm": (GroupNorm, [-1, 3, -1, -1]),
    "segmenter": (Segmenter, [-1, 3, -1, -1]),
    "pool_even": (lambda: Pool(4, "avg"), [1, 3, 8, 8]),
    "pool_max_even": (lambda: Pool(4, "max"), [1, 3, 8, 8]),
    "pool_uneven": (lambda: Pool(3, "avg"), [1, 3, 8, 8]),
    "pool_max_uneven": (lambda: Pool(3, "max"), [1, 3, 8, 8]),
    "pool_any_size": (lambda: Pool(4, "avg"), [-1, 3, -1, -1]),
    "sampler": (Sampler, [1, 3, 16, 16]),
    "loop": (Loop, [1, 6]),
    "detector": (lambda: Detector(0.3), [1, 3, 8, 8]),
    "detector_none": (lambda: Detector(1.5), [1, 3, 8, 8]),
}


def main():
    paddle.seed(0)
    for name, (make, shape) in NETS.items():
        folder = Path(sys.argv[2], name)
        folder.mkdir(parents=True)
        net = make()
        net.eval()
        spec = paddle.static.InputSpec(shape, "float32", "x")
        static = paddle.jit.to_static(net, input_spec=[spec], full_graph=True)
        paddle.jit.save(static, str(folder / "inference"))


main()
