"""Random weights that keep a network's answers apart.

Freshly initialised networks have batch normalisation that does nothing and class scores that are
all equal: an engine that loses half of the network would not be noticed. Here the statistics come
from the activations of random pictures, the affine parts are random, and the last layer's logits
get the spread of a trained network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20
#: Standard deviation of a trained classifier's logits.
LOGIT_SPREAD = 3.0
#: A channel's variance is at least this share of its layer's mean, else one nearly constant
#: channel is amplified beyond all others.
_VARIANCE_FLOOR = 0.05


def randomise(layer: Any, run: Callable[[], Any], *, logits: bool) -> None:
    """Give a layer weights under which its answers depend on everything inside it.

    Args:
        layer: A ``paddle.nn.Layer``, changed in place and left in evaluation mode.
        run: Runs it once on a random picture.
        logits: Whether its last linear layer or convolution gives logits.
    """
    import paddle

    rng = np.random.default_rng(SEED)
    layer.eval()
    norms = _batch_norms(layer)
    for norm in norms:
        norm.training = True
        norm._momentum = 0.0
        if getattr(norm, "_use_global_stats", None):
            norm._use_global_stats = False
        _uniform(norm.weight, rng, 0.6, 1.4)
        _uniform(norm.bias, rng, -0.3, 0.3)
    with paddle.no_grad():
        run()
    for norm in norms:
        norm.training = False
        variance = norm._variance.numpy()
        floor = max(float(variance.mean()) * _VARIANCE_FLOOR, 1e-5)
        norm._variance.set_value(np.maximum(variance, floor).astype(np.float32))
    if logits:
        _spread_logits(layer, run)
    layer.eval()


def spread(layer: Any, run: Callable[[], Any], size: float, *, share: float | None = None) -> None:
    """Scale one linear layer or convolution so that its answers spread as asked for.

    Args:
        layer: The part; only its weight changes.
        run: Runs the whole network.
        size: Standard deviation, or with `share` the distance from the bias that only this share
            of the answers exceeds. The latter holds where a few answers are far off.
        share: Share of the answers, or None.
    """
    import paddle

    weight = layer.weight.numpy()
    if not weight.any():  # some heads start at nothing
        weight = np.random.default_rng(SEED).normal(0.0, 0.01, weight.shape).astype(np.float32)
        layer.weight.set_value(weight)
    seen: list[float] = []

    def look(part: Any, _inputs: Any, output: Any) -> None:
        values = output.numpy()
        if share is None:
            seen.append(float(values.std()))
        else:
            bias = part.bias.numpy().reshape(1, -1, 1, 1)
            seen.append(float(np.quantile(np.abs(values - bias), 1.0 - share)))

    hook = layer.register_forward_post_hook(look)
    with paddle.no_grad():
        run()
    hook.remove()
    if seen and seen[-1] > 0:
        layer.weight.set_value(weight * np.float32(size / seen[-1]))


def _spread_logits(layer: Any, run: Callable[[], Any]) -> None:
    import paddle
    from paddle import nn

    order: list[Any] = []
    parts = [part for part in layer.sublayers() if isinstance(part, (nn.Linear, nn.Conv2D))]
    hooks = [
        part.register_forward_post_hook(lambda part, _inputs, _output: order.append(part))
        for part in parts
    ]
    with paddle.no_grad():
        run()
    for hook in hooks:
        hook.remove()
    spread(order[-1], run, LOGIT_SPREAD)


def _batch_norms(layer: Any) -> list[Any]:
    from paddle import nn

    kinds = (nn.BatchNorm, nn.BatchNorm1D, nn.BatchNorm2D, nn.SyncBatchNorm)
    return [part for part in layer.sublayers() if isinstance(part, kinds)]


def _uniform(parameter: Any, rng: np.random.Generator, low: float, high: float) -> None:
    if parameter is not None:
        parameter.set_value(rng.uniform(low, high, parameter.shape).astype(np.float32))
