"""The subcommands that run a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.cli.pipeline_command import PipelineCommand, pipeline_command

if TYPE_CHECKING:
    import click

_DETECTION = "SubModules.TextDetection"
_RECOGNITION = "SubModules.TextRecognition"
_TEXT = "SubPipelines.GeneralOCR"
_LAYOUT = ("SubModules.LayoutDetection", "Layout detection model.")

#: The models of layout parsing, by option.
LAYOUT_PARSING_MODELS = {
    "layout-model": _LAYOUT,
    "det-model": (f"{_TEXT}.{_DETECTION}", "Text detection model."),
    "rec-model": (f"{_TEXT}.{_RECOGNITION}", "Text recognition model."),
    "table-model": (
        "SubPipelines.TableRecognition.SubModules.TableStructureRecognition",
        "Table structure model.",
    ),
    "formula-model": (
        "SubPipelines.FormulaRecognition.SubModules.FormulaRecognition",
        "Formula model.",
    ),
}

_COMMANDS = (
    PipelineCommand(
        "ocr",
        "OCR",
        models={
            "det-model": (_DETECTION, "Detection model."),
            "rec-model": (_RECOGNITION, "Recognition model."),
        },
        versions={
            "PP-OCRv4": {_DETECTION: "PP-OCRv4_mobile_det", _RECOGNITION: "PP-OCRv4_mobile_rec"},
            "PP-OCRv6": {_DETECTION: "PP-OCRv6_small_det", _RECOGNITION: "PP-OCRv6_small_rec"},
        },
        formats=("text", "json", "jsonl", "markdown", "csv", "none"),
        kinds=("json", "image", "text", "markdown", "csv"),
    ),
    PipelineCommand(
        "classify",
        "image_classification",
        models={"model": ("SubModules.ImageClassification", "Classification model.")},
    ),
    PipelineCommand(
        "detect",
        "object_detection",
        models={"model": ("SubModules.ObjectDetection", "Detection model.")},
    ),
    PipelineCommand(
        "segment",
        "semantic_segmentation",
        models={"model": ("SubModules.SemanticSegmentation", "Segmentation model.")},
    ),
    PipelineCommand(
        "instances",
        "instance_segmentation",
        models={"model": ("SubModules.InstanceSegmentation", "Instance segmentation model.")},
    ),
    PipelineCommand(
        "table",
        "table_recognition",
        models={
            "table-model": ("SubModules.TableStructureRecognition", "Table structure model."),
            "layout-model": _LAYOUT,
            "det-model": (f"{_TEXT}.{_DETECTION}", "Text detection model."),
            "rec-model": (f"{_TEXT}.{_RECOGNITION}", "Text recognition model."),
        },
        formats=("text", "html", "markdown", "json", "jsonl", "none"),
        kinds=("json", "image", "html", "xlsx", "markdown", "text"),
        default_kinds=("json", "image", "html"),
    ),
    PipelineCommand(
        "layout",
        "layout_parsing",
        models=LAYOUT_PARSING_MODELS,
        formats=("text", "markdown", "html", "json", "jsonl", "none"),
        kinds=("json", "image", "markdown", "html", "xlsx", "text"),
        default_kinds=("json", "image", "markdown"),
    ),
    PipelineCommand(
        "seal",
        "seal_recognition",
        models={
            "layout-model": _LAYOUT,
            "det-model": (f"SubPipelines.SealOCR.{_DETECTION}", "Text detection model."),
            "rec-model": (f"SubPipelines.SealOCR.{_RECOGNITION}", "Text recognition model."),
        },
    ),
    PipelineCommand(
        "formula",
        "formula_recognition",
        models={
            "layout-model": _LAYOUT,
            "model": ("SubModules.FormulaRecognition", "Formula model."),
        },
        formats=("text", "json", "jsonl", "markdown", "csv", "none"),
        kinds=("json", "image", "text", "markdown", "csv"),
    ),
    PipelineCommand(
        "doc",
        "doc_preprocessor",
        models={
            "orientation-model": ("SubModules.DocOrientationClassify", "Page orientation model."),
            "unwarping-model": ("SubModules.DocUnwarping", "Unwarping model."),
        },
        formats=("text", "json", "jsonl", "none"),
        kinds=("json", "image", "text", "page"),
        default_kinds=("json", "image", "page"),
    ),
)

#: Subcommand to its description.
PIPELINE_COMMANDS = {command.name: command for command in _COMMANDS}


def command_named(name: str, *, summary: str) -> click.Command:
    """The subcommand `name`, a key of `PIPELINE_COMMANDS`; `summary` starts its help."""
    return pipeline_command(PIPELINE_COMMANDS[name], summary=summary)
