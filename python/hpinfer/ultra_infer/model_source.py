"""The model that a `RuntimeOption` names, as files that hpinfer's engines can open."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer.errors import ConfigError, ModelFormatError, ModelNotFoundError, UnsupportedError
from hpinfer.hub.model_files import INFERENCE_YML, ModelFiles
from hpinfer.ultra_infer.enums import ModelFormat

if TYPE_CHECKING:
    from hpinfer.networks import NetworkFormat
    from hpinfer.ultra_infer.runtime_option import RuntimeOption


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model's files.

    Attributes:
        files: Where they are.
        network: Format of the network.
        scratch: Folder to keep as long as the model is used; None if the files are the caller's.
    """

    files: ModelFiles
    network: NetworkFormat
    scratch: tempfile.TemporaryDirectory[str] | None = None

    @property
    def path(self) -> Path:
        """The network's file."""
        files = self.files
        found = {"onnx": files.onnx, "pdmodel": files.pdmodel, "om": files.om}
        path = found.get(self.network, files.program_json)
        assert path is not None
        return path


def model_source(option: RuntimeOption) -> ModelSource:
    """The model that an option names.

    Raises:
        ConfigError: No model was set.
        ModelNotFoundError: A file does not exist.
        ModelFormatError: The weights of a Paddle model are missing.
        UnsupportedError: No engine reads this format.
    """
    if option.model_format not in (ModelFormat.ONNX, ModelFormat.PADDLE, ModelFormat.OM):
        raise UnsupportedError(
            f"ModelFormat.{option.model_format.name} is not supported: hpinfer's engines read "
            "ONNX, PADDLE and OM"
        )
    if option.model_buffer is not None:
        return _written(option, option.model_buffer)
    if not option.model_file:
        raise ConfigError("no model: call set_model_path or set_model_buffer first")
    model = _existing(option.model_file)
    if option.model_format is ModelFormat.ONNX:
        return ModelSource(_files(model, onnx=model), "onnx")
    if option.model_format is ModelFormat.OM:
        return ModelSource(_files(model, om=model), "om")
    weights = _weights(model, option.params_file)
    if weights != model.with_suffix(".pdiparams"):
        return _side_by_side(model, weights)
    return _paddle_source(model, weights, None)


def paddle_model_beside(source: ModelSource) -> ModelSource | None:
    """The Paddle model that lies beside an ONNX file under the same name; None if none does."""
    weights = source.path.with_suffix(".pdiparams")
    if source.network != "onnx" or source.scratch is not None or not weights.is_file():
        return None
    for suffix in (".pdmodel", ".json"):
        model = source.path.with_suffix(suffix)
        if model.is_file():
            return _paddle_source(model, weights, None)
    return None


def _paddle_source(
    model: Path, weights: Path, scratch: tempfile.TemporaryDirectory[str] | None
) -> ModelSource:
    if model.suffix == ".json":
        files = _files(model, program_json=model, pdiparams=weights)
        return ModelSource(files, "pir", scratch)
    return ModelSource(_files(model, pdmodel=model, pdiparams=weights), "pdmodel", scratch)


def _side_by_side(model: Path, weights: Path) -> ModelSource:
    """Links to both files under the names by which engines find the one from the other."""
    scratch = tempfile.TemporaryDirectory(prefix="hpinfer-model-")
    program = Path(scratch.name) / f"inference{'.json' if model.suffix == '.json' else '.pdmodel'}"
    program.symlink_to(model)
    program.with_suffix(".pdiparams").symlink_to(weights)
    return _paddle_source(program, program.with_suffix(".pdiparams"), scratch)


def _written(option: RuntimeOption, model: bytes) -> ModelSource:
    scratch = tempfile.TemporaryDirectory(prefix="hpinfer-model-")
    folder = Path(scratch.name)
    if option.model_format is ModelFormat.ONNX:
        path = folder / "inference.onnx"
        path.write_bytes(model)
        return ModelSource(_files(path, onnx=path), "onnx", scratch)
    if option.model_format is ModelFormat.OM:
        path = folder / "inference.om"
        path.write_bytes(model)
        return ModelSource(_files(path, om=path), "om", scratch)
    path = folder / ("inference.json" if model.lstrip()[:1] == b"{" else "inference.pdmodel")
    weights = folder / "inference.pdiparams"
    path.write_bytes(model)
    weights.write_bytes(option.params_buffer)
    return _paddle_source(path, weights, scratch)


def _existing(name: str) -> Path:
    path = Path(name).absolute()
    if not path.is_file():
        raise ModelNotFoundError(f"model file {path} does not exist")
    return path


def _weights(model: Path, given: str) -> Path:
    if given:
        return _existing(given)
    beside = model.with_suffix(".pdiparams")
    if not beside.is_file():
        raise ModelFormatError(
            f"{model} needs its weights: there is no {beside.name} beside it; give params_path"
        )
    return beside


def _files(
    model: Path,
    *,
    onnx: Path | None = None,
    pdmodel: Path | None = None,
    program_json: Path | None = None,
    pdiparams: Path | None = None,
    om: Path | None = None,
) -> ModelFiles:
    return ModelFiles(
        name=model.parent.name,
        directory=model.parent,
        inference_yml=model.parent / INFERENCE_YML,
        onnx=onnx,
        pdmodel=pdmodel,
        program_json=program_json,
        pdiparams=pdiparams,
        config={},
        source="set_model_path",
        om=om,
    )
