"""ResNet: blocks that learn what to add to their input; and SE-ResNet, whose blocks weigh their channels."""

from __future__ import annotations

from convkit.contracts import short, whole_number
from convkit.nn import (
    Affine,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    MaxPool,
    Module,
    ReLU,
    Residual,
    Sequential,
    SqueezeExcite,
)

INPUT_SHAPE = (3, 224, 224)
# Blocks in each of the four stages, and whether they are bottlenecks.
STAGES = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}


def resnet(depth: int = 50, num_classes: int = 1000, squeeze_excite: int | None = None) -> Sequential:
    """ResNet of 18, 34, 50, 101 or 152 layers with weights, for images (3, 224, 224) or other sizes from 32 up.

    ResNet-18 has 11,689,512 parameters, ResNet-50 25,557,032. In bottlenecks the 3x3 convolution has the stride, as is
    usual today (in the paper, the first 1x1).

    - depth: 18, 34, 50, 101 or 152
    - num_classes: number of scores
    - squeeze_excite: None, or the reduction of a squeeze-and-excitation at the end of each block, 16 in the paper

    Source: K. He et al., "Deep residual learning for image recognition", 2016, table 1.
    """
    if depth not in STAGES:
        raise ValueError(f"depth must be one of {', '.join(map(str, STAGES))}, got {short(depth)}")
    blocks, bottleneck = STAGES[depth]
    net = Sequential(
        conv1=Conv(64, 7, stride=2, pad=3, bias=False, rounding="floor"),
        bn1=BatchNorm(),
        relu1=ReLU(),
        pool1=MaxPool(3, stride=2, pad=1, rounding="floor"),
    )
    channels = 64
    for i, count in enumerate(blocks):
        stage = Sequential()
        for j in range(count):
            F, stride = 64 * 2**i, 2 if i > 0 and j == 0 else 1
            out = 4 * F if bottleneck else F
            body = bottleneck_body(F, stride) if bottleneck else basic_body(F, stride)
            if squeeze_excite is not None:
                body.add("se", SqueezeExcite(squeeze_excite))
            shortcut = projection(out, stride) if stride != 1 or channels != out else None
            stage.add(f"block{j + 1}", residual_block(body, shortcut))
            channels = out
        net.add(f"layer{i + 1}", stage)
    net.add("pool", GlobalAvgPool())
    net.add("fc", Affine(whole_number("num_classes", num_classes, 1), init_w="lecun_normal"))
    return net


def se_resnet(depth: int = 50, num_classes: int = 1000, reduction: int = 16) -> Sequential:
    """ResNet with squeeze-and-excitation in each block; SE-ResNet-50 has 28,088,024 parameters.

    - depth, num_classes: as for resnet
    - reduction: by how much each squeeze-and-excitation reduces the channels

    Source: J. Hu, L. Shen and G. Sun, "Squeeze-and-excitation networks", 2018, figure 3 and table 1.
    """
    return resnet(depth, num_classes, whole_number("reduction", reduction, 1))


def residual_block(body: Module, shortcut: Module | None) -> Sequential:
    """relu(body(x) + shortcut(x))."""
    return Sequential(residual=Residual(body, shortcut), relu=ReLU())


def basic_body(filters: int, stride: int) -> Sequential:
    """Two 3x3 convolutions."""
    return Sequential(
        conv1=Conv(filters, 3, stride=stride, pad=1, bias=False, rounding="floor"),
        bn1=BatchNorm(),
        relu1=ReLU(),
        conv2=Conv(filters, 3, pad=1, bias=False),
        bn2=BatchNorm(),
    )


def bottleneck_body(filters: int, stride: int) -> Sequential:
    """1x1, 3x3 and 1x1 convolutions: few channels for the expensive one in the middle, four times as many after it."""
    return Sequential(
        conv1=Conv(filters, 1, bias=False),
        bn1=BatchNorm(),
        relu1=ReLU(),
        conv2=Conv(filters, 3, stride=stride, pad=1, bias=False, rounding="floor"),
        bn2=BatchNorm(),
        relu2=ReLU(),
        conv3=Conv(4 * filters, 1, bias=False),
        bn3=BatchNorm(),
    )


def projection(filters: int, stride: int) -> Sequential:
    """A shortcut to another shape: a 1x1 convolution (option B of the paper)."""
    return Sequential(conv=Conv(filters, 1, stride=stride, bias=False, rounding="floor"), bn=BatchNorm())
