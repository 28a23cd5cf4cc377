"""The convolution's relatives as modules: Conv1d, Conv3d, ConvTranspose, SeparableConv."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from convkit import initializers
from convkit.contracts import check_bool, whole_number
from convkit.nn.layers import Conv, Weighted
from convkit.nn.leaf import Initializer
from convkit.nn.module import Params, Shape


def _sizes(name: str, value: Any, axes: int) -> tuple[int, ...]:
    """One whole number for each axis, from one for all or a tuple."""
    if isinstance(value, (tuple, list)):
        if len(value) != axes:
            raise ValueError(f"{name} must be a whole number or {axes} of them, got {value!r}")
        return tuple(whole_number(f"{name}[{i}]", each, 1) for i, each in enumerate(value))
    return (whole_number(name, value, 1),) * axes


@dataclass(eq=False, repr=False)
class Conv1d(Conv):
    """Convolution of signals (C, L) with `filters` filters of `size` numbers; all else as for Conv.

    Parameters: w (filters, C/groups, size), b (filters,).
    """

    axes = "(C, L)"
    num_axes = 1

    def __post_init__(self) -> None:
        self.filters = whole_number("filters", self.filters, 1)
        for name in ("size", "stride", "dilation"):
            _sizes(name, getattr(self, name), self.num_axes)
        self.groups = whole_number("groups", self.groups, 1)
        check_bool("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    def layer_for(self, ndim: int) -> str:
        return f"conv{self.num_axes}d"

    def w_shape(self, shape: Shape) -> Shape:
        if shape[0] % self.groups:
            raise ValueError(f"groups = {self.groups} must divide the {shape[0]} channels")
        return (self.filters, shape[0] // self.groups, *_sizes("size", self.size, self.num_axes))

    def expects(self, params: Params) -> str:
        return f"(N, {params['w'].shape[1] * self.groups}, {self.axes[4:]}"


@dataclass(eq=False, repr=False)
class Conv3d(Conv1d):
    """Convolution of videos or volumes (C, D, H, W); sizes are a number or three; all else as for Conv.

    Parameters: w (filters, C/groups, DD, HH, WW), b (filters,).
    """

    size: Any
    stride: Any = 1
    dilation: Any = 1

    axes = "(C, D, H, W)"
    num_axes = 3


@dataclass(eq=False, repr=False)
class ConvTranspose(Weighted):
    """Transposed convolution of images (C, H, W), which makes them larger: stride 2 doubles them.

    - filters: channels of the output
    - size, stride, pad, output_pad, dilation, groups: as conv_param of convkit.layers.conv_transpose has them
    - bias, init_w, init_b: as for Conv

    Parameters: w (C, filters/groups, HH, WW), b (filters,).
    """

    filters: int
    size: int | tuple[int, int]
    stride: int | tuple[int, int] = 1
    pad: Any = 0
    output_pad: int | tuple[int, int] = 0
    dilation: int | tuple[int, int] = 1
    groups: int = 1
    bias: bool = True
    init_w: str | Initializer = "he_normal_fan_out"
    init_b: str | Initializer = "zeros"

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        self.filters = whole_number("filters", self.filters, 1)
        for name in ("size", "stride", "dilation"):
            _sizes(name, getattr(self, name), 2)
        self.groups = whole_number("groups", self.groups, 1)
        if self.filters % self.groups:
            raise ValueError(f"groups = {self.groups} must divide the {self.filters} filters")
        check_bool("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    @property
    def param(self) -> dict[str, Any]:
        """conv_param for convkit.layers."""
        settings = {"stride": self.stride, "pad": self.pad}
        defaults = {"output_pad": 0, "dilation": 1, "groups": 1}
        return settings | {n: getattr(self, n) for n, value in defaults.items() if getattr(self, n) != value}

    def layer_for(self, ndim: int) -> str:
        return "conv_transpose"

    def arguments(self, train: bool) -> list[Any]:
        return [self.param]

    def w_shape(self, shape: Shape) -> Shape:
        return (shape[0], self.filters // self.groups, *_sizes("size", self.size, 2))

    def outputs_of(self, w_shape: Shape) -> int:
        return w_shape[1] * self.groups

    def expects(self, params: Params) -> str:
        return f"(N, {params['w'].shape[0]}, H, W)"


@dataclass(eq=False, repr=False)
class SeparableConv(Weighted):
    """Depthwise separable convolution of images (C, H, W): `multiplier` filters for each channel, then 1x1 filters.

    - filters, size: of the output's channels; of the depthwise filters
    - stride, pad, dilation, rounding: of the depthwise step, as for Conv
    - multiplier: depthwise filters for each channel
    - bias, init_w, init_b: as for Conv

    Parameters: w_depth (C*multiplier, 1, HH, WW), w_point (filters, C*multiplier, 1, 1), b (filters,).
    """

    filters: int
    size: int | tuple[int, int]
    stride: int | tuple[int, int] = 1
    pad: Any = 0
    dilation: int | tuple[int, int] = 1
    multiplier: int = 1
    rounding: str = "exact"
    bias: bool = True
    init_w: str | Initializer = "he_normal"
    init_b: str | Initializer = "zeros"

    axes = "(C, H, W)"
    decayed = ("w_depth", "w_point")

    def __post_init__(self) -> None:
        self.filters = whole_number("filters", self.filters, 1)
        for name in ("size", "stride", "dilation"):
            _sizes(name, getattr(self, name), 2)
        self.multiplier = whole_number("multiplier", self.multiplier, 1)
        check_bool("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    @property
    def param_names(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("w_depth", "w_point", "b") if self.bias else ("w_depth", "w_point")

    @property
    def param(self) -> dict[str, Any]:
        """conv_param for convkit.layers."""
        settings = {"stride": self.stride, "pad": self.pad}
        defaults = {"dilation": 1, "rounding": "exact"}
        return settings | {n: getattr(self, n) for n, value in defaults.items() if getattr(self, n) != value}

    def initializer(self, name: str) -> Initializer:
        return initializers.initializer(f"init_{name[0]}", self.init_b if name == "b" else self.init_w)

    def layer_for(self, ndim: int) -> str:
        return "separable_conv"

    def arguments(self, train: bool) -> list[Any]:
        return [self.param]

    def param_shapes(self, shape: Shape) -> dict[str, Shape]:
        maps = shape[0] * self.multiplier
        shapes = {"w_depth": (maps, 1, *_sizes("size", self.size, 2)), "w_point": (self.filters, maps, 1, 1)}
        return shapes | {"b": (self.filters,)} if self.bias else shapes

    def learnable(self, params: Params) -> list[np.ndarray]:
        w = params["w_point"]
        return [params["w_depth"], w, params["b"] if self.bias else np.zeros(len(w), w.dtype)]

    def learnable_shapes(self, param_shapes: dict[str, Shape]) -> list[Shape]:
        return [param_shapes["w_depth"], param_shapes["w_point"], (self.filters,)]

    def gradients(self, of_learnable: list[np.ndarray]) -> list[np.ndarray]:
        return of_learnable if self.bias else of_learnable[:2]

    def expects(self, params: Params) -> str:
        return f"(N, {params['w_depth'].shape[0] // self.multiplier}, H, W)"
