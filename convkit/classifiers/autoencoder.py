"""The convolutional auto-encoder of the class diary: 28x28 digits through 4x4x4 numbers and back."""

from __future__ import annotations

from convkit.nn import Conv, MaxPool, ReLU, Sequential, Sigmoid, Upsample

INPUT_SHAPE = (1, 28, 28)


def autoencoder() -> Sequential:
    """Three convolutions with pooling, three with upsampling, one for the image: 3,369 parameters for (1, 28, 28).

        from convkit.nn import Regressor
        model = Regressor(autoencoder(), (1, 28, 28), loss="bce")     # trained with y = X, gray values in [0, 1]

    Weights start as Keras' do (Glorot, uniform).

        layer                          output         parameters
        conv1   16 filters 3x3         16 x 28 x 28        160
        pool1   2x2                    16 x 14 x 14
        conv2   8 filters 3x3          8 x 14 x 14       1,160
        pool2   2x2                    8 x 7 x 7
        conv3   4 filters 3x3          4 x 7 x 7           292
        pool3   2x2, padded            4 x 4 x 4
        conv4   4 filters 3x3          4 x 4 x 4           148
        up4     each pixel 2x2         4 x 8 x 8
        conv5   8 filters 3x3          8 x 8 x 8           296
        up5     each pixel 2x2         8 x 16 x 16
        conv6   16 filters 3x3, valid  16 x 14 x 14      1,168
        up6     each pixel 2x2         16 x 28 x 28
        conv7   1 filter 3x3, sigmoid  1 x 28 x 28         145
    """

    def conv(filters: int, pad: int = 1) -> Conv:
        return Conv(filters, 3, pad=pad, init_w="glorot_uniform")

    return Sequential(
        conv1=conv(16),
        relu1=ReLU(),
        pool1=MaxPool(2, pad="same"),
        conv2=conv(8),
        relu2=ReLU(),
        pool2=MaxPool(2, pad="same"),
        conv3=conv(4),
        relu3=ReLU(),
        pool3=MaxPool(2, pad="same"),
        conv4=conv(4),
        relu4=ReLU(),
        up4=Upsample(2),
        conv5=conv(8),
        relu5=ReLU(),
        up5=Upsample(2),
        conv6=conv(16, pad=0),
        relu6=ReLU(),
        up6=Upsample(2),
        conv7=conv(1),
        sigmoid=Sigmoid(),
    )
