from convkit.nn.activations import (
    GELU,
    Dropout,
    Flatten,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Softmax,
    SpatialDropout,
    Tanh,
)
from convkit.nn.containers import Add, Concat, Parallel, Residual, Sequential
from convkit.nn.layers import Affine, Conv, MaxPool
from convkit.nn.models import Classifier, Model, Regressor
from convkit.nn.module import Module, Node
from convkit.nn.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from convkit.nn.squeeze_excite import SqueezeExcite

__all__ = [
    "GELU",
    "Add",
    "Affine",
    "BatchNorm",
    "Classifier",
    "Concat",
    "Conv",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool",
    "Model",
    "Module",
    "Node",
    "Parallel",
    "ReLU",
    "Regressor",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "SpatialDropout",
    "SqueezeExcite",
    "Tanh",
]
