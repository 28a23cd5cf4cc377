"""LeNet-5, which read the digits on cheques."""

from __future__ import annotations

from convkit.contracts import whole_number
from convkit.nn import Affine, Conv, MaxPool, ReLU, Sequential

INPUT_SHAPE = (1, 28, 28)


def lenet5(num_classes: int = 10, pad: int = 2) -> Sequential:
    """LeNet-5 in its usual modern form, with ReLU and max pooling: 61,706 parameters.

    - num_classes: number of scores
    - pad: of the first convolution: 2 for images (1, 28, 28), 0 for the (1, 32, 32) of the paper

        from convkit.nn import Classifier
        model = Classifier(lenet5(), (1, 28, 28))

    Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition",
    1998, figure 2 (there with a squashed tanh, trainable subsampling and radial basis functions at the end).
    """
    glorot = "glorot_uniform"
    return Sequential(
        conv1=Conv(6, 5, pad=whole_number("pad", pad, 0), init_w=glorot),
        relu1=ReLU(),
        pool1=MaxPool(2),
        conv2=Conv(16, 5, init_w=glorot),
        relu2=ReLU(),
        pool2=MaxPool(2),
        fc1=Affine(120, init_w=glorot),
        relu3=ReLU(),
        fc2=Affine(84, init_w=glorot),
        relu4=ReLU(),
        fc3=Affine(whole_number("num_classes", num_classes, 1), init_w=glorot),
    )
