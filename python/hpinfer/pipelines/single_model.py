"""The pipelines that are one model: classification, detection, segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from hpinfer.config.pipelines.tree import children
from hpinfer.errors import ConfigError
from hpinfer.models import (
    ImageClassification,
    InstanceSegmentation,
    ObjectDetection,
    SemanticSegmentation,
    model_family,
)
from hpinfer.pipelines.base import Pipeline, ResultT
from hpinfer.results import DetResult, InstanceSegResult, SegResult, TopkResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpinfer.config.hpi import HPISettings
    from hpinfer.config.pipelines import ModuleConfig, PipelineConfig
    from hpinfer.io import InputImage
    from hpinfer.models.base import Model


class SingleModelPipeline(Pipeline[ResultT]):
    """One model; what its module says in the configuration holds where a call says nothing.

    Attributes:
        config: The configuration in force.
        model: The model, which has the same `predict`.
    """

    #: The family of models that answers the pipeline's question.
    _FAMILY: ClassVar[type[Model[Any]]]

    def __init__(self, config: PipelineConfig, settings: Mapping[str, HPISettings]) -> None:
        super().__init__(config, settings)
        self.config = config
        ((path, module),) = (
            (name, cast("ModuleConfig", level)) for name, level in children(config)
        )
        loaded = self._load(path, module)
        family = model_family(loaded.config)
        if family is not self._FAMILY:
            raise ConfigError(
                f"{self.name}: {path} needs a model of the family {self._FAMILY.__name__}; "
                f"{loaded.name} is of {family.__name__}"
            )
        # What the module gives is the default of every call, also where PaddleX forgets it (Q3).
        given = {name: getattr(module, name) for name in self.PARAMETERS}
        defaults = {name: value for name, value in given.items() if value is not None}
        fixed: dict[str, Any] = {name: getattr(module, name, None) for name in self._FAMILY.OPTIONS}
        made = cast("Model[ResultT]", self._FAMILY(loaded, **fixed))
        self.model = made.with_defaults(defaults)
        self._together = module.batch_size
        self._batch_size = max(config.batch_size, module.batch_size)

    def _settings(self, params: Mapping[str, Any]) -> object:
        return self.model.call_settings(params)

    def _predict_batch(self, images: Sequence[InputImage], settings: object) -> Sequence[ResultT]:
        if len(images) <= self._together:
            return self.model.predict_images(images, settings)
        results: list[ResultT] = []
        for start in range(0, len(images), self._together):
            part = images[start : start + self._together]
            results.extend(self.model.predict_images(part, settings))
        return results


class ImageClassificationPipeline(SingleModelPipeline[TopkResult]):
    """Names what pictures show.

    Parameters of `predict`: ``topk`` (how many classes, the best first).
    """

    PARAMETERS = ImageClassification.PARAMETERS
    _FAMILY = ImageClassification


class ObjectDetectionPipeline(SingleModelPipeline[DetResult]):
    """Finds objects in pictures, or the parts of pages.

    Parameters of `predict`: ``threshold`` (a score, or one for each class by number or label).
    """

    PARAMETERS: ClassVar[frozenset[str]] = frozenset({"threshold"})
    _FAMILY = ObjectDetection


class SemanticSegmentationPipeline(SingleModelPipeline[SegResult]):
    """Gives each pixel its class.

    Parameters of `predict`: ``target_size`` (size for the network: a side in pixels, (width,
    height), or -1 for each picture's own).
    """

    PARAMETERS = SemanticSegmentation.PARAMETERS
    _FAMILY = SemanticSegmentation


class InstanceSegmentationPipeline(SingleModelPipeline[InstanceSegResult]):
    """Finds objects and the pixels of each.

    Parameters of `predict`: ``threshold`` (score that an object must exceed).
    """

    PARAMETERS = InstanceSegmentation.PARAMETERS
    _FAMILY = InstanceSegmentation
