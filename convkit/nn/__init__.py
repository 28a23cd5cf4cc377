"""Networks as data: a network is a tree of modules, which know their shapes and go forward and backward.

    from convkit.nn import Affine, Classifier, Conv, MaxPool, ReLU, Sequential

    net = Sequential(Conv(32, 3, pad=1), ReLU(), MaxPool(2), Affine(10))
    model = Classifier(net, (1, 28, 28))       # draws the parameters; what the Solver trains
    model.params["conv1.w"].shape              # (32, 1, 3, 3)

A module has init(shape, rng) -> (params, out_shape), forward(params, x, train) -> (out, cache) and
backward(dout, cache) -> (dx, grads). Shapes are of one sample, (C, H, W) or (D,); parameters are one flat dict of
arrays with dotted names. What can be asked of a network without drawing a number: shapes, out_shape, num_params, nodes.
"""

from convkit.nn.containers import Add, Concat, Parallel, Residual, Sequential
from convkit.nn.layers import (
    Affine,
    BatchNorm,
    Conv,
    Dropout,
    Flatten,
    GroupNorm,
    LayerNorm,
    MaxPool,
    ReLU,
)
from convkit.nn.models import Classifier, Model
from convkit.nn.module import Module, Node

__all__ = [
    "Add",
    "Affine",
    "BatchNorm",
    "Classifier",
    "Concat",
    "Conv",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "LayerNorm",
    "MaxPool",
    "Model",
    "Module",
    "Node",
    "Parallel",
    "ReLU",
    "Residual",
    "Sequential",
]
