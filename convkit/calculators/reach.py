"""Which positions of its input a position of a layer's output depends on, along one axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from convkit.contracts import pair
from convkit.layers.adaptive_pool import adaptive_geometry
from convkit.layers.conv import Axes, ConvGeometry, conv_geometry
from convkit.layers.conv1d import SIGNAL
from convkit.layers.conv3d import VOLUME
from convkit.layers.conv_transpose import conv_transpose_geometry
from convkit.layers.pool import SETTINGS, PoolGeometry, pool_geometry
from convkit.layers.upsample_bilinear import positions_between
from convkit.nn.leaf import LayerModule
from convkit.nn.module import Node


class Slide(NamedTuple):
    """A window of `extent` pixels that slides by `stride`, from `pad` pixels before the first one (a convolution)."""

    extent: int
    stride: int
    pad: int

    def window(self, o: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last input position of each output position, without regard to where the input ends."""
        first = o * self.stride - self.pad
        return first, first + self.extent - 1


class Spread(NamedTuple):
    """Each input position adds to `extent` output positions, which begin `stride` apart (a transposed convolution).

    Where it adds to none, the window is empty: its last position comes before its first.
    """

    extent: int
    stride: int
    pad: int

    def window(self, o: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same as for Slide."""
        return -((self.extent - 1 - o - self.pad) // self.stride), (o + self.pad) // self.stride


class Uneven(NamedTuple):
    """Windows that follow from the size of the image: of each output position the first and the last input position."""

    first: np.ndarray
    last: np.ndarray

    def window(self, o: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same as for Slide."""
        return self.first[o], self.last[o]


class Whole(NamedTuple):
    """Every output depends on all of the input (a fully connected layer)."""


Reach = Slide | Spread | Uneven | Whole
SAME = Slide(1, 1, 0)

# Layers whose output at a position depends on the input at that position alone; modules that are no layers, by kind.
POINTWISE = (
    "relu",
    "leaky_relu",
    "sigmoid",
    "tanh",
    "gelu",
    "flatten",
    "dropout",
    "spatial_dropout",
    "spatial_batchnorm",
    "batchnorm",
)
POINTWISE_KINDS = ("Add", "Concat", "PadChannels")

# Layers that use the statistics, or all numbers, of a sample.
WHOLE = (
    "affine",
    "layernorm",
    "spatial_groupnorm",
    "instancenorm",
    "squeeze_excite",
    "global_avg_pool",
    "global_max_pool",
)
CONVOLUTIONS = {"conv": Axes(), "conv1d": SIGNAL, "conv3d": VOLUME}


def reach_of(node: Node) -> tuple[Reach, ...] | None:
    """One Reach for each axis of a layer's maps, () where it takes vectors; None for a module that is not known.

    Batch normalization is taken in test mode, where its statistics are constants.
    """
    axes, module = len(node.in_shapes[0]) - 1, node.module
    if module.kind in POINTWISE_KINDS:
        return (SAME,) * axes
    if not isinstance(module, LayerModule):
        return None
    layer = module.layer_for(axes + 2)
    if layer in POINTWISE:
        return (SAME,) * axes
    if layer in WHOLE:
        return (Whole(),) * axes
    return OTHERS[layer](node) if layer in OTHERS else None


def settings_of(node: Node) -> Any:
    """The last argument of a node's layer, which is its settings."""
    return node.module.arguments(False)[-1]  # type: ignore[attr-defined]


def geometry_of(node: Node) -> ConvGeometry | PoolGeometry:
    """How the window of a convolution or a pooling lies."""
    layer = node.module.layer_for(1 + len(node.in_shapes[0]))  # type: ignore[attr-defined]
    x_shape, w_shape, settings = (1, *node.in_shapes[0]), node.param_shapes.get("w", ()), settings_of(node)
    if layer in CONVOLUTIONS:
        return conv_geometry(x_shape, w_shape, w_shape[:1], settings, CONVOLUTIONS[layer])
    if layer == "separable_conv":
        w_shape = node.param_shapes["w_depth"]
        return conv_geometry(x_shape, w_shape, w_shape[:1], {**settings, "groups": x_shape[1]})
    if layer == "conv_transpose":  # of the convolution that it is the adjoint of
        return conv_transpose_geometry(x_shape, w_shape, node.out_shape[:1], settings)
    return pool_geometry(x_shape, settings, (*SETTINGS, "count_include_pad"))


def _window(kind: Any) -> Callable[[Node], tuple[Reach, ...]]:
    def reach(node: Node) -> tuple[Reach, ...]:
        geometry = geometry_of(node)
        extents = [d * (k - 1) + 1 for d, k in zip(geometry.dilation, geometry.kernel)]
        return tuple(kind(*each) for each in zip(extents, geometry.stride, geometry.pad))

    return reach


def _softmax(node: Node) -> tuple[Reach, ...]:
    """Along the channels (axis 1), or along one axis of the maps."""
    axes = len(node.in_shapes[0]) - 1
    along = settings_of(node) % (axes + 2)
    return tuple(Whole() if along == k + 2 else SAME for k in range(axes))


def _adaptive(node: Node) -> tuple[Reach, ...]:
    sizes = zip(node.in_shapes[0][1:], node.out_shape[1:])
    spans = adaptive_geometry((1, *node.in_shapes[0]), settings_of(node)).spans()
    return tuple(
        Slide(size // out, size // out, 0) if size % out == 0 else Uneven(first, stop - 1)
        for (size, out), (first, stop) in zip(sizes, spans)
    )


def _bilinear(node: Node) -> tuple[Reach, ...]:
    settings = settings_of(node)
    scale = pair("scale", settings["scale"], 1)
    if settings.get("align_corners"):
        between = [positions_between(size, s, True) for size, s in zip(node.in_shapes[0][1:], scale)]
        return tuple(Uneven(each.low, np.where(each.part > 0, each.high, each.low)) for each in between)
    return tuple(Spread(2 * s - s % 2, s, s // 2) for s in scale)


def _blocks(extent: int | None) -> Callable[[Node], tuple[Reach, ...]]:
    """Each pixel at one place of its block, or (None) all over it."""

    def reach(node: Node) -> tuple[Reach, ...]:
        return tuple(Spread(extent or s, s, 0) for s in pair("scale", settings_of(node)["scale"], 1))

    return reach


OTHERS: dict[str, Callable[[Node], tuple[Reach, ...]]] = {
    **dict.fromkeys((*CONVOLUTIONS, "separable_conv", "max_pool", "avg_pool"), _window(Slide)),
    "conv_transpose": _window(Spread),
    "adaptive_avg_pool": _adaptive,
    "adaptive_max_pool": _adaptive,
    "softmax": _softmax,
    "upsample_nearest": _blocks(None),
    "bed_of_nails": _blocks(1),
    "upsample_bilinear": _bilinear,
}
