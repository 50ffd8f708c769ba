"""Formula models whose right answer is known: their inference.yml, and a network."""

from __future__ import annotations

import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

VOCABULARY = ["[PAD]", "[BOS]", "[EOS]", "\\frac", "Ġ", "{", "}", "a", "b", "+", "2", "<unk>"]


def tokenizer(vocabulary):
    words = {word: index for index, word in enumerate(vocabulary)}
    built = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    built.decoder = decoders.Fuse() if "<s>" in vocabulary else None
    return json.loads(built.to_str())


def latex_config(**changes):
    steps = {
        "DecodeImage": {"channel_first": False, "img_mode": "RGB"},
        "MinMaxResize": {"min_dimensions": [32, 32], "max_dimensions": [672, 192]},
        "LatexTestTransform": None,
        "NormalizeImage": {"mean": [0.7931] * 3, "std": [0.1738] * 3, "order": "hwc"},
        "LatexImageFormat": None,
        "KeepKeys": {"keep_keys": ["image"]},
        **changes,
    }
    return {
        "Global": {"model_name": "LaTeX_OCR_rec"},
        "PreProcess": {"transform_ops": [{n: p} for n, p in steps.items() if p != "dropped"]},
        "PostProcess": {"name": "LaTeXOCRDecode", "character_dict": tokenizer(VOCABULARY)},
    }


def unimernet_config(name, size):
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", "x", " ^", " {", " 2", " }", "\\alpha"]
    return {
        "Global": {"model_name": name},
        "PreProcess": {
            "transform_ops": [
                {"UniMERNetImgDecode": {"input_size": list(size)}},
                {"UniMERNetTestTransform": None},
                {"LatexImageFormat": None},
                {"UniMERNetLabelEncode": None},
                {"KeepKeys": {"keep_keys": ["image"]}},
            ]
        },
        "PostProcess": {
            "name": "UniMERNetDecode",
            "character_dict": {
                "fast_tokenizer_file": tokenizer(vocabulary),
                "tokenizer_config_file": {
                    "added_tokens_decoder": {"9": {"content": "\\alpha", "special": True}}
                },
            },
        },
    }


def sides_network():
    """Tokens are the sides of the input over 16."""
    sixteen = numpy_helper.from_array(np.array(16, np.int64), "sixteen")
    start = numpy_helper.from_array(np.array([2], np.int64), "start")
    end = numpy_helper.from_array(np.array([4], np.int64), "end")
    zero = numpy_helper.from_array(np.array([0], np.int64), "zero")
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "start", "end"], ["sides"]),
        helper.make_node("Div", ["sides", "sixteen"], ["cells"]),
        helper.make_node("Unsqueeze", ["cells", "zero"], ["tokens"]),
    ]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, "h", "w"])
    tokens = helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, 2])
    return helper.make_graph(nodes, "sides", [image], [tokens], [sixteen, start, end, zero])
