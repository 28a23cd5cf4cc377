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
from convkit.nn.convert import as_convolution, fully_convolutional
from convkit.nn.layers import Affine, Conv
from convkit.nn.models import Classifier, Model, Regressor
from convkit.nn.module import Module, Node
from convkit.nn.more_convs import Conv1d, Conv3d, ConvTranspose, SeparableConv
from convkit.nn.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from convkit.nn.pad_channels import PadChannels
from convkit.nn.parallel import Concat, Parallel
from convkit.nn.pools import AdaptiveAvgPool, AdaptiveMaxPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from convkit.nn.residual import Add, Residual
from convkit.nn.sequential import Sequential
from convkit.nn.squeeze_excite import SqueezeExcite
from convkit.nn.upsampling import Upsample

__all__ = [
    "GELU",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "Add",
    "Affine",
    "AvgPool",
    "BatchNorm",
    "Classifier",
    "Concat",
    "Conv",
    "Conv1d",
    "Conv3d",
    "ConvTranspose",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool",
    "Model",
    "Module",
    "Node",
    "PadChannels",
    "Parallel",
    "ReLU",
    "Regressor",
    "Residual",
    "SeparableConv",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "SpatialDropout",
    "SqueezeExcite",
    "Tanh",
    "Upsample",
    "as_convolution",
    "fully_convolutional",
]
