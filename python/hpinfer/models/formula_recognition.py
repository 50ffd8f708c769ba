"""Formula recognition: pictures of formulas to LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import ConfigError, UnsupportedError
from hpinfer.models.base import Model
from hpinfer.models.formula_text import LatexOcrText, UniMerNetText
from hpinfer.results import FormulaRecResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer import _native
    from hpinfer.config.inference import InferenceConfig
    from hpinfer.io import InputImage
    from hpinfer.models.loading import LoadedModel

_STEPS = frozenset(
    {
        "DecodeImage",
        "KeepKeys",
        "LatexImageFormat",
        "LatexTestTransform",
        "MinMaxResize",
        "NormalizeImage",
        "UniMERNetImageFormat",
        "UniMERNetImgDecode",
        "UniMERNetLabelEncode",
        "UniMERNetTestTransform",
    }
)
_TEXTS: Mapping[str, type[LatexOcrText | UniMerNetText]] = {
    "LaTeXOCRDecode": LatexOcrText,
    "UniMERNetDecode": UniMerNetText,
}


class FormulaRecognition(Model[FormulaRecResult]):
    """Reads pictures of single formulas as LaTeX (LaTeX-OCR, UniMERNet, PP-FormulaNet)."""

    def __init__(self, loaded: LoadedModel, *, batch_size: int = 1) -> None:
        from hpinfer import _native

        super().__init__(loaded, batch_size=batch_size)
        post = loaded.config.postprocess
        self._text = _TEXTS[str(post.get("name"))](
            post.get("character_dict") or {}, model=loaded.name
        )
        self.native = _native.FormulaRecognizer(loaded.session.native, formula_plan(loaded.config))

    def _predict_batch(
        self, images: Sequence[InputImage], settings: object
    ) -> list[FormulaRecResult]:
        formulas = self.native.recognize([image.bgr for image in images], max(len(images), 1))
        return [
            FormulaRecResult(
                rec_formula=self._text(tokens),
                image=image.bgr,
                input_path=image.input_path,
                page_index=image.page_index,
                name=image.name,
            )
            for image, tokens in zip(images, formulas, strict=True)
        ]


def formula_plan(config: InferenceConfig) -> _native.FormulaPlan:
    """The native pre-processing of a formula model.

    Raises:
        UnsupportedError: It has a step that formula models do not have, or lacks one.
        ConfigError: A parameter is missing or wrong.
    """
    unknown = next((step.name for step in config.operators if step.name not in _STEPS), None)
    if unknown is not None:
        raise UnsupportedError(
            f"pre-processing step {unknown!r} of {config.model_name!r} is not supported; formula "
            f"models have {', '.join(sorted(_STEPS))}"
        )
    try:
        return _plan(config)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, (ConfigError, UnsupportedError)):
            raise
        raise ConfigError(
            f"pre-processing of {config.model_name!r} has unusable parameters: "
            f"{type(error).__name__} {error}"
        ) from None


def _plan(config: InferenceConfig) -> _native.FormulaPlan:
    from hpinfer import _native

    multiple = 32 if config.operator("UniMERNetImageFormat") else 16
    decode = config.operator("UniMERNetImgDecode")
    if decode is not None:
        height, width = decode.params["input_size"]
        return _native.FormulaPlan.unimernet((int(width), int(height)), multiple)
    resize = config.operator("MinMaxResize")
    normalize = config.operator("NormalizeImage")
    if resize is None or normalize is None:
        raise UnsupportedError(
            f"pre-processing of {config.model_name!r} has neither UniMERNetImgDecode nor "
            "MinMaxResize with NormalizeImage"
        )
    return _native.FormulaPlan.latex_ocr(
        _pair(resize.params.get("min_dimensions", [32, 32])),
        _pair(resize.params.get("max_dimensions", [672, 192])),
        multiple,
        float(normalize.params["mean"][0]),
        float(normalize.params["std"][0]),
    )


def _pair(size: Any) -> tuple[int, int]:  # noqa: ANN401 - [width, height] as read from YAML
    width, height = size
    return int(width), int(height)
