"""Networks that stand for table structure and formula recognition: decoders with loops.

The loops are what converters and engines differ in: SLANet collects its steps in a tensor array,
SLANet_plus writes them into a tensor made before, LaTeX-OCR lets its sequence grow and ends early.
"""

from __future__ import annotations

import functools
from typing import Any

import paddle.nn.functional as F
from network import Network, picture
from stand_ins import Attention, ConvNorm, Separable

import paddle
from paddle import nn

_TOKENS = 50
_STEPS = 501
_VOCABULARY = 400
_FORMULA_STEPS = 48
_BEGIN, _END = 1, 2


class _TableEncoder(nn.Layer):  # type: ignore[misc]
    def __init__(self, size: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ConvNorm(3, 16, stride=2, act="hardswish"),
            Separable(16, 32, stride=2),
            Separable(32, 64, stride=2),
            Separable(64, 96, stride=2, excite=True),
            Separable(96, size, stride=2, excite=True),
        )

    def forward(self, x: Any) -> Any:
        return self.body(x).flatten(2).transpose([0, 2, 1])


class TableDecoder(nn.Layer):  # type: ignore[misc]
    """[N, 3, 488, 488] to boxes [N, T, 8] and token probabilities [N, T, 50]."""

    def __init__(self, *, preallocated: bool, size: int = 96) -> None:
        super().__init__()
        self.preallocated = preallocated
        self.size = size
        self.encoder = _TableEncoder(size)
        self.input_to_hidden = nn.Linear(size, size, bias_attr=False)
        self.hidden_to_hidden = nn.Linear(size, size)
        self.score = nn.Linear(size, 1, bias_attr=False)
        self.cell = nn.GRUCell(size + _TOKENS, size)
        self.structure = nn.Sequential(nn.Linear(size, size), nn.Linear(size, _TOKENS))
        self.location = nn.Sequential(nn.Linear(size, size), nn.Linear(size, 8))

    def _step(self, previous: Any, features: Any, hidden: Any) -> tuple[Any, Any, Any]:
        keys = self.input_to_hidden(features)
        energy = self.score(F.tanh(keys + self.hidden_to_hidden(hidden).unsqueeze(1)))
        weight = F.softmax(energy, axis=1).transpose([0, 2, 1])
        context = weight.matmul(features).squeeze(1)
        symbol = F.one_hot(previous, _TOKENS)
        output, hidden = self.cell(paddle.concat([context, symbol], axis=1), hidden)
        return hidden, self.structure(output), F.sigmoid(self.location(output))

    def forward(self, x: Any) -> Any:
        features = self.encoder(x)
        batch = paddle.shape(features)[0]
        hidden = paddle.zeros([batch, self.size])
        previous = paddle.zeros([batch], dtype="int32")
        if self.preallocated:
            return self._into_tensors(features, hidden, previous, batch)
        return self._into_arrays(features, hidden, previous)

    def _into_tensors(self, features: Any, hidden: Any, previous: Any, batch: Any) -> Any:
        tokens = paddle.zeros([batch, _STEPS, _TOKENS])
        boxes = paddle.zeros([batch, _STEPS, 8])
        index = paddle.zeros([1], dtype="int64")
        while index < _STEPS:
            hidden, token, box = self._step(previous, features, hidden)
            previous = token.argmax(axis=1, dtype="int32")
            tokens[:, index, :] = token.unsqueeze(1)
            boxes[:, index, :] = box.unsqueeze(1)
            index += 1
        return boxes, F.softmax(tokens, axis=-1)

    def _into_arrays(self, features: Any, hidden: Any, previous: Any) -> Any:
        tokens = []
        boxes = []
        index = paddle.zeros([1], dtype="int64")
        limit = paddle.full([1], _STEPS, dtype="int64")
        while index < limit:
            hidden, token, box = self._step(previous, features, hidden)
            previous = token.argmax(axis=1, dtype="int32")
            tokens.append(token)
            boxes.append(box)
            index += 1
        return paddle.stack(boxes, axis=1), F.softmax(paddle.stack(tokens, axis=1), axis=-1)


class FormulaDecoder(nn.Layer):  # type: ignore[misc]
    """[1, 1, H, W] to int64 token ids [1, T], ending at the end token or after 48."""

    def __init__(self, size: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ConvNorm(1, 32, 7, stride=4), ConvNorm(32, size, stride=4, act="gelu")
        )
        self.encoder = Attention(size)
        self.embedding = nn.Embedding(_VOCABULARY, size)
        self.positions = nn.Embedding(_FORMULA_STEPS + 2, size)
        self.cross = nn.Linear(size, size)
        self.decoder = Attention(size)
        self.last = nn.Linear(size, _VOCABULARY)

    def _next(self, ids: Any, memory: Any) -> Any:
        positions = paddle.arange(paddle.shape(ids)[1])
        x = self.embedding(ids) + self.positions(positions).unsqueeze(0)
        weight = F.softmax(self.cross(x).matmul(memory, transpose_y=True), axis=-1)
        x = self.decoder(x + weight.matmul(memory))
        return self.last(x)[:, -1, :].argmax(axis=-1, keepdim=True)

    def forward(self, x: Any) -> Any:
        memory = self.encoder(self.body(x).flatten(2).transpose([0, 2, 1]))
        ids = paddle.full([paddle.shape(x)[0], 1], _BEGIN, dtype="int64")
        step = paddle.zeros([1], dtype="int64")
        while step < _FORMULA_STEPS:
            new = self._next(ids, memory)
            ids = paddle.concat([ids, new], axis=1)
            step += 1
            if paddle.all(new == _END):
                break
        return ids[:, 1:]


def _table_config() -> dict[str, Any]:
    operators = [
        {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
        {"TableLabelEncode": {"merge_no_span_structure": True}},
        {"ResizeTableImage": {"max_len": 488}},
        {"NormalizeImage": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}},
        {"PaddingTableImage": {"size": [488, 488]}},
        {"ToCHWImage": None},
    ]
    words = ["<thead>", "</thead>", "<tbody>", "</tbody>", "<tr>", "</tr>", "<td>", "<td", ">"]
    words += ["</td>", *(f' colspan="{n}"' for n in range(2, 21))]
    words += [f' rowspan="{n}"' for n in range(2, 21)]
    return {
        "PreProcess": {"transform_ops": operators},
        "PostProcess": {
            "name": "TableLabelDecode",
            "merge_no_span_structure": True,
            "character_dict": words,
        },
    }


def networks() -> list[Network]:
    """Stand-ins with decoders."""
    return [
        *(
            Network(
                model=model,
                build=functools.partial(TableDecoder, preallocated=preallocated),
                inputs=(picture(488, 488, fixed=True),),
                compare="values",
                package="stand-in",
                config=_table_config(),
            )
            for model, preallocated in (("SLANet", False), ("SLANet_plus", True))
        ),
        Network(
            model="LaTeX_OCR_rec",
            build=FormulaDecoder,
            inputs=(picture(64, 256, channels=1),),
            compare="tokens",
            package="stand-in",
        ),
    ]
