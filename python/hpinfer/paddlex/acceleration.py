"""PaddleX's own text pipelines on hpinfer's kernels.

PaddleX does everything but the network in Python, NumPy and OpenCV. `accelerate` replaces those
operators of text detection, text recognition and the cutting out of lines whose results hpinfer's
kernels reproduce exactly: same arrays, same polygons, same texts, same scores. It is off unless it
is called, works with every engine of PaddleX, and with pipelines made before or after the call.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer.errors import EngineUnavailableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

#: PaddleX releases on which the replaced operators were compared with the originals
#: (tests/parity/paddlex/drop_in.py); others may have changed them.
RELEASES = ("3.0.3", "3.3.13", "3.5.2", "3.7.2")
#: The OpenCV that PaddleX pins, and that the kernels equal bit for bit.
OPENCV = "4.10."

_DETECTION = "paddlex.inference.models.text_detection.processors"
_DETECTOR = "paddlex.inference.models.text_detection.predictor"
_RECOGNITION = "paddlex.inference.models.text_recognition.processors"
_CROPS = "paddlex.inference.pipelines.components.common.crop_image_regions"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A method of PaddleX to replace.

    Attributes:
        module: Where PaddleX has the class.
        owner: Name of the class.
        method: Name of the method.
        make: Gives the new method for the original one.
    """

    module: str
    owner: str
    method: str
    make: Callable[[Callable[..., Any]], Callable[..., Any]]

    @property
    def label(self) -> str:
        """E.g. ``"text_detection DBPostProcess.process"``."""
        return f"{self.module.split('.')[-2]} {self.owner}.{self.method}"


class _State:
    """What is replaced in this process, and how many acceleration objects want it so."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.originals: list[tuple[type[Any], str, Any]] = []


_state = _State()


class Acceleration:
    """The replaced operators; leaving the ``with`` block or calling `stop` restores them.

    Attributes:
        replaced: The methods that run on hpinfer's kernels.
        paddlex: PaddleX's version.
    """

    def __init__(self, replaced: tuple[str, ...], paddlex: str) -> None:
        self.replaced = replaced
        self.paddlex = paddlex
        self._active = True

    def stop(self) -> None:
        """Restores PaddleX's own operators, unless another acceleration is still wanted."""
        with _state.lock:
            if not self._active:
                return
            self._active = False
            _state.users -= 1
            if _state.users == 0:
                _restore()

    def __enter__(self) -> Acceleration:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "active" if self._active else "stopped"
        return f"Acceleration(paddlex {self.paddlex}, {state}: {', '.join(self.replaced)})"


def accelerate() -> Acceleration:
    """Replaces PaddleX's text operators in this process by hpinfer's kernels.

    Example:
        >>> import hpinfer.paddlex
        >>> hpinfer.paddlex.accelerate()          # for the whole process
        >>> with hpinfer.paddlex.accelerate():    # or for a block
        ...     results = list(pipeline.predict("page.png"))

    Returns:
        A context manager; the operators are replaced when this function returns.

    Raises:
        EngineUnavailableError: PaddleX or OpenCV is not installed.
        UnsupportedError: Results were never compared with this release of PaddleX or OpenCV.
    """
    version = _checked_release()
    with _state.lock:
        if _state.users == 0:
            _replace()
        _state.users += 1
    return Acceleration(tuple(item.label for item in replacements()), version)


def replacements() -> tuple[Replacement, ...]:
    """Every method that `accelerate` replaces."""
    from hpinfer.paddlex import crops, detection, recognition

    return (
        Replacement(_DETECTION, "DetResizeForTest", "resize", detection.resize),
        Replacement(_DETECTION, "NormalizeImage", "__call__", detection.normalize),
        Replacement(_DETECTOR, "ToBatch", "__call__", detection.to_batch),
        Replacement(_DETECTION, "DBPostProcess", "process", detection.decode),
        Replacement(_RECOGNITION, "OCRReisizeNormImg", "__call__", recognition.resize),
        Replacement(_RECOGNITION, "ToBatch", "__call__", recognition.to_batch),
        Replacement(_RECOGNITION, "CTCLabelDecode", "__call__", recognition.decode),
        Replacement(_CROPS, "CropByPolys", "get_minarea_rect_crop", crops.crop),
    )


def release_problem() -> str | None:
    """Why `accelerate` would refuse this environment, or None if it would not."""
    try:
        _checked_release()
    except (EngineUnavailableError, UnsupportedError) as error:
        return str(error)
    return None


def _checked_release() -> str:
    try:
        version = importlib.metadata.version("paddlex")
    except importlib.metadata.PackageNotFoundError:
        raise EngineUnavailableError(
            "PaddleX is not installed in this environment: pip install 'paddlex[ocr-core]'"
        ) from None
    if version not in RELEASES:
        raise UnsupportedError(
            f"accelerate() knows PaddleX {', '.join(RELEASES)}; this is {version}, whose operators "
            "were not compared with hpinfer's kernels. The plugin (ultra_infer) works without it"
        )
    opencv = _opencv_version()
    if not opencv.startswith(OPENCV):
        raise UnsupportedError(
            f"accelerate() gives the results of OpenCV {OPENCV}x, which PaddleX pins; this "
            f"environment has {opencv}: pip install opencv-contrib-python==4.10.0.84"
        )
    return version


def _opencv_version() -> str:
    try:
        import cv2
    except ImportError as error:
        raise EngineUnavailableError(
            f"OpenCV, which PaddleX needs, cannot be imported: {error}"
        ) from error
    return str(cv2.__version__)


def _replace() -> None:
    try:
        for item in replacements():
            owner, original = _find(item)
            _state.originals.append((owner, item.method, original))
            setattr(owner, item.method, item.make(original))
    except BaseException:
        _restore()
        raise


def _find(item: Replacement) -> tuple[type[Any], Any]:
    try:
        owner = getattr(importlib.import_module(item.module), item.owner)
        return owner, owner.__dict__[item.method]
    except (ImportError, AttributeError, KeyError) as error:
        raise UnsupportedError(
            f"this PaddleX has no {item.owner}.{item.method} in {item.module} "
            f"({type(error).__name__}: {error}); it is not the release that it says it is"
        ) from error


def _restore() -> None:
    while _state.originals:
        owner, name, original = _state.originals.pop()
        setattr(owner, name, original)
