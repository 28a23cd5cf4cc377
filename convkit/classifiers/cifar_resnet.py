"""ResNet for small images: three stages of 16, 32 and 64 filters."""

from __future__ import annotations

from convkit.classifiers.resnet import basic_body, residual_block
from convkit.contracts import short, whole_number
from convkit.nn import (
    Affine,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    MaxPool,
    Module,
    PadChannels,
    ReLU,
    Sequential,
    SqueezeExcite,
)

INPUT_SHAPE = (3, 32, 32)


def cifar_resnet(depth: int = 20, num_classes: int = 10, squeeze_excite: int | None = None) -> Sequential:
    """ResNet of 6n + 2 layers with weights for images (3, 32, 32); ResNet-20 has 269,722 parameters.

    Shortcuts to more channels take every second pixel and fill up with channels of zeros: they have no parameters
    (option A of the paper).

    - depth: 20, 32, 44, 56, 110 or any other 6n + 2
    - num_classes: number of scores
    - squeeze_excite: None, or the reduction of a squeeze-and-excitation at the end of each block

    Source: K. He et al., "Deep residual learning for image recognition", 2016, section 4.2.
    """
    n, rest = divmod(whole_number("depth", depth, 8) - 2, 6)
    if rest:
        raise ValueError(f"depth must be 6n + 2, such as 20, 32 or 56, got {short(depth)}")
    net = Sequential(conv1=Conv(16, 3, pad=1, bias=False), bn1=BatchNorm(), relu1=ReLU())
    channels = 16
    for i, F in enumerate((16, 32, 64), start=1):
        stage = Sequential()
        for j in range(1, n + 1):
            stride = 1 if channels == F else 2
            body = basic_body(F, stride)
            if squeeze_excite is not None:
                body.add("se", SqueezeExcite(squeeze_excite))
            stage.add(f"block{j}", residual_block(body, zero_padding(F, stride) if stride != 1 else None))
            channels = F
        net.add(f"layer{i}", stage)
    net.add("pool", GlobalAvgPool())
    net.add("fc", Affine(whole_number("num_classes", num_classes, 1), init_w="lecun_normal"))
    return net


def se_cifar_resnet(depth: int = 20, num_classes: int = 10, reduction: int = 16) -> Sequential:
    """The same with squeeze-and-excitation in each block: SE-ResNet-20."""
    return cifar_resnet(depth, num_classes, whole_number("reduction", reduction, 1))


def zero_padding(filters: int, stride: int) -> Module:
    """A shortcut to more channels without parameters: every stride-th pixel, and channels of zeros."""
    return Sequential(subsample=MaxPool(1, stride=stride, rounding="floor"), pad=PadChannels(filters))
