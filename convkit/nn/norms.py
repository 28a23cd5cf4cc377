"""Normalizations as modules: BatchNorm(), LayerNorm(), GroupNorm(8), InstanceNorm()."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from convkit import initializers, ops
from convkit.contracts import real_number, whole_number
from convkit.nn.leaf import Initializer, LayerModule
from convkit.nn.module import Params, Shape
from convkit.weight_decay import WeightDecay


class Normalization(LayerModule):
    """What normalizations share: a scale gamma and a shift beta, which weight decay leaves alone."""

    param_names = ("gamma", "beta")
    eps: float

    def __post_init__(self) -> None:
        self.eps = real_number("eps", self.eps, 0, np.inf)

    def param_shapes(self, shape: Shape) -> dict[str, Shape]:
        return {"gamma": shape[:1], "beta": shape[:1]}

    def initializer(self, name: str) -> Initializer:
        return initializers.ones if name == "gamma" else initializers.zeros

    def expects(self, params: Params) -> str:
        channels = np.shape(params["gamma"])[0]
        return f"(N, {channels}, H, W)" if self.axes else f"(N, {channels}) or (N, {channels}, ...)"


@dataclass(eq=False, repr=False)
class BatchNorm(Normalization):
    """Batch normalization of vectors (D,) or, channel by channel, of images (C, H, W), signals and volumes.

    - eps: added to the variance
    - momentum: what a running average keeps of itself at each batch

    Parameters: gamma, beta (C,). State: running_mean and running_var (C,), zeros and ones at first.
    """

    eps: float = 1e-5
    momentum: float = 0.9

    state_names = ("running_mean", "running_var")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.momentum = real_number("momentum", self.momentum, 0, 1)

    def layer_for(self, ndim: int) -> str:
        return "batchnorm" if ndim == 2 else "spatial_batchnorm"

    def arguments(self, train: bool) -> list[Any]:
        return [{"mode": "train" if train else "test", "eps": self.eps, "momentum": self.momentum, **self.state}]

    def forward(self, params: Params, x: np.ndarray, train: bool = False) -> tuple[np.ndarray, Any]:
        if np.ndim(x) < 3 or np.ndim(x) == 4:
            return super().forward(params, x, train)
        # All positions are alike to it, so signals (N, C, L) and volumes (N, C, D, H, W) may be images of one column.
        out, cache = super().forward(params, x.reshape(*x.shape[:2], -1, 1), train)
        return out.reshape(x.shape), (x.shape, cache)

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        if isinstance(cache, ops.Step):
            return super().backward(dout, cache, needs_dx, weight_decay)
        shape, of_images = cache
        if dout.shape != shape:
            raise ValueError(f"dout must have shape of the output, {shape}, got {dout.shape}")
        dx, grads = super().backward(dout.reshape(*shape[:2], -1, 1), of_images, needs_dx, weight_decay)
        return None if dx is None else dx.reshape(shape), grads

    def begin_state(self, shape: Shape, dtype: Any) -> None:
        self.state.update(running_mean=np.zeros(shape[0], dtype), running_var=np.ones(shape[0], dtype))

    def check_params(self, params: Params) -> list[np.ndarray]:
        if not self.state:
            raise ValueError("it has no running averages yet: init() or set_state() of the network makes them")
        return super().check_params(params)

    def finish(self, arguments: list[Any], train: bool) -> None:
        if train:
            self.state.update({name: arguments[0][name] for name in self.state_names})


@dataclass(eq=False, repr=False)
class LayerNorm(Normalization):
    """Layer normalization of vectors (D,) over their features; of images: GroupNorm(1).

    Parameters: gamma, beta (D,).
    """

    eps: float = 1e-5

    axes = "(D,)"

    def layer_for(self, ndim: int) -> str:
        return "layernorm"

    def arguments(self, train: bool) -> list[Any]:
        return [{"eps": self.eps}]

    def expects(self, params: Params) -> str:
        return f"(N, {np.shape(params['gamma'])[0]})"


@dataclass(eq=False, repr=False)
class GroupNorm(Normalization):
    """Group normalization of images (C, H, W): within each of `groups` groups of neighbouring channels.

    Parameters: gamma, beta (C,).
    """

    groups: int
    eps: float = 1e-5

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.groups = whole_number("groups", self.groups, 1)

    def layer_for(self, ndim: int) -> str:
        return "spatial_groupnorm"

    def arguments(self, train: bool) -> list[Any]:
        return [self.groups, {"eps": self.eps}]

    def learnable(self, params: Params) -> list[np.ndarray]:
        return [array.reshape(1, -1, 1, 1) for array in super().learnable(params)]

    def learnable_shapes(self, param_shapes: dict[str, Shape]) -> list[Shape]:
        return [(1, *shape, 1, 1) for shape in param_shapes.values()]

    def gradients(self, of_learnable: list[np.ndarray]) -> list[np.ndarray]:
        return [array.reshape(-1) for array in of_learnable]


@dataclass(eq=False, repr=False)
class InstanceNorm(Normalization):
    """Instance normalization: each channel of each image (C, H, W) on its own.

    Parameters: gamma, beta (C,).
    """

    eps: float = 1e-5

    axes = "(C, H, W)"

    def layer_for(self, ndim: int) -> str:
        return "instancenorm"

    def arguments(self, train: bool) -> list[Any]:
        return [{"eps": self.eps}]
