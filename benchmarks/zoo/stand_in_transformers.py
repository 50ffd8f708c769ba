"""Networks that stand for RT-DETR, Mask-RT-DETR and SeaFormer, which are in no package.

RT-DETR: hybrid encoder (attention on the coarsest level, pyramid both ways), the best queries by
class score, decoder layers with deformable attention, boxes refined by each layer, the best rows
in the graph (arXiv 2304.08069). SeaFormer: attention squeezed along each axis (arXiv 2301.13156).
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import detection
import paddle.nn.functional as F
import segmentation
import weights
from network import Network, picture
from stand_ins import Attention, ConvNorm, Separable

import paddle
from paddle import nn

_SIZE = 64
_LEVELS = 3
_POINTS = 4
_HEADS = 4


def _inverse_sigmoid(x: Any) -> Any:
    x = x.clip(1e-5, 1 - 1e-5)
    return paddle.log(x / (1 - x))


class Deformable(nn.Layer):  # type: ignore[misc]
    """Attention to a few sampled points of every level."""

    def __init__(self) -> None:
        super().__init__()
        count = _HEADS * _LEVELS * _POINTS
        self.offsets = nn.Linear(_SIZE, count * 2)
        self.weights = nn.Linear(_SIZE, count)
        self.value = nn.Linear(_SIZE, _SIZE)
        self.out = nn.Linear(_SIZE, _SIZE)

    def forward(self, query: Any, boxes: Any, memory: Any, shapes: list[tuple[int, int]]) -> Any:
        head = _SIZE // _HEADS
        queries = query.shape[1]
        offsets = self.offsets(query).reshape([-1, queries, _HEADS, _LEVELS, _POINTS, 2])
        weight = self.weights(query).reshape([-1, queries, _HEADS, _LEVELS * _POINTS])
        weight = F.softmax(weight, axis=-1).transpose([0, 2, 1, 3])
        centre = boxes[:, :, :2].reshape([-1, queries, 1, 1, 1, 2])
        extent = boxes[:, :, 2:].reshape([-1, queries, 1, 1, 1, 2])
        grids = 2 * (centre + offsets * extent * (0.5 / _POINTS)) - 1
        values = self.value(memory).split([h * w for h, w in shapes], axis=1)
        sampled = []
        for level, (height, width) in enumerate(shapes):
            plane = values[level].transpose([0, 2, 1]).reshape([-1, head, height, width])
            grid = grids[:, :, :, level].transpose([0, 2, 1, 3, 4])
            grid = grid.reshape([-1, queries, _POINTS, 2])
            sampled.append(F.grid_sample(plane, grid, align_corners=False))
        gathered = paddle.concat(sampled, axis=-1)
        weight = weight.reshape([-1, 1, queries, _LEVELS * _POINTS])
        mixed = (gathered * weight).sum(-1).reshape([-1, _SIZE, queries])
        return self.out(mixed.transpose([0, 2, 1]))


class DecoderLayer(nn.Layer):  # type: ignore[misc]
    """Queries among themselves, then with the picture."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.own = Attention(_SIZE)
        self.cross = Deformable()
        self.norm = nn.LayerNorm(_SIZE)
        self.place = nn.Sequential(nn.Linear(4, _SIZE), nn.ReLU(), nn.Linear(_SIZE, _SIZE))
        self.shift = nn.Linear(_SIZE, 4)
        self.score = nn.Linear(_SIZE, classes)

    def forward(self, query: Any, boxes: Any, memory: Any, shapes: Any) -> tuple[Any, Any, Any]:
        query = self.own(query + self.place(boxes))
        query = self.norm(query + self.cross(query, boxes, memory, shapes))
        refined = F.sigmoid(self.shift(query) * 0.3 + _inverse_sigmoid(boxes))
        return query, refined, self.score(query)


class Detector(nn.Layer):  # type: ignore[misc]
    """Inputs im_shape, image, scale_factor; outputs rows [N * best, 6], counts, maybe masks."""

    def __init__(self, classes: int, *, masks: bool, side: int = 640, layers: int = 3) -> None:
        super().__init__()
        self.classes = classes
        self.best = 100 if masks else 300
        self.masks = masks
        self.stem = nn.Sequential(ConvNorm(3, 16, stride=2), ConvNorm(16, 32, stride=2))
        sizes = (32, 48, 64, 96)
        self.stages = nn.LayerList([ConvNorm(a, b, stride=2) for a, b in itertools.pairwise(sizes)])
        self.inputs = nn.LayerList([ConvNorm(size, _SIZE, 1, act=None) for size in sizes[1:]])
        self.global_mix = Attention(_SIZE)
        self.down = nn.LayerList([ConvNorm(_SIZE * 2, _SIZE, act="silu") for _ in range(2)])
        self.strided = nn.LayerList([ConvNorm(_SIZE, _SIZE, stride=2) for _ in range(2)])
        self.up = nn.LayerList([ConvNorm(_SIZE * 2, _SIZE, act="silu") for _ in range(2)])
        self.memory = nn.Sequential(nn.Linear(_SIZE, _SIZE), nn.LayerNorm(_SIZE))
        self.first_score = nn.Linear(_SIZE, classes)
        self.first_box = nn.Linear(_SIZE, 4)
        self.layers = nn.LayerList([DecoderLayer(classes) for _ in range(layers)])
        self.shapes = [(side // stride, side // stride) for stride in (8, 16, 32)]
        self.register_buffer("anchors", _anchors(self.shapes))
        if masks:
            self.mask_feature = nn.Conv2D(_SIZE, 16, 3, padding=1)
            self.mask_query = nn.Linear(_SIZE, 16)

    def _levels(self, image: Any) -> list[Any]:
        x = self.stem(image)
        levels = []
        for stage, reduce in zip(self.stages, self.inputs):
            x = stage(x)
            levels.append(reduce(x))
        height, width = self.shapes[2]
        mixed = self.global_mix(levels[2].flatten(2).transpose([0, 2, 1]))
        levels[2] = mixed.transpose([0, 2, 1]).reshape([-1, _SIZE, height, width])
        for index in (1, 0):
            larger = F.interpolate(levels[index + 1], scale_factor=2.0, mode="nearest")
            levels[index] = self.down[index](paddle.concat([larger, levels[index]], axis=1))
        for index in (0, 1):
            smaller = self.strided[index](levels[index])
            both = paddle.concat([smaller, levels[index + 1]], axis=1)
            levels[index + 1] = self.up[index](both)
        return levels

    def forward(self, inputs: dict[str, Any]) -> Any:
        levels = self._levels(inputs["image"])
        memory = paddle.concat([level.flatten(2).transpose([0, 2, 1]) for level in levels], axis=1)
        picked = self.memory(memory)
        _, index = paddle.topk(self.first_score(picked).max(-1), self.best, axis=1)
        batch = paddle.shape(picked)[0]
        rows = paddle.arange(end=batch, dtype=index.dtype).unsqueeze(-1).tile([1, self.best])
        where = paddle.stack([rows, index], axis=-1)
        boxes = F.sigmoid(self.first_box(picked) + self.anchors)
        boxes, query = paddle.gather_nd(boxes, where), paddle.gather_nd(picked, where)
        scores = query
        for layer in self.layers:
            query, boxes, scores = layer(query, boxes, memory, self.shapes)
        return self._rows(scores, boxes, query, levels[0], inputs, batch)

    def _rows(
        self, scores: Any, boxes: Any, query: Any, fine: Any, inputs: dict[str, Any], batch: Any
    ) -> Any:
        centre, extent = boxes.split(2, axis=-1)
        corners = paddle.concat([centre - 0.5 * extent, centre + 0.5 * extent], axis=-1)
        original = paddle.floor(inputs["im_shape"] / inputs["scale_factor"] + 0.5)
        height, width = original.split(2, axis=-1)
        corners = corners * paddle.concat([width, height, width, height], axis=-1).unsqueeze(1)
        values, flat = paddle.topk(F.sigmoid(scores).flatten(1), self.best, axis=-1)
        labels = paddle.mod(flat, paddle.full([1], self.classes, dtype="int64"))
        index = paddle.floor_divide(flat, paddle.full([1], self.classes, dtype="int64"))
        rows = paddle.arange(end=batch, dtype=index.dtype).unsqueeze(-1).tile([1, self.best])
        where = paddle.stack([rows, index], axis=-1)
        corners = paddle.gather_nd(corners, where)
        labels = labels.astype("float32").unsqueeze(-1)
        found = paddle.concat([labels, values.unsqueeze(-1), corners], axis=-1).reshape([-1, 6])
        counts = paddle.full([1], self.best, dtype="int32").tile(batch.reshape([1]))
        if not self.masks:
            return found, counts
        kernels = self.mask_query(paddle.gather_nd(query, where))
        feature = self.mask_feature(fine)
        planes = kernels.matmul(feature.flatten(2)).reshape([-1, self.best, *self.shapes[0]])
        size = original[0].astype("int32")
        masks = F.interpolate(planes, size=size, mode="bilinear", align_corners=False)
        return found, counts, (masks > 0).astype("int32").squeeze(0)


def _anchors(shapes: list[tuple[int, int]]) -> Any:
    import numpy as np

    found = []
    for level, (height, width) in enumerate(shapes):
        rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
        centre = np.stack([(columns + 0.5) / width, (rows + 0.5) / height], axis=-1)
        extent = np.full_like(centre, 0.05 * 2.0**level)
        found.append(np.concatenate([centre, extent], axis=-1).reshape(-1, 4))
    boxes = np.concatenate(found).clip(1e-3, 1 - 1e-3)
    return paddle.to_tensor(np.log(boxes / (1 - boxes)).astype(np.float32)[None])


def _spread_scores(layer: Any, run: Any) -> None:
    weights.spread(layer.first_score, run, 2.0)
    weights.spread(layer.first_box, run, 0.5)
    for part in layer.layers:
        weights.spread(part.shift, run, 1.0)
        weights.spread(part.score, run, 2.0)


class SqueezeAxial(nn.Layer):  # type: ignore[misc]
    """Attention along rows and along columns of the means, with a detail branch."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.query = ConvNorm(size, size, 1, act=None)
        self.key = ConvNorm(size, size, 1, act=None)
        self.value = ConvNorm(size, size, 1, act=None)
        self.detail = ConvNorm(size * 3, size * 3, groups=size * 3)
        self.detail_out = ConvNorm(size * 3, size, 1, act=None)
        self.row_out = ConvNorm(size, size, 1, act="relu6")
        self.column_out = ConvNorm(size, size, 1, act="relu6")
        self.out = ConvNorm(size, size, 1, act=None)

    @staticmethod
    def _mix(query: Any, key: Any, value: Any) -> Any:
        size = query.shape[1]
        weight = F.softmax(query.transpose([0, 2, 1]).matmul(key) * size**-0.5, axis=-1)
        return weight.matmul(value.transpose([0, 2, 1])).transpose([0, 2, 1])

    def forward(self, x: Any) -> Any:
        query, key, value = self.query(x), self.key(x), self.value(x)
        detail = self.detail_out(self.detail(paddle.concat([query, key, value], axis=1)))
        rows = self._mix(query.mean(-1), key.mean(-1), value.mean(-1)).unsqueeze(-1)
        columns = self._mix(query.mean(-2), key.mean(-2), value.mean(-2)).unsqueeze(-2)
        mixed = self.out(value + self.row_out(rows) + self.column_out(columns))
        return x + F.hardsigmoid(mixed) * detail


class SeaFormer(nn.Layer):  # type: ignore[misc]
    """Shared stem, a spatial and a context branch, fused; class of every pixel."""

    def __init__(self, classes: int = 150) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvNorm(3, 16, stride=2), Separable(16, 32, stride=2), Separable(32, 32, stride=2)
        )
        self.context = nn.Sequential(
            Separable(32, 64, stride=2),
            SqueezeAxial(64),
            Separable(64, 96, stride=2),
            SqueezeAxial(96),
        )
        self.gate = ConvNorm(96, 32, 1, act="hardsigmoid")
        self.local = ConvNorm(32, 32, 1, act=None)
        self.head = nn.Sequential(ConvNorm(32, 64, 1), nn.Conv2D(64, classes, 1))

    def forward(self, x: Any) -> Any:
        fine = self.stem(x)
        gate = self.gate(self.context(fine))
        gate = F.interpolate(gate, size=paddle.shape(fine)[2:], mode="bilinear")
        logits = self.head(self.local(fine) * gate)
        logits = F.interpolate(logits, size=paddle.shape(x)[2:], mode="bilinear")
        return logits.argmax(axis=1, dtype="int32")


def networks() -> list[Network]:
    """Stand-ins with transformers."""
    detectors = [
        ("RT-DETR-R18", 80, False),
        ("RT-DETR-H_layout_3cls", 3, False),
        ("RT-DETR-H_layout_17cls", 17, False),
        ("Mask-RT-DETR-L", 80, True),
    ]
    return [
        *(
            Network(
                model=model,
                build=functools.partial(Detector, classes, masks=masks),
                inputs=detection.inputs(640, 640, im_shape=True),
                compare="boxes",
                package="stand-in",
                by_name=True,
                finish=_spread_scores,
                config=detection.config(640, 640, classes),
            )
            for model, classes, masks in detectors
        ),
        Network(
            model="SeaFormer_tiny",
            build=SeaFormer,
            inputs=(picture(256, 320),),
            compare="classes",
            package="stand-in",
            config=segmentation.config(),
        ),
    ]
