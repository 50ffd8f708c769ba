"""Conversion as a user asks for it: from a directory, into a directory."""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING

from hpinfer.errors import ConfigError, ModelFormatError, ModelNotFoundError
from hpinfer.hpi.conversion.conversion import ConversionOptions, ConvertedModel, convert_into
from hpinfer.hpi.conversion.provenance import CONVERTER, OPSET, SOURCE, source_hash
from hpinfer.hub.model_files import (
    INFERENCE_YML,
    ONNX,
    PDIPARAMS,
    PDMODEL,
    PROGRAM_JSON,
    ModelFiles,
    formats_in,
    open_directory,
)
from hpinfer.networks import read_onnx_metadata

if TYPE_CHECKING:
    from pathlib import Path

#: Files of a model directory that belong to the model whatever its format.
_COMPANIONS = (INFERENCE_YML, "scaler.pkl")


def open_paddle_directory(directory: Path) -> ModelFiles:
    """List the files of a directory with a Paddle model; its inference.yml may be missing.

    Raises:
        ModelNotFoundError: The directory does not exist.
        ModelFormatError: It is not a directory, or holds no complete Paddle model.
        ConfigError: Its inference.yml names no model.
    """
    directory = directory.absolute()
    if not directory.exists():
        raise ModelNotFoundError(f"model directory {directory} does not exist")
    if not directory.is_dir():
        raise ModelFormatError(f"{directory} is a file, not a model directory")
    if "paddle" not in formats_in(directory):
        raise ModelFormatError(
            f"{directory} holds no Paddle model: expected {PDIPARAMS} with {PDMODEL} or "
            f"{PROGRAM_JSON}"
        )
    if (directory / INFERENCE_YML).is_file():
        return open_directory(directory)
    present = {
        name: directory / name
        for name in (ONNX, PDMODEL, PROGRAM_JSON)
        if (directory / name).is_file()
    }
    return ModelFiles(
        name=directory.name,
        directory=directory,
        inference_yml=directory / INFERENCE_YML,
        onnx=present.get(ONNX),
        pdmodel=present.get(PDMODEL),
        program_json=present.get(PROGRAM_JSON),
        pdiparams=directory / PDIPARAMS,
        config={},
    )


def convert_to_directory(
    files: ModelFiles, directory: Path, *, options: ConversionOptions | None = None
) -> ConvertedModel:
    """Write ``inference.onnx``, and what belongs to the model, into a directory.

    What hpinfer wrote there from the same Paddle files is kept, what it wrote from others is
    replaced, and the user's own file is left alone.

    Args:
        files: A model with Paddle files.
        directory: Where to; made if it does not exist. May be the model's own directory.
        options: How to convert; `force` replaces whatever is there.

    Raises:
        ConfigError: There is an ``inference.onnx`` that hpinfer did not write.
        ConversionError: The model cannot be converted here, or not correctly.
        OSError: The directory cannot be written.
    """
    options = options or ConversionOptions()
    directory.mkdir(parents=True, exist_ok=True)
    existing = directory / ONNX
    if existing.exists() and not options.force:
        kept = _keep(files, existing, options)
        if kept is not None:
            return kept
    converted = convert_into(files, directory, options=options)
    for name in _COMPANIONS:
        companion = files.directory / name
        if companion.is_file() and not _same_place(directory, files.directory):
            _copy(companion, directory / name)
    return converted


def _keep(files: ModelFiles, existing: Path, options: ConversionOptions) -> ConvertedModel | None:
    metadata = read_onnx_metadata(existing)
    found = files.program
    if SOURCE not in metadata:
        raise ConfigError(
            f"{existing} exists and was not written by hpinfer: move it away, or replace it "
            "with --force"
        )
    if found is None or files.pdiparams is None or metadata.get(OPSET) != str(options.opset):
        return None
    if metadata[SOURCE] != source_hash(found[1], files.pdiparams):
        return None
    converter = metadata.get(CONVERTER, "")
    return ConvertedModel(existing, converter, (), (), built=False, seconds=0.0)


def _same_place(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _copy(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
