"""Pre-processing step by step on OpenCV and NumPy: the test oracle of the vision kernels."""

from __future__ import annotations

import math

import cv2
import numpy as np


def random_picture(rng, height, width, *, kind="noise"):
    """A uint8 picture whose rows are a strided view of a larger one."""
    large = rng.integers(0, 256, (height + 3, width + 5, 3), dtype=np.uint8)
    if kind == "edges":
        large = np.where(large > 127, 255, 0).astype(np.uint8)
    if kind == "smooth":
        large = cv2.GaussianBlur(large, (0, 0), 2.5)
    view = large[1 : 1 + height, 2 : 2 + width]
    return view[::-1] if kind == "flipped" else view


def resize(image, width, height):
    """OpenCV's bilinear resize; it may not change a picture that has the size already."""
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=cv2.INTER_LINEAR)


def det_resize(image, *, limit_side_len, limit_type, max_side_limit=4000):
    """The resize of text detection (contract 6.5)."""
    height, width = image.shape[:2]
    if height + width < 64:
        padded = np.zeros((max(32, height), max(32, width), 3), np.uint8)
        padded[:height, :width] = image
        image = padded
        height, width = image.shape[:2]
    ratio = 1.0
    if limit_type == "resize_long" or (limit_type == "max" and max(height, width) > limit_side_len):
        ratio = float(limit_side_len) / max(height, width)
    elif limit_type == "min" and min(height, width) < limit_side_len:
        ratio = float(limit_side_len) / min(height, width)
    new_height, new_width = int(height * ratio), int(width * ratio)
    if max(new_height, new_width) > max_side_limit:
        ratio = float(max_side_limit) / max(new_height, new_width)
        new_height, new_width = int(new_height * ratio), int(new_width * ratio)
    new_height = max(int(round(new_height / 32) * 32), 32)
    new_width = max(int(round(new_width / 32) * 32), 32)
    return resize(image, new_width, new_height)


def rec_tensor(image, *, height=48, width=320, max_width=3200, batch_width=0):
    """The tensor [3, height, W] of text recognition (contract 6.6)."""
    ratio = image.shape[1] / float(image.shape[0])
    tensor_width = int(height * max(width / height, ratio))
    if tensor_width > max_width:
        tensor_width = resized_width = max_width
    else:
        resized_width = min(tensor_width, math.ceil(height * ratio))
    values = resize(image, resized_width, height).astype("float32").transpose(2, 0, 1) / 255
    values -= 0.5
    values /= 0.5
    tensor = np.zeros((3, height, max(tensor_width, batch_width)), np.float32)
    tensor[:, :, :resized_width] = values
    return tensor


def normalize(image, scale, mean, std):
    """Planar float32: x * (scale / std) + (-mean / std) for each channel."""
    planes = []
    for channel in range(3):
        plane = image[:, :, channel].astype(np.float32)
        plane *= scale / std[channel]
        plane += -mean[channel] / std[channel]
        planes.append(plane)
    return np.stack(planes)


def classification_resize(image, short, crop):
    """Short side to a length, then the centre (contract 6.1)."""
    height, width = image.shape[:2]
    scale = short / min(height, width)
    image = resize(image, round(width * scale), round(height * scale))
    height, width = image.shape[:2]
    left, top = (width - crop) // 2, (height - crop) // 2
    return image[top : top + crop, left : left + crop]


def keep_ratio_size(height, width, target_height, target_width, multiple):
    """Width and height within a target (contract 6.2, 6.4)."""
    scale = min(
        max(target_width, target_height) / max(width, height),
        min(target_width, target_height) / min(width, height),
    )
    return tuple(math.ceil(round(side * scale) / multiple) * multiple for side in (width, height))


def crop_quad(image, corners):
    """The perspective crop of contract 6.8, step 5."""
    edge = np.linalg.norm
    width = int(max(edge(corners[0] - corners[1]), edge(corners[2] - corners[3])))
    height = int(max(edge(corners[0] - corners[3]), edge(corners[1] - corners[2])))
    upright = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    crop = cv2.warpPerspective(
        np.ascontiguousarray(image),
        cv2.getPerspectiveTransform(corners, upright),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.rot90(crop) if crop.shape[0] / crop.shape[1] >= 1.5 else crop


def centre_frame(image, *, width, height, keep_size):
    """PaddleX's WarpAffine step: three points about the centre fix the transform."""
    source_height, source_width = image.shape[:2]
    if keep_size:
        width, height = (source_width | 31) + 1, (source_height | 31) + 1
        span = width
        centre = np.float32([source_width // 2, source_height // 2])
    else:
        span = float(max(source_height, source_width))
        centre = np.float32([source_width / 2, source_height / 2])

    def triangle(middle, side):
        # The middle, half the width above it, and that turned to the left.
        middle = np.float32(middle)
        return np.float32([middle, middle - [0, side / 2], middle - [side / 2, side / 2]])

    matrix = cv2.getAffineTransform(
        triangle(centre, span), triangle([width / 2, height / 2], width)
    )
    return cv2.warpAffine(np.ascontiguousarray(image), matrix, (width, height))


def rotate(image, angle):
    """The page rotation of contract 6.7."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width, new_height = int(height * sin + width * cos), int(height * cos + width * sin)
    matrix[0, 2] += (new_width - width) / 2
    matrix[1, 2] += (new_height - height) / 2
    return cv2.warpAffine(
        np.ascontiguousarray(image), matrix, (new_width, new_height), flags=cv2.INTER_CUBIC
    )
