"""Options of Paddle Inference: names, kinds, and which have an effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpinfer.errors import ConfigError, UnsupportedError
from hpinfer.paddle_inference import PaddleOptions


def test_defaults() -> None:
    assert PaddleOptions.parse({}) == PaddleOptions()
    assert PaddleOptions().given() == []


def test_texts_are_read_as_what_they_say() -> None:
    options = PaddleOptions.parse(
        {
            "run_mode": "mkldnn",
            "cpu_threads": "4",
            "delete_pass": "['a_pass', 'b_pass']",
            "enable_new_ir": "false",
            "enable_cinn": "True",
            "mkldnn_cache_capacity": "1",
            "trt_dynamic_shapes": "{'x': [[1, 3], [2, 3], [4, 3]]}",
            "trt_shape_range_info_path": "ranges.txt",
        }
    )
    assert options.cpu_threads == 4
    assert options.delete_pass == ("a_pass", "b_pass")
    assert options.enable_new_ir is False
    assert options.enable_cinn is True
    assert options.trt_dynamic_shapes == {"x": ([1, 3], [2, 3], [4, 3])}
    assert options.trt_shape_range_info_path == Path("ranges.txt")
    assert PaddleOptions.parse({"delete_pass": "one_pass"}).delete_pass == ("one_pass",)


def test_values_of_configuration_files() -> None:
    options = PaddleOptions.parse(
        {"cpu_threads": None, "enable_new_ir": None, "trt_dynamic_shapes": None, "run_mode": None}
    )
    assert options == PaddleOptions()
    data = PaddleOptions.parse({"trt_dynamic_shape_input_data": {"x": [[1.0], [2.0], [3.0]]}})
    assert data.given() == ["trt_dynamic_shape_input_data"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("run_mod", "paddle", "did you mean 'run_mode'"),
        ("cpu_num_threads", 4, "did you mean 'cpu_threads'"),
        ("zzz", 1, "known:"),
        ("run_mode", "mkldn", "did you mean 'mkldnn'"),
        ("run_mode", 3, "must be one of"),
        ("cpu_threads", 0, "from 1 on"),
        ("cpu_threads", "many", "whole number"),
        ("cpu_threads", True, "whole number"),
        ("mkldnn_cache_capacity", -1, "from 1 on"),
        ("enable_cinn", "perhaps", "True or False"),
        ("enable_new_ir", 3, "True or False"),
        ("delete_pass", [1], "list of names"),
        ("trt_cfg_setting", [1], "must be a dict"),
        ("trt_dynamic_shapes", {"x": [[1], [2]]}, "largest shape of 'x'"),
        ("trt_dynamic_shapes", 3, "must be a dict"),
        ("trt_dynamic_shapes", {"x": 3}, "largest shape of 'x'"),
        ("trt_shape_range_info_path", 3, "must be a path"),
    ],
)
def test_bad_names_and_values(name, value, words) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        PaddleOptions.parse({name: value})
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"mkldnn_cache_capacity": 3}, "paddle"),
        ({"mkldnn_cache_capacity": 3}, "trt_fp16"),
        ({"trt_use_dynamic_shapes": False}, "mkldnn"),
        ({"trt_dynamic_shapes": {"x": [[1], [1], [1]]}}, "paddle"),
        ({"enable_cinn": True, "enable_new_ir": False}, "paddle"),
    ],
)
def test_options_without_effect(given, mode) -> None:
    with pytest.raises(ConfigError, match="has no effect"):
        PaddleOptions.parse(given).check_effect(mode)


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"mkldnn_cache_capacity": 3}, "mkldnn_bf16"),
        ({"trt_use_dynamic_shapes": False}, "trt_int8"),
        ({"cpu_threads": 2, "delete_pass": ["a"], "enable_new_ir": True}, "paddle"),
    ],
)
def test_options_with_effect(given, mode) -> None:
    PaddleOptions.parse(given).check_effect(mode)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trt_collect_shape_range_info": True}, "trt_shape_range_info_path"),
        ({"trt_dynamic_shape_input_data": {"x": [[1.0], [2.0], [3.0]]}}, "trt_dynamic_shapes"),
        ({"trt_discard_cached_shape_range_info": True}, "another file"),
    ],
)
def test_options_that_nothing_stands_behind(given, words) -> None:
    options = PaddleOptions.parse(given)
    with pytest.raises(UnsupportedError, match=words) as caught:
        options.check_effect("trt_fp16")
    assert str(caught.value).startswith(next(iter(given)))
    with pytest.raises(ConfigError, match="has no effect"):
        options.check_effect("mkldnn")
    PaddleOptions.parse({"trt_collect_shape_range_info": False}).check_effect("trt_fp16")
