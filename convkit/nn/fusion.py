"""Fused pairs: where several layers in a row can run as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from convkit import ops
from convkit.layer_utils import SANDWICHES
from convkit.nn.leaf import LayerModule
from convkit.nn.module import Module, Params
from convkit.weight_decay import WeightDecay

LONGEST = max(len(layers) for layers in SANDWICHES)


class FusedRun(NamedTuple):
    """The first modules of a row that one fused pair stands for."""

    pair: ops.Implementation
    modules: list[LayerModule]

    @property
    def length(self) -> int:
        return len(self.modules)

    def forward(self, params: Sequence[Params], x: np.ndarray, train: bool) -> tuple[np.ndarray, FusedStep]:
        """Run the pair: all learnable arguments of all layers in order, then all their settings in order."""
        settings = [module.arguments(train) for module in self.modules]
        learnable = [a for m, own in zip(self.modules, params, strict=True) for a in m.check_params(own)]
        out, cache = self.pair.forward(x, *learnable, *(a for each in settings for a in each))
        for module, arguments in zip(self.modules, settings, strict=True):
            module.finish(arguments, train)
        return out, FusedStep(self.pair, self.modules, cache)


class FusedStep(NamedTuple):
    """What a fused pair left for its way back."""

    pair: ops.Implementation
    modules: list[LayerModule]
    cache: Any

    def backward(self, dout: np.ndarray, needs_dx: bool, weight_decay: WeightDecay | None) -> tuple[Any, list[Params]]:
        """dx, and the gradients of each module's parameters."""
        step = ops.Step(self.pair.backward, self.cache)  # type: ignore[arg-type]
        result = ops.backward(dout, step, needs_dx, weight_decay)
        dx, *rest = result if isinstance(result, tuple) else (result,)
        grads = []
        for module in self.modules:
            count = len(ops.LAYERS[module.layer_for(4)].learnable)
            own, rest = rest[:count], rest[count:]
            grads.append(dict(zip(module.param_names, module.gradients(own), strict=True)))
        return dx, grads


def fused_run(modules: Sequence[Module], ndim: int) -> FusedRun | None:
    """The longest fused pair that the current modules of layers define for the first of these modules, or None.

    - modules: modules in a row
    - ndim: axes of the batch that goes into the first
    """
    row: list[LayerModule] = []
    layers: list[str] = []
    for module in modules[:LONGEST]:
        # What somebody's own module does is its own affair.
        if not isinstance(module, LayerModule) or not ops.has_own(module, "forward", "backward"):
            break
        layers.append(module.layer_for(ndim))
        row.append(module)
        ndim = 2 if layers[-1] == "affine" else ndim
    for length in range(len(row), 1, -1):
        name = SANDWICHES.get(tuple(layers[:length]))
        pair = ops.find(name, parts=tuple(layers[:length])) if name else None
        if pair and pair.backward:
            return FusedRun(pair, row[:length])
    return None
