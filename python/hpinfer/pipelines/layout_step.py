"""Layout detection as a step of a pipeline: its model, and its parameters in a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.errors import ConfigError
from hpinfer.models import ObjectDetection, model_family
from hpinfer.models.detection_settings import PARAMETERS

if TYPE_CHECKING:
    from hpinfer.config.pipelines import LayoutDetectionConfig
    from hpinfer.models.loading import LoadedModel

#: Name of the parameter of a call to the detector's own.
LAYOUT_NAMES = {
    name if name.startswith("layout_") else f"layout_{name}": name for name in sorted(PARAMETERS)
}


def layout_detector(
    loaded: LoadedModel, module: LayoutDetectionConfig, *, where: str
) -> ObjectDetection:
    """Layout detection; what its module says holds where a call says nothing.

    Args:
        loaded: Its model.
        module: Its configuration.
        where: The pipeline and the path of the module, for messages.

    Raises:
        ConfigError: The model is no detector, or a value is wrong.
    """
    if model_family(loaded.config) is not ObjectDetection:
        raise ConfigError(f"{where} needs a detector; {loaded.name} is none")
    given = {name: getattr(module, name) for name in PARAMETERS}
    return ObjectDetection(loaded).with_defaults(
        {name: value for name, value in given.items() if value is not None}
    )
