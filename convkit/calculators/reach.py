"""Which positions of its input a position of a layer's output depends on, along one axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from convkit.layers.conv import conv_geometry
from convkit.layers.pool import pool_geometry
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
    """Each input position adds to `extent` output positions, `stride` apart (a transposed convolution).

    Where it adds to none, the window is empty: its last position comes before its first.
    """

    extent: int
    stride: int
    pad: int

    def window(self, o: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -((self.extent - 1 - o - self.pad) // self.stride), (o + self.pad) // self.stride


class Whole(NamedTuple):
    """Every output depends on all of the input (a fully connected layer)."""


Reach = Slide | Spread | Whole
SAME = Slide(1, 1, 0)

# Layers whose output at a position depends on the input at that position alone.
POINTWISE = (
    "relu",
    "leaky_relu",
    "sigmoid",
    "tanh",
    "gelu",
    "dropout",
    "spatial_dropout",
    "spatial_batchnorm",
    "batchnorm",
)


def reach_of(node: Node) -> tuple[Reach, ...] | None:
    """One Reach for each axis of a layer's maps, () where it takes vectors; None for a module that is not known.

    Batch normalization is taken in test mode, where its statistics are constants.
    """
    axes, module = len(node.in_shapes[0]) - 1, node.module
    if module.kind in ("Add", "Concat", "Flatten", "Reshape"):
        return (SAME,) * axes
    if not isinstance(module, LayerModule):
        return None
    layer = module.layer_for(axes + 2)
    if layer in POINTWISE:
        return (SAME,) * axes
    x_shape, w_shape = (1, *node.in_shapes[0]), node.param_shapes.get("w", ())
    if layer == "conv":
        geometry = conv_geometry(x_shape, w_shape, w_shape[:1], module.arguments(False)[0])
        extents = [d * (k - 1) + 1 for d, k in zip(geometry.dilation, geometry.kernel)]
        return tuple(Slide(*each) for each in zip(extents, geometry.stride, geometry.pad))
    if layer == "max_pool":
        pooling = pool_geometry(x_shape, module.arguments(False)[0])
        return tuple(Slide(extent, stride, 0) for extent, stride in zip(pooling.kernel, pooling.stride))
    if layer in ("affine", "layernorm", "spatial_groupnorm"):
        return (Whole(),) * axes
    return None
