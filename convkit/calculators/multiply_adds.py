"""Multiply-adds of a layer: how often a weight is multiplied with a number and added."""

from __future__ import annotations

from math import prod

from convkit.layers import LAYERS
from convkit.nn.leaf import LayerModule
from convkit.nn.module import Node


def multiply_adds(node: Node) -> int | None:
    """Multiply-adds of one layer for one sample: those of convolutions and fully connected layers, as papers count.

    Every weight of a convolution is used once for each position of the output, of a transposed convolution once for
    each position of the input, of a fully connected layer once. Biases, normalizations, pooling and activations count
    nothing; in the usual networks they are about a hundredth of it.
    None for a module of one's own with parameters, for it is not known how they are used.
    """
    if not node.param_shapes:
        return 0
    module, in_shape = node.module, node.in_shapes[0]
    if not isinstance(module, LayerModule) or module.layer_for(1 + len(in_shape)) not in LAYERS:
        return None
    positions = prod((in_shape if "Transpose" in module.kind else node.out_shape)[1:])
    return sum(prod(w) * (positions if len(w) > 2 else 1) for w in node.param_shapes.values() if len(w) > 1)
