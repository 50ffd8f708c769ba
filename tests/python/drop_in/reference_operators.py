"""PaddleX's text operators written again on OpenCV: what `accelerate` replaces, without PaddleX.

Classes, methods, arguments and attributes have PaddleX's names; what they compute comes from the
references of the kernels' own tests.
"""

from __future__ import annotations

import sys
import types

import numpy as np
import reference_db
import reference_vision


class DetResizeForTest:
    def __init__(self, limit_side_len=960, limit_type="max", max_side_limit=4000):
        self.resize_type = 0
        self.limit_side_len, self.limit_type = limit_side_len, limit_type
        self.max_side_limit = max_side_limit

    def __call__(self, imgs, limit_side_len=None, limit_type=None, max_side_limit=None):
        done = [self.resize(img, limit_side_len, limit_type, max_side_limit) for img in imgs]
        return [img for img, _ in done], [shape for _, shape in done]

    def resize(self, img, limit_side_len, limit_type, max_side_limit=None):
        resized = reference_vision.det_resize(
            img,
            limit_side_len=limit_side_len or self.limit_side_len,
            limit_type=limit_type or self.limit_type,
            max_side_limit=self.max_side_limit if max_side_limit is None else max_side_limit,
        )
        height, width = img.shape[:2]
        source = (max(32, height), max(32, width)) if height + width < 64 else (height, width)
        ratios = [new / float(old) for new, old in zip(resized.shape[:2], source, strict=True)]
        return resized, np.array([height, width, *ratios])


class NormalizeImage:
    def __init__(self, mean, std, scale=1.0 / 255.0, order="hwc"):
        self.order = order
        self.alpha = [scale / value for value in std]
        self.beta = [-m / s for m, s in zip(mean, std, strict=True)]

    def __call__(self, imgs):
        planes = [
            np.stack([img[:, :, c].astype(np.float32) for c in range(3)], axis=-1) for img in imgs
        ]
        for picture in planes:
            for c in range(3):
                picture[:, :, c] *= self.alpha[c]
                picture[:, :, c] += self.beta[c]
        return planes


class ToBatch:
    def __call__(self, imgs):
        return [np.stack(imgs, axis=0).astype(dtype=np.float32, copy=False)]


class DBPostProcess:
    def __init__(self, box_type="quad", score_mode="fast", use_dilation=False):
        self.box_type, self.score_mode, self.use_dilation = box_type, score_mode, use_dilation
        self.max_candidates, self.min_size = 1000, 3

    def process(self, pred, img_shape, thresh, box_thresh, unclip_ratio):
        polygons, scores = reference_db.decode(
            pred[0],
            int(img_shape[0]),
            int(img_shape[1]),
            thresh=thresh,
            box_thresh=box_thresh,
            unclip_ratio=unclip_ratio,
            box_type=self.box_type,
            score_mode=self.score_mode,
            use_dilation=self.use_dilation,
        )
        if self.box_type == "quad":
            return np.array(polygons, dtype=np.int16), scores
        return [np.array(polygon).astype(np.int64) for polygon in polygons], scores


class OCRReisizeNormImg:
    def __init__(self, input_shape=None):
        self.rec_image_shape, self.input_shape, self.max_imgW = [3, 48, 320], input_shape, 3200

    def __call__(self, imgs):
        return [reference_vision.rec_tensor(img) for img in imgs]


class PaddingToBatch:
    def __call__(self, imgs):
        widest = max(img.shape[2] for img in imgs)
        padded = [np.pad(img, ((0, 0), (0, 0), (0, widest - img.shape[2]))) for img in imgs]
        return [np.stack(padded, axis=0).astype(dtype=np.float32, copy=False)]


class CTCLabelDecode:
    reverse = False

    def __init__(self, characters):
        self.character = ["blank", *characters, " "]

    def __call__(self, pred, return_word_box=False, **_):
        texts, scores = [], []
        for values in np.array(pred[0]):
            best, greatest = values.argmax(axis=-1), values.max(axis=-1)
            kept = np.ones(len(best), bool)
            kept[1:] = best[1:] != best[:-1]
            kept &= best != 0
            text = "".join(self.character[i] for i in best[kept])
            texts.append((text, "words") if return_word_box else text)
            scores.append(np.mean(greatest[kept] if kept.any() else [0]).tolist())
        return texts, scores


class CropByPolys:
    def get_minarea_rect_crop(self, img, points):
        corners, _ = reference_db.corners_in_order(np.array(points).astype(np.int32))
        return reference_vision.crop_quad(img, np.array(corners))


PREFIX = "paddlex.inference"
MODULES = {
    f"{PREFIX}.models.text_detection.processors": {
        "DetResizeForTest": DetResizeForTest,
        "NormalizeImage": NormalizeImage,
        "DBPostProcess": DBPostProcess,
    },
    f"{PREFIX}.models.text_detection.predictor": {"ToBatch": ToBatch},
    f"{PREFIX}.models.text_recognition.processors": {
        "OCRReisizeNormImg": OCRReisizeNormImg,
        "ToBatch": PaddingToBatch,
        "CTCLabelDecode": CTCLabelDecode,
    },
    f"{PREFIX}.pipelines.components.common.crop_image_regions": {"CropByPolys": CropByPolys},
}


def install(monkeypatch):
    """Makes these classes importable under PaddleX's module names."""
    for name, members in MODULES.items():
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            parent = ".".join(parts[:end])
            if parent not in sys.modules:
                monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
        for member, value in members.items():
            setattr(sys.modules[name], member, value)
