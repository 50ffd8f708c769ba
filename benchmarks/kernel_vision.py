"""Cases of the picture kernels: resizes, transform plans, crops and turns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import PIL.Image

from hpinfer import _native
from kernel_timing import Case, aligned, copy_bytes, copy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kernel_timing import Array

PAGE = (1754, 1240)
MANY_LINES = 243
PAGE_LINES = 40
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET = {"type": "Normalize", "mean": MEAN, "std": STD}
HALF = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3, "formula": "divide_by_255"}
CHW = {"type": "ToChw"}
OPERATIONS = "operations"
COPY = "memory copy of the result"


def picture(rng: np.random.Generator, height: int, width: int) -> Array:
    """A smooth random picture: like a photograph, not like noise."""
    noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.0), None, 0, 255, cv2.NORM_MINMAX)


def quads(rng: np.random.Generator, count: int) -> list[Array]:
    """Slightly turned text boxes of usual sizes."""
    found = []
    for _ in range(count):
        length, thickness = rng.uniform(60, 500), rng.uniform(18, 34)
        centre = rng.uniform(260, PAGE[1] - 260), rng.uniform(40, PAGE[0] - 40)
        box = cv2.boxPoints((centre, (length, thickness), rng.normal() * 0.7))
        by_x = box[np.argsort(box[:, 0], kind="stable")]
        left, right = (side[np.argsort(side[:, 1])] for side in (by_x[:2], by_x[2:]))
        found.append(np.array([left[0], right[0], right[1], left[1]], np.float32))
    return found


def scaled_and_shifted(resized: Array) -> Array:
    """Normalised by channels, transposed, stacked: the way of the Python pipelines."""
    planes = list(cv2.split(resized))
    for channel, plane in enumerate(planes):
        values = plane.astype(np.float32)
        values *= 1.0 / 255.0 / STD[channel]
        values += -MEAN[channel] / STD[channel]
        planes[channel] = values
    merged = cv2.merge(planes).transpose(2, 0, 1)
    return np.stack([merged]).astype(np.float32, copy=False)


def chain_det(image: Array) -> Array:
    """A page to the input of a detector."""
    return scaled_and_shifted(cv2.resize(image, (960, 960)))


def chain_cls(image: Array) -> Array:
    """A picture to the input of a classifier: short side 256, middle 224 x 224."""
    height, width = image.shape[:2]
    scale = 256 / min(height, width)
    resized = cv2.resize(image, (round(width * scale), round(height * scale)))
    top, left = (resized.shape[0] - 224) // 2, (resized.shape[1] - 224) // 2
    return scaled_and_shifted(resized[top : top + 224, left : left + 224])


def chain_rec(line: Array) -> Array:
    """A line to a tensor of height 48, padded with zeros."""
    ratio = line.shape[1] / line.shape[0]
    width = int(48 * max(320 / 48, ratio))
    resized_width = min(width, math.ceil(48 * ratio))
    values = cv2.resize(line, (resized_width, 48)).astype("float32").transpose(2, 0, 1) / 255
    values -= 0.5
    values /= 0.5
    tensor = np.zeros((1, 3, 48, width), np.float32)
    tensor[0, :, :, :resized_width] = values
    return tensor


def chain_crop(image: Array, corners: Array) -> Array:
    """The perspective crop of one box."""
    edge = np.linalg.norm
    width = int(max(edge(corners[0] - corners[1]), edge(corners[2] - corners[3])))
    height = int(max(edge(corners[0] - corners[3]), edge(corners[1] - corners[2])))
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, upright)
    return cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def each(items: Sequence[Any], work: Callable[[Any], object]) -> Callable[[], None]:
    """Does the work for every item and lets go of each result before the next is made."""

    def run() -> None:
        for item in items:
            work(item)

    return run


def plan_case(
    name: str,
    plan: _native.TransformPlan,
    pictures: list[Array],
    chain: Callable[[Array], Array],
) -> Case:
    """A transform plan writing into an engine's input beside the same steps in OpenCV and NumPy."""
    shapes = [tuple(chain(image).shape) for image in pictures]
    tensors = {shape: aligned(shape) for shape in set(shapes)}
    jobs = list(zip(pictures, shapes, strict=True))
    equal = all(np.array_equal(plan(image), chain(image)) for image in pictures)
    return Case(
        name,
        each(jobs, lambda job: plan(job[0], out=tensors[job[1]])),
        each(pictures, chain),
        each([copy_of(1, shape) for shape in shapes], lambda copy: copy()),
        COPY,
        equal,
    )


def plan_cases(rng: np.random.Generator) -> list[Case]:
    """Resize, normalisation and layout in one pass."""
    page = picture(rng, *PAGE)
    exact = {"type": "ResizeExact", "width": 960, "height": 960}
    det = _native.TransformPlan([exact, IMAGENET, CHW])
    rec = _native.TransformPlan([{"type": "RecResize"}, HALF, CHW])
    short = {"type": "ResizeSide", "side": 256, "which": "short"}
    middle = {"type": "CenterCrop", "width": 224, "height": 224}
    cls = _native.TransformPlan([short, middle, IMAGENET, CHW])
    lines = [_native.crop_quad(page, box) for box in quads(rng, PAGE_LINES)]
    pictures = [picture(rng, 400, 300) for _ in range(20)]
    return [
        plan_case("page to detector input 960x960", det, [page], chain_det),
        plan_case(f"{PAGE_LINES} lines to recogniser inputs", rec, lines, chain_rec),
        plan_case("20 pictures 400x300 to 224x224", cls, pictures, chain_cls),
    ]


def page_case(rng: np.random.Generator) -> Case:
    """All that recognition needs of a page: crops, and their tensors."""
    page = picture(rng, *PAGE)
    boxes = quads(rng, PAGE_LINES)
    rec = _native.TransformPlan([{"type": "RecResize"}, HALF, CHW])
    shapes = [chain_rec(chain_crop(page, box)).shape for box in boxes]
    tensors = {shape: aligned(shape) for shape in set(shapes)}
    jobs = list(zip(boxes, shapes, strict=True))
    return Case(
        f"page to {PAGE_LINES} crops to recogniser inputs",
        each(jobs, lambda job: rec(_native.crop_quad(page, job[0]), out=tensors[job[1]])),
        each(boxes, lambda box: chain_rec(chain_crop(page, box))),
        None,
        OPERATIONS,
        all(
            np.array_equal(rec(_native.crop_quad(page, box)), chain_rec(chain_crop(page, box)))
            for box in boxes
        ),
    )


def crop_case(rng: np.random.Generator) -> Case:
    """Perspective crops, bicubic."""
    page = picture(rng, *PAGE)
    boxes = quads(rng, MANY_LINES)
    return Case(
        f"{MANY_LINES} perspective crops",
        each(boxes, lambda box: _native.crop_quad(page, box)),
        each(boxes, lambda box: chain_crop(page, box)),
        None,
        OPERATIONS,
        all(np.array_equal(_native.crop_quad(page, box), chain_crop(page, box)) for box in boxes),
    )


def resize_cases(rng: np.random.Generator) -> list[Case]:
    """Resizes to uint8 by every interpolation."""
    page = picture(rng, *PAGE)
    pillow = PIL.Image.fromarray(page)
    size = (960, 960)
    references: dict[str, Callable[[], Any]] = {
        "linear": lambda: cv2.resize(page, size),
        "nearest": lambda: cv2.resize(page, size, interpolation=cv2.INTER_NEAREST),
        "cubic": lambda: cv2.resize(page, size, interpolation=cv2.INTER_CUBIC),
        "pil_bilinear": lambda: pillow.resize(size, PIL.Image.Resampling.BILINEAR),
        "pil_bicubic": lambda: pillow.resize(size, PIL.Image.Resampling.BICUBIC),
    }

    def case(kind: str, reference: Callable[[], Any]) -> Case:
        result = _native.resize(page, 960, 960, kind)
        off = np.abs(result.astype(int) - np.asarray(reference()))
        bound = copy_bytes(result.size) if kind == "nearest" else None
        return Case(
            f"page resized to 960x960, {kind}",
            lambda: _native.resize(page, 960, 960, kind),
            reference,
            bound,
            OPERATIONS if bound is None else COPY,
            # A tie of the cubic one may fall to the other side: see csrc/vision/resize_cubic.h.
            bool(off.max() == 0 if kind != "cubic" else off.max() <= 1 and off.mean() < 1e-4),
        )

    return [case(kind, reference) for kind, reference in references.items()]


def turn_cases(rng: np.random.Generator) -> list[Case]:
    """Turns by right angles."""
    page = picture(rng, *PAGE)
    codes = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}

    def case(quarters: int, code: int) -> Case:
        return Case(
            f"page turned by {90 * quarters} degrees",
            lambda: _native.rot90(page, quarters),
            lambda: cv2.rotate(page, code),
            lambda: page.copy(),
            "memory copy to a new picture",
            bool(np.array_equal(_native.rot90(page, quarters), cv2.rotate(page, code))),
        )

    return [case(quarters, code) for quarters, code in codes.items()]


def seal_case() -> Case:
    """Texts round seals, straightened; their polygons are those of the golden files."""
    import seal_inputs

    image = seal_inputs.picture()
    polygons = [seal_inputs.polygon(case) for case in seal_inputs.CASES]
    return Case(
        f"{len(polygons)} seal texts straightened",
        each(polygons, lambda points: _native.crop_polygon(image, points)),
        None,
        None,
        OPERATIONS,
    )


def cases() -> list[Case]:
    """Everything about pictures."""
    rng = np.random.default_rng(1)
    return [
        *plan_cases(rng),
        page_case(rng),
        crop_case(rng),
        *resize_cases(rng),
        *turn_cases(rng),
        seal_case(),
    ]
