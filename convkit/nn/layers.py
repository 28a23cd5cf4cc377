"""The layers as modules: Conv(32, 3, pad=1), Affine(10), MaxPool(2), BatchNorm(), ReLU(), ..."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from convkit import initializers
from convkit.contracts import pair, real_number, short, whole_number
from convkit.nn.leaf import Initializer, LayerModule
from convkit.nn.module import Module, Params, Shape, check_sample_shape


def _true_or_false(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {short(value)}")


class Weighted(LayerModule):
    """What layers with weights and, if asked for, biases share."""

    decayed = ("w",)
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

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        self.filters = whole_number("filters", self.filters, 1)
        pair("size", self.size, 1)
        pair("stride", self.stride, 1)
        pair("dilation", self.dilation, 1)
        self.groups = whole_number("groups", self.groups, 1)
        _true_or_false("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    @property
    def param(self) -> dict[str, Any]:
        """conv_param for convkit.layers."""
        settings = {"stride": self.stride, "pad": self.pad}
        defaults = {"dilation": 1, "groups": 1, "rounding": "exact"}
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
        _true_or_false("bias", self.bias)
        self.initializer("w"), self.initializer("b")

    def layer_for(self, ndim: int) -> str:
        return "affine"

    def w_shape(self, shape: Shape) -> Shape:
        return prod(shape), self.units

    def outputs_of(self, w_shape: Shape) -> int:
        return w_shape[1]

    def expects(self, params: Params) -> str:
        return f"(N, d_1, ..., d_k) with {params['w'].shape[0]} numbers in a sample"


@dataclass(eq=False, repr=False)
class MaxPool(LayerModule):
    """Largest value of each window of `size` (a number or a pair), over images (C, H, W).

    - stride: default the size: windows that do not overlap
    - rounding: 'exact', 'floor' or 'ceil', for sizes that do not come out whole
    """

    size: int | tuple[int, int] = 2
    stride: int | tuple[int, int] | None = None
    rounding: str = "exact"

    axes = "(C, H, W)"

    def __post_init__(self) -> None:
        pair("size", self.size, 1)
        pair("stride", self.size if self.stride is None else self.stride, 1)

    @property
    def param(self) -> dict[str, Any]:
        """pool_param for convkit.layers."""
        height, width = pair("size", self.size, 1)
        stride = self.size if self.stride is None else self.stride
        param = {"pool_height": height, "pool_width": width, "stride": stride}
        return param if self.rounding == "exact" else param | {"rounding": self.rounding}

    def layer_for(self, ndim: int) -> str:
        return "max_pool"

    def arguments(self, train: bool) -> list[Any]:
        return [self.param]


@dataclass(eq=False, repr=False)
class Activation(LayerModule):
    """What activations without settings share."""

    layer = ""

    def layer_for(self, ndim: int) -> str:
        return self.layer


class ReLU(Activation):
    """max(0, x)."""

    layer = "relu"


@dataclass(eq=False, repr=False)
class Flatten(Module):
    """Every sample as a vector (D,). Affine does so by itself; this makes it a line of its own in a summary."""

    def init(self, shape: Shape, rng: Any = None, dtype: Any = np.float32) -> tuple[Params, Shape]:
        return {}, self.shapes(shape)[1]

    def shapes(self, shape: Shape) -> tuple[dict[str, Shape], Shape]:
        return {}, (prod(check_sample_shape(shape)),)

    def forward(self, params: Params, x: np.ndarray, train: bool = False) -> tuple[np.ndarray, Any]:
        return x.reshape(len(x), prod(x.shape[1:])), x.shape

    def backward(self, dout: np.ndarray, cache: Any) -> tuple[np.ndarray, Params]:
        return dout.reshape(cache), {}


@dataclass(eq=False, repr=False)
class Dropout(LayerModule):
    """In training, silence numbers at random; say which share: Dropout(drop=0.4) is the same as Dropout(keep=0.6).

    Draws come from NumPy's global random state, as in CS231n, so that np.random.seed and checkpoints repeat them.
    """

    drop: float | None = None
    keep: float | None = None

    def __post_init__(self) -> None:
        if (self.drop is None) == (self.keep is None):
            raise ValueError(
                f"give drop, the share to silence, or keep = 1 - drop; got drop={self.drop}, keep={self.keep}"
            )
        name, value = ("keep", self.keep) if self.drop is None else ("drop", self.drop)
        value = real_number(name, value, 0, 1)
        self.p = value if self.drop is None else 1 - value
        if self.p == 0:
            raise ValueError(f"{name} must leave something to keep, got {value}")

    def layer_for(self, ndim: int) -> str:
        return "dropout"

    def arguments(self, train: bool) -> list[Any]:
        return [{"p": self.p, "mode": "train" if train else "test"}]


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
        return f"(N, {channels}, H, W)" if self.axes else f"(N, {channels}) or (N, {channels}, H, W)"


@dataclass(eq=False, repr=False)
class BatchNorm(Normalization):
    """Batch normalization of vectors (D,) or, channel by channel, of images (C, H, W).

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
