"""MobileNet: every convolution but the first is split into a depthwise and a pointwise one."""

from __future__ import annotations

from convkit.contracts import real_number, whole_number
from convkit.nn import Affine, BatchNorm, Conv, GlobalAvgPool, ReLU, Sequential

INPUT_SHAPE = (3, 224, 224)
# (filters of the pointwise convolution, stride of the depthwise one)
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


def mobilenet_v1(num_classes: int = 1000, width: float = 1.0) -> Sequential:
    """MobileNet of the first version: 4,231,976 parameters, for images (3, 224, 224) or other sizes from 32 up.

    - num_classes: number of scores
    - width: multiplies all numbers of filters (the paper's alpha), in (0, 1]

    Source: A. Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications",
    2017, table 1.
    """
    width = real_number("width", width, 0, 1, low_open=True)

    def filters(F: int) -> int:
        return max(int(F * width), 1)

    channels = filters(32)
    net = Sequential(
        conv1=Conv(channels, 3, stride=2, pad=1, bias=False, rounding="floor"), bn1=BatchNorm(), relu1=ReLU()
    )
    for i, (F, stride) in enumerate(BLOCKS, start=1):
        block = Sequential(
            depthwise=Conv(channels, 3, stride=stride, pad=1, groups=channels, bias=False, rounding="floor"),
            bn1=BatchNorm(),
            relu1=ReLU(),
            pointwise=Conv(filters(F), 1, bias=False),
            bn2=BatchNorm(),
            relu2=ReLU(),
        )
        net.add(f"block{i}", block)
        channels = filters(F)
    net.add("pool", GlobalAvgPool())
    net.add("fc", Affine(whole_number("num_classes", num_classes, 1), init_w="lecun_normal"))
    return net
