"""What every pipeline shares: inputs of any kind, lazy results, models and how they run."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, overload

from hpinfer.errors import ConfigError, ModelNotFoundError
from hpinfer.hpi import PipelineExplanation
from hpinfer.io import InputFailure, InputImage, iter_images
from hpinfer.models.base import check_parameters, predict_in_batches
from hpinfer.models.loading import load_model, locate_model
from hpinfer.models.retuning import tuning_request
from hpinfer.models.time_limit import checked_timeout
from hpinfer.pipelines.loading import Part
from hpinfer.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import ModuleConfig, PipelineConfig
    from hpinfer.hpi import Explanation
    from hpinfer.io import ImageSource
    from hpinfer.models.base import OnError
    from hpinfer.models.loading import LoadedModel

Precision = Literal["fp32", "bf16", "fp16", "auto"]

ResultT = TypeVar("ResultT", bound=Result)
PipelineT = TypeVar("PipelineT", bound="Pipeline[Any]")


class Pipeline(ABC, Generic[ResultT]):
    """Several models, or one, that answer one question about a picture.

    Immutable after creation: any number of threads may call `predict` at once; per-call parameters
    are never stored, and results depend on nothing but the picture and the parameters.

    Attributes:
        settings: What holds for each module after merging, by its path in the configuration.
    """

    #: Names of the per-call parameters that `predict` accepts.
    PARAMETERS: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: PipelineConfig, settings: Mapping[str, HPISettings]) -> None:
        """Remembers the settings; a subclass loads its models with `_load` and `_sub_pipeline`."""
        self.settings = dict(settings)
        self._name = config.pipeline_name
        self._batch_size = config.batch_size
        self._explanations: list[Explanation] = []

    @property
    def name(self) -> str:
        """The ``pipeline_name``."""
        return self._name

    @property
    def engines(self) -> dict[str, Explanation]:
        """How each model runs, by model name, and why."""
        return {explanation.model: explanation for explanation in self._explanations}

    def explain(self) -> PipelineExplanation:
        """How every model runs here, and why; ``print`` it or take its ``to_dict()``."""
        return PipelineExplanation(tuple(self._explanations))

    @overload
    def predict(
        self,
        input: ImageSource,
        *,
        on_error: Literal["raise"] = "raise",
        timeout: float | None = None,
        **params: Any,
    ) -> Iterator[ResultT]: ...
    @overload
    def predict(
        self,
        input: ImageSource,
        *,
        on_error: Literal["yield"],
        timeout: float | None = None,
        **params: Any,
    ) -> Iterator[ResultT | InputFailure]: ...

    def predict(
        self,
        input: ImageSource,
        *,
        on_error: OnError = "raise",
        timeout: float | None = None,
        **params: Any,
    ) -> Iterator[ResultT] | Iterator[ResultT | InputFailure]:
        """Predicts lazily: nothing is read before the first ``next``.

        From the second batch on, several batches are worked on at the same time, one for each
        thread of the budget (``HPINFER_BATCHES_AT_ONCE``): inputs are read ahead of the results
        that are asked for, in other threads. Results are the same, in the same order. Closing the
        iterator stops the work.

        Args:
            input: Anything that `hpinfer.io.iter_images` reads: paths, directories, patterns,
                addresses, PDFs, bytes, BGR arrays, Pillow images, and iterables of these.
            on_error: ``"raise"`` stops at a bad input, ``"yield"`` gives an `InputFailure` for it
                and goes on; one bad picture does not lose the others of its batch.
            timeout: Seconds that the whole call may take, from the first ``next`` on and with the
                time that its caller spends between results; None for no limit. Then a
                `TimeLimitError` comes, at once; native work stops at its next inference.
            **params: Parameters of the pipeline (its class lists them), for this call only. None
                leaves the pipeline's value.

        Returns:
            One result for each picture or page, in input order; ``timing`` says what it took.

        Raises:
            ConfigError: Unknown parameter, a wrong value, or a step whose model was not loaded (at
                once, not at the first ``next``).
            TimeLimitError: By ``next``: the time is over.
        """
        settings = self.call_settings(params)
        images: Iterator[InputImage | InputFailure] = iter_images(input, on_error=on_error)
        return predict_in_batches(
            images,
            self._batch_size,
            lambda batch: self._predict_batch(batch, settings),
            on_error,
            timeout=checked_timeout(timeout),
            where=f"{self._name}.predict",
        )

    __call__ = predict

    def call_settings(self, params: Mapping[str, Any]) -> object:
        """The settings of one call, for `predict_images`.

        Args:
            params: Parameters of `predict`; None leaves the pipeline's value.

        Raises:
            ConfigError: Unknown parameter, a wrong value, or a step whose model was not loaded.
        """
        if not params:
            return self._default_settings
        check_parameters(params, self.PARAMETERS, where=f"{self._name}.predict")
        return self._settings({name: value for name, value in params.items() if value is not None})

    def predict_images(self, images: Sequence[InputImage], settings: object) -> Sequence[ResultT]:
        """Predicts pictures that are read already, as one batch.

        Args:
            images: The pictures; there may be none.
            settings: What `call_settings` gave.

        Raises:
            InvalidInputError: One of them cannot be used.
        """
        return self._predict_batch(images, settings) if images else []

    @functools.cached_property
    def _default_settings(self) -> object:
        return self._settings({})

    @abstractmethod
    def _settings(self, params: Mapping[str, Any]) -> object:
        """Every per-call setting, resolved and checked; passed to `_predict_batch`."""

    @abstractmethod
    def _predict_batch(self, images: Sequence[InputImage], settings: Any) -> Sequence[ResultT]:  # noqa: ANN401 - each pipeline's own settings
        """One result for each image."""

    def _load(self, path: str, module: ModuleConfig, **session_options: Any) -> LoadedModel:
        """Loads the model of a module; arguments and errors as `_begin_loading`."""
        return self._begin_loading(path, module, **session_options).get()

    def _begin_loading(
        self, path: str, module: ModuleConfig, **session_options: Any
    ) -> Part[LoadedModel]:
        """Begins to load the model of a module, beside what else is being loaded.

        Explanations and errors come in the order in which the parts are got.

        Args:
            path: The module's path, e.g. ``"SubModules.TextDetection"``.
            module: Its configuration.
            **session_options: Of `hpinfer.Session`; ``backend_config`` wins over them.

        Raises:
            ModelNotFoundError: By ``get``: the model cannot be had; says which key to set.
            HpinferError: By ``get``: as `hpinfer.models.load_model`.
        """
        return Part(
            lambda: self._load_now(path, module, session_options),
            lambda loaded: self._explanations.append(loaded.explanation),
            in_background=not self._is_measured,
        )

    def _load_now(
        self, path: str, module: ModuleConfig, session_options: Mapping[str, Any]
    ) -> LoadedModel:
        settings = self.settings[path]
        try:
            located = locate_model(module.model_name, model_dir=module.model_dir, settings=settings)
        except ModelNotFoundError as error:
            if module.model_dir is not None:
                raise ModelNotFoundError(f"{path}.model_dir: {error}") from error
            raise ModelNotFoundError(
                f"{self._name}: set {path}.model_dir to a directory with the model's "
                f"inference.yml and network: {error}"
            ) from error
        return load_model(located, settings, **session_options)

    @property
    def _is_measured(self) -> bool:
        """Whether loading measures engines, which wants the machine for itself."""
        return tuning_request() is not None or any(
            settings.hpi.tune != "off" for settings in self.settings.values()
        )

    def _sub_pipeline(self, kind: type[PipelineT], path: str, config: PipelineConfig) -> PipelineT:
        """Makes a pipeline inside this one; arguments and errors as `_begin_sub_pipeline`."""
        return self._begin_sub_pipeline(kind, path, config).get()

    def _begin_sub_pipeline(
        self, kind: type[PipelineT], path: str, config: PipelineConfig
    ) -> Part[PipelineT]:
        """Begins to make a pipeline inside this one, with what it inherits.

        Args:
            kind: Its class.
            path: Its path, e.g. ``"SubPipelines.DocPreprocessor"``.
            config: Its configuration.

        Raises:
            ModelNotFoundError: By ``get``: one of its models cannot be had; says which key to set,
                and where.
            HpinferError: By ``get``: as `hpinfer.models.load_model`.
        """
        return Part(
            lambda: self._make_sub_pipeline(kind, path, config),
            lambda made: self._explanations.extend(made._explanations),
            in_background=not self._is_measured,
        )

    def _make_sub_pipeline(
        self, kind: type[PipelineT], path: str, config: PipelineConfig
    ) -> PipelineT:
        prefix = f"{path}."
        inner = {
            key.removeprefix(prefix): value
            for key, value in self.settings.items()
            if key.startswith(prefix)
        }
        try:
            return kind(config, inner)
        except ModelNotFoundError as error:
            raise ModelNotFoundError(f"{self._name}: in {path}: {error}") from error


def switched(asked: bool | None, *, loaded: bool, default: bool | None = None, name: str) -> bool:
    """Whether a step with a model of its own is carried out.

    Args:
        asked: What the call says; None leaves it to `default`.
        loaded: Whether the step's model was loaded.
        default: Without a word of the call; None is `loaded`.
        name: Name of the parameter, for the message.

    Raises:
        ConfigError: The step is asked for, but its model was not loaded.
    """
    if asked and not loaded:
        raise ConfigError(
            f"{name}=True needs a model that this pipeline was made without; "
            f"switch it on in the pipeline's configuration"
        )
    if asked is not None:
        return asked
    return loaded if default is None else default
