"""The network of the Keras practical: two convolutions and a hidden layer, for 28x28 digits or clothes."""

from __future__ import annotations

from convkit.contracts import whole_number
from convkit.nn import Affine, Conv, Dropout, Flatten, MaxPool, ReLU, Sequential

INPUT_SHAPE = (1, 28, 28)


def keras_cnn(num_classes: int = 10, drop: float = 0.4) -> Sequential:
    """Conv 32, pool, conv 64, pool, hidden layer of 100, dropout, scores: 333,526 parameters for images (1, 28, 28).

    - num_classes: number of scores
    - drop: share of hidden units that dropout silences

    Weights start as Keras' do (Glorot, uniform). The softmax of the practical's last layer is in the loss.

        layer                        output       parameters
        conv1    32 filters 3x3      32 x 28 x 28        320
        pool1    2x2                 32 x 14 x 14
        conv2    64 filters 3x3      64 x 14 x 14     18,496
        pool2    2x2                 64 x 7 x 7
        flatten                      3136
        dense1   100                 100             313,700
        dense2   10                  10                1,010
    """
    glorot = "glorot_uniform"
    return Sequential(
        conv1=Conv(32, 3, pad=1, init_w=glorot),
        relu1=ReLU(),
        pool1=MaxPool(2),
        conv2=Conv(64, 3, pad=1, init_w=glorot),
        relu2=ReLU(),
        pool2=MaxPool(2),
        flatten=Flatten(),
        dense1=Affine(100, init_w=glorot),
        relu3=ReLU(),
        dropout=Dropout(drop=drop),
        dense2=Affine(whole_number("num_classes", num_classes, 1), init_w=glorot),
    )
