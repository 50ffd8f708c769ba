"""PaddleX's text operators on hpinfer's kernels: the same arrays, polygons, texts and scores."""

from __future__ import annotations

import functools
import importlib.metadata

import maps
import numpy as np
import pytest
import reference_operators as operators
import reference_vision
from click.testing import CliRunner

import hpinfer.paddlex
from hpinfer.cli.root import root
from hpinfer.errors import EngineUnavailableError, InputNotFoundError, UnsupportedError
from hpinfer.paddlex import acceleration

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.fixture
def paddlex(monkeypatch):
    """A PaddleX of the newest release that is known, and what its version is said to be."""
    operators.install(monkeypatch)
    versions = {"paddlex": "3.7.2"}
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda n: versions.get(n) or real(n))
    return versions


def both_ways(call):
    """What PaddleX's operators give, and what they give while they are replaced."""
    plain = call()
    with hpinfer.paddlex.accelerate() as active:
        assert "DBPostProcess.process" in " ".join(active.replaced)
        fast = call()
    return plain, fast


def assert_equal(plain, fast):
    assert type(plain) is type(fast)
    if isinstance(plain, np.ndarray):
        assert plain.dtype == fast.dtype
        np.testing.assert_array_equal(plain, fast)
    elif isinstance(plain, (list, tuple)):
        assert len(plain) == len(fast)
        for one, other in zip(plain, fast, strict=True):
            assert_equal(one, other)
    else:
        assert plain == fast


def detection_input(pictures, *, limits=(None, None, None), order="hwc", **resize):
    """The operators of PaddleX's text detection up to the network."""
    imgs, shapes = operators.DetResizeForTest(**resize)(pictures, *limits)
    imgs = operators.NormalizeImage(MEAN, STD, order=order)(imgs)
    imgs = [img.transpose((2, 0, 1)) for img in imgs]
    return operators.ToBatch()(imgs), shapes


@pytest.mark.parametrize(
    "size", [(600, 800), (960, 960), (1754, 1240), (33, 40), (20, 30), (64, 2000), (32, 4100)]
)
@pytest.mark.parametrize("limit", [("max", 960), ("min", 736), ("min", 64), ("resize_long", 960)])
def test_detection_input_is_the_same(paddlex, size, limit):
    picture = reference_vision.random_picture(np.random.default_rng(1), *size)
    kind, side = limit
    plain, fast = both_ways(
        lambda: detection_input([picture], limit_type=kind, limit_side_len=side)
    )
    assert_equal(plain, fast)


def test_the_network_gets_the_memory_that_the_kernel_wrote(paddlex):
    picture = reference_vision.random_picture(np.random.default_rng(1), 600, 800)
    with hpinfer.paddlex.accelerate():
        imgs, _ = operators.DetResizeForTest()([picture])
        planned = operators.NormalizeImage(MEAN, STD)(imgs)[0].transpose((2, 0, 1))
        (batch,) = operators.ToBatch()([planned])
    assert batch.flags.c_contiguous
    assert np.shares_memory(batch, planned)


def test_limits_of_the_call_win_and_batches_are_stacked(paddlex):
    rng = np.random.default_rng(2)
    pictures = [reference_vision.random_picture(rng, 300, 400) for _ in range(3)]
    assert_equal(*both_ways(lambda: detection_input(pictures, limits=(320, "max", 4000))))


def test_what_the_kernels_do_not_cover_stays_with_paddlex(paddlex):
    picture = reference_vision.random_picture(np.random.default_rng(3), 200, 300)
    assert_equal(*both_ways(lambda: detection_input([picture], order="chw")))

    def unusual_constants():
        imgs, _ = operators.DetResizeForTest()([picture])
        return operators.NormalizeImage([1 / 3] * 3, [1 / 7] * 3, scale=1.0)(imgs)

    assert_equal(*both_ways(unusual_constants))


@pytest.mark.parametrize("box_type", ["quad", "poly"])
@pytest.mark.parametrize("score_mode", ["fast", "slow"])
def test_boxes_and_scores_are_the_same(paddlex, box_type, score_mode):
    if box_type == "poly" and score_mode == "slow":
        score_mode = "fast"  # PaddleX scores polygons in one way only
    values = maps.text_lines(np.random.default_rng(4), 480, 608)[np.newaxis]
    shape = np.array([1017, 1333, 480 / 1017, 608 / 1333])
    decoder = operators.DBPostProcess(box_type, score_mode)
    plain, fast = both_ways(lambda: decoder.process(values, shape, 0.3, 0.6, 1.5))
    assert_equal(plain, fast)
    assert len(plain[0]) > 3


def test_an_empty_map_has_no_boxes(paddlex):
    values = np.zeros((1, 64, 64), np.float32)
    decoder = operators.DBPostProcess()
    plain, fast = both_ways(lambda: decoder.process(values, np.ones(4) * 64, 0.3, 0.6, 1.5))
    assert_equal(plain[1], fast[1])
    assert len(fast[0]) == 0


def test_recognition_input_is_the_same(paddlex):
    rng = np.random.default_rng(5)
    sizes = [(48, 320), (30, 700), (7, 9), (60, 20), (31, 3000)]
    lines = [reference_vision.random_picture(rng, *size) for size in sizes]
    plain, fast = both_ways(
        lambda: operators.PaddingToBatch()(operators.OCRReisizeNormImg()(lines))
    )
    assert_equal(plain, fast)
    single, prepared = both_ways(lambda: operators.OCRReisizeNormImg()(lines))
    for one, other in zip(single, prepared, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("words", [False, True])
def test_texts_and_scores_are_the_same(paddlex, words):
    rng = np.random.default_rng(6)
    logits = rng.normal(0, 1, (4, 60, 97)).astype(np.float32)
    logits[:, :, 0] += 2
    logits[3, :, 0] += 50  # a line without text
    values = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    decoder = operators.CTCLabelDecode([chr(33 + i) for i in range(95)])
    plain, fast = both_ways(lambda: decoder([values], return_word_box=words))
    assert_equal(plain, fast)
    assert fast[1][3] == 0.0


def cut_out(page, points):
    return operators.CropByPolys().get_minarea_rect_crop(page, points)


def test_crops_are_the_same(paddlex):
    page = reference_vision.random_picture(np.random.default_rng(7), 400, 500, kind="smooth")
    quads = [
        [[20, 30], [220, 30], [220, 70], [20, 70]],
        [[40, 300], [200, 250], [212, 290], [52, 340]],
        [[300, 40], [340, 40], [340, 260], [300, 260]],
    ]
    for quad in quads:
        points = np.array(quad, np.int16)
        assert_equal(*both_ways(functools.partial(cut_out, page, points)))


def test_nothing_is_replaced_before_and_after(paddlex):
    original = operators.DBPostProcess.process
    outer = hpinfer.paddlex.accelerate()
    with hpinfer.paddlex.accelerate():
        assert operators.DBPostProcess.process is not original
    assert operators.DBPostProcess.process is not original  # the outer one is still wanted
    outer.stop()
    outer.stop()
    assert operators.DBPostProcess.process is original
    assert "stopped" in repr(outer)


@pytest.mark.parametrize("version", ["3.6.9", "3.8.0", "4.0.0"])
def test_an_unknown_release_is_refused(paddlex, version):
    paddlex["paddlex"] = version
    original = operators.DBPostProcess.process
    with pytest.raises(UnsupportedError, match=f"this is {version}"):
        hpinfer.paddlex.accelerate()
    assert operators.DBPostProcess.process is original
    assert version in acceleration.release_problem()


def test_another_opencv_is_refused(paddlex, monkeypatch):
    monkeypatch.setattr(acceleration, "_opencv_version", lambda: "4.12.0")
    with pytest.raises(UnsupportedError, match=r"4\.12\.0"):
        hpinfer.paddlex.accelerate()


def test_without_paddlex_there_is_nothing_to_accelerate(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(EngineUnavailableError, match="PaddleX is not installed"):
        hpinfer.paddlex.accelerate()


def test_a_changed_paddlex_leaves_nothing_half_replaced(paddlex, monkeypatch):
    monkeypatch.delattr(operators.CropByPolys, "get_minarea_rect_crop")
    original = operators.DBPostProcess.process
    with pytest.raises(UnsupportedError, match=r"CropByPolys\.get_minarea_rect_crop"):
        hpinfer.paddlex.accelerate()
    assert operators.DBPostProcess.process is original


def test_a_program_runs_with_the_operators_replaced(paddlex, tmp_path, monkeypatch):
    original = operators.DBPostProcess.process
    seen = []
    monkeypatch.setattr(operators, "seen", seen, raising=False)
    script = tmp_path / "read.py"
    script.write_text(
        "import sys, reference_operators as operators\n"
        "operators.seen.append((sys.argv, operators.DBPostProcess.process))\n"
        "sys.exit(3)\n",
        encoding="utf-8",
    )
    command = ["paddlex", "accelerate", str(script), "--input", "page.png"]
    result = CliRunner().invoke(root, command, standalone_mode=False)
    assert result.return_value == 3
    ((arguments, replaced),) = seen
    assert arguments == [str(script), "--input", "page.png"]
    assert replaced is not original
    assert operators.DBPostProcess.process is original


def test_a_program_that_is_not_there(paddlex):
    result = CliRunner().invoke(
        root, ["paddlex", "accelerate", "no-such-program"], standalone_mode=False
    )
    assert isinstance(result.exception, InputNotFoundError)
