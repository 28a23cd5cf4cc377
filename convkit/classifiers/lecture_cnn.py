"""The ConvNet of the lectures' picture: conv - relu - conv - relu - pool, three times, then a fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence

from convkit.classifiers.base import whole_numbers
from convkit.contracts import whole_number
from convkit.nn import Affine, Conv, MaxPool, ReLU, Sequential

INPUT_SHAPE = (3, 32, 32)


def lecture_cnn(num_classes: int = 5, filters: Sequence[int] = (10, 10, 10)) -> Sequential:
    """CONV-RELU-CONV-RELU-POOL once for each number of filters, then FC, for images whose sizes can be halved as often.

    - num_classes: number of scores; the picture tells car, truck, airplane, ship and horse apart
    - filters: of both convolutions before each pooling; 3x3, padded so that the size stays

    Source: CS231n, lecture notes "Convolutional neural networks", the picture of the activations of a ConvNet.
    """
    net = Sequential()
    for i, F in enumerate(whole_numbers("filters", filters, 1), start=1):
        for j in ("a", "b"):
            net.add(f"conv{i}{j}", Conv(F, 3, pad=1))
            net.add(f"relu{i}{j}", ReLU())
        net.add(f"pool{i}", MaxPool(2))
    net.add("fc", Affine(whole_number("num_classes", num_classes, 1)))
    return net
