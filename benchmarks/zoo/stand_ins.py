"""Networks that stand for text detection, recognition and unwarping, whose code is in no package.

They have the inputs, outputs, operators and control flow of their families, in small: what
converters and engines can get wrong is in them, the accuracy of trained networks is not.
"""

from __future__ import annotations

import functools
from typing import Any

import paddle.nn.functional as F
from network import Network, picture

import paddle
from paddle import nn

_CHARACTERS = 6625


class ConvNorm(nn.Layer):  # type: ignore[misc]
    """Convolution, batch normalisation and an activation."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 3,
        *,
        stride: Any = 1,
        groups: int = 1,
        act: str | None = "relu",
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2D(
            inputs, outputs, size, stride=stride, padding=size // 2, groups=groups, bias_attr=False
        )
        self.norm = nn.BatchNorm2D(outputs)
        self.act = act

    def forward(self, x: Any) -> Any:
        x = self.norm(self.conv(x))
        return getattr(F, self.act)(x) if self.act else x


class Separable(nn.Layer):  # type: ignore[misc]
    """Depth-wise then point-wise convolution, with squeeze and excitation, as in PP-LCNet."""

    def __init__(self, inputs: int, outputs: int, *, stride: Any = 1, excite: bool = False) -> None:
        super().__init__()
        self.depth = ConvNorm(inputs, inputs, stride=stride, groups=inputs, act="hardswish")
        self.pool = nn.AdaptiveAvgPool2D(1) if excite else None
        if excite:
            self.squeeze = nn.Conv2D(inputs, inputs // 4, 1)
            self.excite = nn.Conv2D(inputs // 4, inputs, 1)
        self.point = ConvNorm(inputs, outputs, 1, act="hardswish")

    def forward(self, x: Any) -> Any:
        x = self.depth(x)
        if self.pool is not None:
            x = x * F.hardsigmoid(self.excite(F.relu(self.squeeze(self.pool(x)))))
        return self.point(x)


class Attention(nn.Layer):  # type: ignore[misc]
    """A transformer block over a sequence [N, T, C]."""

    def __init__(self, size: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(size)
        self.qkv = nn.Linear(size, size * 3)
        self.out = nn.Linear(size, size)
        self.after = nn.LayerNorm(size)
        self.wide = nn.Linear(size, size * 2)
        self.narrow = nn.Linear(size * 2, size)

    def forward(self, x: Any) -> Any:
        size = x.shape[-1]
        head = size // self.heads
        qkv = self.qkv(self.before(x)).reshape([0, -1, 3, self.heads, head])
        query, key, value = qkv.transpose([2, 0, 3, 1, 4])
        weight = F.softmax(query.matmul(key, transpose_y=True) * head**-0.5, axis=-1)
        mixed = weight.matmul(value).transpose([0, 2, 1, 3]).reshape([0, -1, size])
        x = x + self.out(mixed)
        return x + self.narrow(F.swish(self.wide(self.after(x))))


class DBDetector(nn.Layer):  # type: ignore[misc]
    """Pyramid with large-kernel necks and the DB head: [N, 3, H, W] to [N, 1, H, W] in 0..1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = [width, width * 2, width * 4, width * 8]
        self.stem = ConvNorm(3, width, stride=2, act="hardswish")
        self.stages = nn.LayerList()
        before = width
        for index, size in enumerate(sizes):
            self.stages.append(
                nn.Sequential(
                    Separable(before, size, stride=2, excite=index > 1), Separable(size, size)
                )
            )
            before = size
        self.lateral = nn.LayerList([nn.Conv2D(size, 24, 1, bias_attr=False) for size in sizes])
        self.smooth = nn.LayerList([nn.Conv2D(24, 6, 3, padding=1) for _ in sizes])
        self.head = ConvNorm(24, 12)
        self.up = nn.Conv2DTranspose(12, 12, 2, stride=2)
        self.norm = nn.BatchNorm2D(12)
        self.last = nn.Conv2DTranspose(12, 1, 2, stride=2)

    def forward(self, x: Any) -> Any:
        levels = []
        x = self.stem(x)
        for stage, lateral in zip(self.stages, self.lateral):
            x = stage(x)
            levels.append(lateral(x))
        for index in (2, 1, 0):
            larger = F.interpolate(levels[index + 1], scale_factor=2, mode="nearest")
            levels[index] = levels[index] + larger
        maps = [
            F.interpolate(smooth(level), scale_factor=2**index, mode="nearest")
            for index, (level, smooth) in enumerate(zip(levels, self.smooth))
        ]
        fused = self.head(paddle.concat(maps[::-1], axis=1))
        return F.sigmoid(self.last(F.relu(self.norm(self.up(fused)))))


class CTCRecognizer(nn.Layer):  # type: ignore[misc]
    """Convolutions, a transformer or LSTM neck, and the soft-max: [N, 3, 48, W] to [N, T, C]."""

    def __init__(self, neck: str, width: int = 32) -> None:
        super().__init__()
        self.stem = ConvNorm(3, width, stride=2, act="hardswish")
        self.body = nn.Sequential(
            Separable(width, width * 2, stride=(2, 1)),
            Separable(width * 2, width * 3, stride=(2, 2), excite=True),
            Separable(width * 3, width * 4, stride=(2, 1), excite=True),
        )
        size = width * 4
        self.neck = neck
        if neck == "lstm":
            self.lstm = nn.LSTM(size, 48, num_layers=2, direction="bidirectional")
            size = 96
        else:
            self.mix = nn.Sequential(Attention(size), Attention(size))
        self.last = nn.Linear(size, _CHARACTERS)

    def forward(self, x: Any) -> Any:
        x = self.body(self.stem(x))
        x = F.avg_pool2d(x, kernel_size=[3, 2])
        x = x.squeeze(axis=2).transpose([0, 2, 1])
        x = self.lstm(x)[0] if self.neck == "lstm" else self.mix(x)
        return F.softmax(self.last(x), axis=2)


class SVTRv2Recognizer(nn.Layer):  # type: ignore[misc]
    """Local mixing, global mixing, and columns read by a learnt query, as in SVTRv2."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvNorm(3, 32, stride=2, act="gelu"), ConvNorm(32, 64, stride=2, act="gelu")
        )
        self.local = nn.LayerList([nn.Conv2D(64, 64, 5, padding=2, groups=8) for _ in range(2)])
        self.norms = nn.LayerList([nn.LayerNorm(64) for _ in range(2)])
        self.down = ConvNorm(64, 96, stride=(2, 1), act="gelu")
        self.glob = nn.LayerList([Attention(96), Attention(96)])
        self.rows = Attention(96)
        self.query = self.create_parameter(
            [1, 1, 96], default_initializer=nn.initializer.TruncatedNormal(std=0.5)
        )
        self.key_value = nn.Linear(96, 192)
        self.last = nn.Linear(96, _CHARACTERS)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        for conv, norm in zip(self.local, self.norms):
            mixed = (x + conv(x)).transpose([0, 2, 3, 1])
            x = norm(mixed).transpose([0, 3, 1, 2])
        x = self.down(x)
        shape = paddle.shape(x)
        height, width = shape[2], shape[3]
        tokens = x.flatten(2).transpose([0, 2, 1])
        for block in self.glob:
            tokens = block(tokens)
        # Every row is mixed for itself, then every column is read by the query.
        rows = self.rows(tokens.reshape([-1, width, 96])).reshape([-1, height, width, 96])
        columns = rows.transpose([0, 2, 1, 3]).reshape([-1, height, 96])
        key, value = self.key_value(columns).split(2, axis=-1)
        query = self.query.expand([paddle.shape(columns)[0], -1, -1])
        weight = F.softmax(query.matmul(key, transpose_y=True) * 96**-0.5, axis=-1)
        read = weight.matmul(value).reshape([-1, width, 96])
        return F.softmax(self.last(read), axis=2)


class Unwarper(nn.Layer):  # type: ignore[misc]
    """Where each pixel comes from, on a coarse grid, and the sampled picture, as in UVDoc."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(
            ConvNorm(3, 16, 5, stride=2), ConvNorm(16, 32, 5, stride=2), ConvNorm(32, 32, 5)
        )
        self.bridge = nn.Conv2D(32, 32, 3, padding=4, dilation=4)
        self.out = nn.Conv2D(32, 2, 5, padding=2, padding_mode="reflect")

    def forward(self, image: Any) -> Any:
        small = F.interpolate(image, size=[712, 488], mode="bilinear", align_corners=True)
        x = self.head(small)
        x = x + F.relu(self.bridge(x))
        shift = F.tanh(F.interpolate(self.out(x), size=[45, 31], mode="bilinear")) * 0.1
        ones = paddle.linspace(-1.0, 1.0, 45).reshape([1, 1, 45, 1]).expand([1, 1, 45, 31])
        across = paddle.linspace(-1.0, 1.0, 31).reshape([1, 1, 1, 31]).expand([1, 1, 45, 31])
        grid = shift + paddle.concat([across, ones], axis=1)
        size = paddle.shape(image)[2:]
        grid = F.interpolate(grid, size=size, mode="bilinear", align_corners=True)
        return F.grid_sample(image, grid.transpose([0, 2, 3, 1]), align_corners=True)


def _detection_config(side: int) -> dict[str, Any]:
    operators = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"DetResizeForTest": {"resize_long": side}},
        {"NormalizeImage": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}},
        {"ToCHWImage": None},
    ]
    return {
        "PreProcess": {"transform_ops": operators},
        "PostProcess": {"name": "DBPostProcess", "thresh": 0.3, "box_thresh": 0.6},
    }


def _recognition_config() -> dict[str, Any]:
    operators = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"RecResizeImg": {"image_shape": [3, 48, 320]}},
    ]
    characters = [chr(0x4E00 + index) for index in range(_CHARACTERS - 2)]
    return {
        "PreProcess": {"transform_ops": operators},
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }


def networks() -> list[Network]:
    """Stand-ins of text detection, recognition and unwarping."""
    text = {"compare": "values", "package": "stand-in"}
    line = {
        **text,
        "inputs": (picture(48, 320, height_only=True, batch=2),),
        "logits": True,
        "config": _recognition_config(),
    }
    return [
        *(
            Network(
                model=model,
                build=functools.partial(DBDetector, width),
                inputs=(picture(320, 416),),
                config=_detection_config(side),
                **text,
            )
            for model, width, side in (
                ("PP-OCRv4_mobile_det", 16, 960),
                ("PP-OCRv4_server_det", 32, 960),
                ("PP-OCRv4_mobile_seal_det", 16, 736),
                ("PP-OCRv4_server_seal_det", 32, 736),
            )
        ),
        Network(
            model="PP-OCRv4_mobile_rec", build=functools.partial(CTCRecognizer, "svtr"), **line
        ),
        Network(
            model="PP-OCRv4_server_rec", build=functools.partial(CTCRecognizer, "svtr", 64), **line
        ),
        Network(model="ch_RepSVTR_rec", build=functools.partial(CTCRecognizer, "svtr", 48), **line),
        Network(model="CRNN", build=functools.partial(CTCRecognizer, "lstm"), **line),
        Network(model="ch_SVTRv2_rec", build=SVTRv2Recognizer, **line),
        Network(model="UVDoc", build=Unwarper, inputs=(picture(320, 256),), **text),
    ]
