"""From a model name to a loaded session: files, configuration, engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer import hub
from hpinfer.config.inference import InferenceConfig, parse_inference_config
from hpinfer.hpi import EngineChoice, choose_engine
from hpinfer.session import Session

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from hpinfer.hub import ModelFiles, ModelFormat


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """A model's files and configuration; nothing is loaded yet.

    Attributes:
        files: Its files.
        config: Its parsed ``inference.yml``.
    """

    files: ModelFiles
    config: InferenceConfig


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model's configuration and its session.

    Attributes:
        name: Model name.
        config: Its ``inference.yml``.
        session: The loaded network.
        choice: The engine chosen, and why.
        directory: Where the files are.
    """

    name: str
    config: InferenceConfig
    session: Session
    choice: EngineChoice
    directory: Path


def locate_model(name: str, *, model_dir: str | os.PathLike[str] | None = None) -> LocatedModel:
    """Finds a model's files, fetching them if they are nowhere on this machine.

    Args:
        name: Model name, e.g. ``"PP-OCRv4_mobile_det"``.
        model_dir: Its directory, or None to look in the caches and fetch it. A directory may also
            hold the network as ``inference.pdmodel``, which OpenVINO reads.

    Raises:
        ModelNotFoundError: The model is unknown, or its files cannot be had.
        ModelFormatError: Its files are incomplete.
    """
    # What is fetched is ONNX, which every engine reads.
    formats: tuple[ModelFormat, ...] = ("onnx",) if model_dir is None else ("onnx", "paddle")
    files = hub.resolve(name, model_dir=model_dir, formats=formats)
    return LocatedModel(files, parse_inference_config(files.config))


def load_model(
    located: LocatedModel,
    *,
    device: str = "cpu",
    engine: str | None = None,
    **session_options: Any,
) -> LoadedModel:
    """Chooses an engine and loads the network.

    Args:
        located: What `locate_model` found.
        device: ``"cpu"`` or ``"gpu:N"``.
        engine: Engine name, or None for the best that is usable.
        **session_options: Further options of `Session`.

    Raises:
        ModelFormatError: The network is corrupted, or no usable engine reads its format.
        EngineUnavailableError: No usable engine.
    """
    files = located.files
    paths = _network_paths(files)
    choice = choose_engine(list(paths), device=device, engine=engine, model_name=files.name)
    session = Session(
        paths[choice.model_format], engine=choice.engine, device=device, **session_options
    )
    return LoadedModel(files.name, located.config, session, choice, files.directory)


def _network_paths(files: ModelFiles) -> dict[str, Path]:
    paths = {}
    if files.onnx is not None:
        paths["onnx"] = files.onnx
    if files.pdmodel is not None and files.pdiparams is not None:
        paths["pdmodel"] = files.pdmodel
    if files.program_json is not None and files.pdiparams is not None:
        paths["pir"] = files.program_json
    return paths
