"""Layers with weights as modules: Conv(32, 3, pad=1), Affine(10)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convkit import initializers
from convkit.contracts import check_bool, pair, whole_number
from convkit.nn.leaf import Initializer, LayerModule
from convkit.nn.module import Params, Shape


class Weighted(LayerModule):
    """What layers with weights and, if asked for, biases share."""

    decayed: tuple[str, ...] = ("w",)
    bias: bool
    init_w: Any
    init_b: Any

    @property
    def param_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("w", "b") if self.bias else ("w",)

    def initializer(self, name: str) -> Initializer:
        return initializers.initializer(f"init_{name}", getattr(self, f"init_{name}"))

    def outputs_of(self, w_shape: Shape) -> int:
        """How many biases belong to weights of this shape."""
        return w_shape[0]

    def w_shape(self, shape: Shape) -> Shape:
        """Shape of the weights for samples of this shape."""
        raise NotImplementedError

    def param_shapes(self, shape: Shape) -> dict[str, Shape]:
        w = self.w_shape(shape)
        return {"w": w, "b": (self.outputs_of(w),)} if self.bias else {"w": w}

    def learnable(self, params: Params) -> list[np.ndarray]:
        # The layers have a bias in any case.
        w = params["w"]
        return [w, params["b"] if self.bias else np.zeros(self.outputs_of(np.shape(w)), w.dtype)]

    def learnable_shapes(self, param_shapes: dict[str, Shape]) -> list[Shape]:
        return [param_shapes["w"], (self.outputs_of(param_shapes["w"]),)]

    def gradients(self, of_learnable: list[np.ndarray]) -> list[np.ndarray]:
        return of_learnable if self.bias else of_learnable[:1]


@dataclass(eq=False, repr=False)
class Conv(Weighted):
    """Convolution with `filters` filters of `size` (a number or a pair), over images (C, H, W).

    - stride, pad, dilation, groups, rounding: as conv_param of convkit.layers.conv has them
    - bias: False leaves the biases out (where a batch normalization follows they do nothing)
    - init_w, init_b: initializers, names or functions; see convkit.initializers
    - winograd: of compiled layers, see conv_forward_fast: None chooses, 0 never, 2 or 4: size of the tiles

    Parameters: w (filters, C/groups, HH, WW), b (filters,).
    """

    filters: int
    size: int | tuple[int, int]
    stride: int | tuple[int, int] = 1
    pad: Any = 0
    dilation: int | tuple[int, int] = 1
    groups: int = 1
    rounding: str = "exact"
    bias: bool = True
    init_w: str | Initializer = "he_normal"
    init_b: str | Initializer = "zeros"
    winograd: int | None = None

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        self.filters = whole_number("filters", self.filters, 1)
        pair("size", self.size, 1)
        pair("stride", self.stride, 1)
        pair("dilation", self.dilation, 1)
        self.groups = whole_number("groups", self.groups, 1)
        check_bool("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    @property
    def param(self) -> dict[str, Any]:
        """conv_param for convkit.layers."""
        settings = {"stride": self.stride, "pad": self.pad}
        defaults = {"dilation": 1, "groups": 1, "rounding": "exact", "winograd": None}
        return settings | {n: getattr(self, n) for n, value in defaults.items() if getattr(self, n) != value}

    def layer_for(self, ndim: int) -> str:
        return "conv"

    def arguments(self, train: bool) -> list[Any]:
        return [self.param]

    def w_shape(self, shape: Shape) -> Shape:
        if shape[0] % self.groups:
            raise ValueError(f"groups = {self.groups} must divide the {shape[0]} channels")
        return (self.filters, shape[0] // self.groups, *pair("size", self.size, 1))

    def expects(self, params: Params) -> str:
        return f"(N, {params['w'].shape[1] * self.groups}, H, W)"


@dataclass(eq=False, repr=False)
class Affine(Weighted):
    """Fully connected layer (linear, dense) with `units` outputs; samples of any shape are flattened.

    - bias, init_w, init_b: as for Conv

    Parameters: w (D, units), b (units,).
    """

    units: int
    bias: bool = True
    init_w: str | Initializer = "he_normal"
    init_b: str | Initializer = "zeros"

    def __post_init__(self) -> None:
        self.units = whole_number("units", self.units, 1)
        check_bool("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    def layer_for(self, ndim: int) -> str:
        return "affine"

    def w_shape(self, shape: Shape) -> Shape:
        return prod(shape), self.units

    def outputs_of(self, w_shape: Shape) -> int:
        return w_shape[1]

    def expects(self, params: Params) -> str:
        return f"(N, d_1, ..., d_k) with {params['w'].shape[0]} numbers in a sample"
