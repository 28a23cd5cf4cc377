"""Squeeze-and-excitation as a module."""

from __future__ import annotations

from dataclasses import dataclass

from convkit import initializers
from convkit.contracts import whole_number
from convkit.nn.leaf import Initializer, LayerModule
from convkit.nn.module import Params, Shape


@dataclass(eq=False, repr=False)
class SqueezeExcite(LayerModule):
    """Scale each channel of an image (C, H, W) by a gate that depends on all of them: see layers.squeeze_excite.

    - reduction: the hidden layer has C // reduction units, at least 1
    - init_w: initializer of both matrices of weights

    Parameters: w1 (C, R), b1 (R,), w2 (R, C), b2 (C,).
    """

    reduction: int = 16
    init_w: str | Initializer = "lecun_normal"

    axes = "(C, H, W)"
    param_names = ("w1", "b1", "w2", "b2")
    decayed = ("w1", "w2")

    def __post_init__(self) -> None:
        self.reduction = whole_number("reduction", self.reduction, 1)
        initializers.initializer("init_w", self.init_w)

    def layer_for(self, ndim: int) -> str:
        return "squeeze_excite"

    def param_shapes(self, shape: Shape) -> dict[str, Shape]:
        C = shape[0]
        R = max(C // self.reduction, 1)
        return {"w1": (C, R), "b1": (R,), "w2": (R, C), "b2": (C,)}

    def initializer(self, name: str) -> Initializer:
        return initializers.initializer("init_w", self.init_w) if name in self.decayed else initializers.zeros

    def expects(self, params: Params) -> str:
        return f"(N, {params['w1'].shape[0]}, H, W)"
