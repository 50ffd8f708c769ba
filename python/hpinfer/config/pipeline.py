"""Pipeline configuration: PaddleX's pipeline YAML, validated, with hpinfer's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from hpinfer.config.validation import StrictModel, validate
from hpinfer.errors import ConfigError, InputNotFoundError

if TYPE_CHECKING:
    import os

EngineName = Literal["onnxruntime", "openvino", "paddle"]


class ModuleConfig(StrictModel):
    """What every module of a pipeline has."""

    module_name: str | None = None
    model_name: str
    model_dir: Path | None = None
    engine: EngineName | None = None


class TextDetectionConfig(ModuleConfig):
    """Text detection. None means: what the model's inference.yml says."""

    model_name: str = "PP-OCRv4_mobile_det"
    limit_side_len: int | None = Field(default=None, ge=1)
    limit_type: Literal["max", "min"] | None = None
    max_side_limit: int = Field(default=4000, ge=32)
    thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    box_thresh: float | None = Field(default=None, ge=0.0, le=1.0)
    unclip_ratio: float | None = Field(default=None, gt=0.0)


class TextLineOrientationConfig(ModuleConfig):
    """Direction (0 or 180 degrees) of each text line."""

    model_name: str = "ch_ppocr_mobile_v2.0_cls"
    batch_size: int = Field(default=6, ge=1)


class TextRecognitionConfig(ModuleConfig):
    """Text recognition."""

    model_name: str = "PP-OCRv4_mobile_rec"
    batch_size: int = Field(default=6, ge=1)
    score_thresh: float = Field(default=0.0, ge=0.0, le=1.0)


class OCRModules(StrictModel):
    """The modules of the OCR pipeline."""

    TextDetection: TextDetectionConfig = TextDetectionConfig()
    TextLineOrientation: TextLineOrientationConfig = TextLineOrientationConfig()
    TextRecognition: TextRecognitionConfig = TextRecognitionConfig()


class DocOrientationConfig(ModuleConfig):
    """Direction (0, 90, 180 or 270 degrees) of a page."""

    model_name: str = "PP-LCNet_x1_0_doc_ori"
    batch_size: int = Field(default=1, ge=1)


class DocUnwarpingConfig(ModuleConfig):
    """Unwarping of curved pages."""

    model_name: str = "UVDoc"
    batch_size: int = Field(default=1, ge=1)


class DocPreprocessorModules(StrictModel):
    """The modules of document pre-processing."""

    DocOrientationClassify: DocOrientationConfig = DocOrientationConfig()
    DocUnwarping: DocUnwarpingConfig = DocUnwarpingConfig()


class DocPreprocessorConfig(StrictModel):
    """Document pre-processing: turns a page upright before its text is read."""

    pipeline_name: Literal["doc_preprocessor"] = "doc_preprocessor"
    batch_size: int = Field(default=1, ge=1)
    use_doc_orientation_classify: bool = True
    use_doc_unwarping: bool = False
    SubModules: DocPreprocessorModules = DocPreprocessorModules()


class OCRSubPipelines(StrictModel):
    """The pipelines inside the OCR pipeline."""

    DocPreprocessor: DocPreprocessorConfig = DocPreprocessorConfig()


class OCRConfig(StrictModel):
    """The OCR pipeline, in the keys of PaddleX's ``OCR.yaml``."""

    pipeline_name: Literal["OCR"] = "OCR"
    text_type: Literal["general"] = "general"
    batch_size: int = Field(default=1, ge=1)
    use_doc_preprocessor: bool = False
    use_textline_orientation: bool = False
    SubPipelines: OCRSubPipelines = OCRSubPipelines()
    SubModules: OCRModules = OCRModules()


#: Pipeline name to its configuration model.
PIPELINES: dict[str, type[OCRConfig]] = {"OCR": OCRConfig}


def load_pipeline_config(
    pipeline: str | os.PathLike[str] | Mapping[str, Any],
) -> OCRConfig:
    """Reads a pipeline configuration.

    Args:
        pipeline: A pipeline name (its defaults), the path of a YAML file, or plain data.

    Raises:
        ConfigError: Unknown name or key, or a wrong value.
        InputNotFoundError: The YAML file does not exist.
    """
    if isinstance(pipeline, (str, Path)) and str(pipeline) in PIPELINES:
        return PIPELINES[str(pipeline)]()
    if isinstance(pipeline, Mapping):
        data, where = pipeline, "pipeline config"
    else:
        data, where = _read_yaml(Path(pipeline)), f"pipeline config {Path(pipeline).name}"
    name = data.get("pipeline_name")
    if name not in PIPELINES:
        raise ConfigError(
            f"{where}: pipeline_name must be one of {sorted(PIPELINES)}; got {name!r}"
        )
    return validate(PIPELINES[name], data, where=where)


def _read_yaml(path: Path) -> Mapping[str, Any]:
    import yaml

    if path.suffix.lower() not in {".yaml", ".yml"}:
        raise ConfigError(
            f"unknown pipeline {str(path)!r}; known: {sorted(PIPELINES)}, or a path ending in .yaml"
        )
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputNotFoundError(f"pipeline config {path} does not exist") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"pipeline config {path} is not valid YAML: {reason}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"pipeline config {path} must be a mapping; got {type(data).__name__}")
    return data
