"""Multiply-adds of a layer: how often a weight is multiplied with a number and added."""

from __future__ import annotations

from math import prod

from convkit.nn.module import Node


def multiply_adds(node: Node) -> int | None:
    """Multiply-adds of one layer for one sample: those of convolutions and fully connected layers, as papers count.

    Every weight of a convolution is used once for each position of the output, of a transposed convolution once for
    each position of the input, of a fully connected layer once. Biases, normalizations, pooling and activations count
    nothing; they are less than a hundredth of it in the usual networks.
    None for a module with weights of which it is not known how they are used.
    """
    if not node.param_shapes or node.module.kind.endswith("Norm"):
        return 0
    if "w" not in node.param_shapes or len(node.in_shapes) != 1:
        return None
    w = node.param_shapes["w"]
    if len(w) == 2:
        return prod(w)
    if len(w) == len(node.in_shapes[0]) + 1:
        transposed = "Transpose" in node.module.kind
        return prod(w) * prod((node.in_shapes[0] if transposed else node.out_shape)[1:])
    return None
