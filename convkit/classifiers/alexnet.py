"""AlexNet, which began the era of deep convolutional networks."""

from __future__ import annotations

from convkit.contracts import whole_number
from convkit.nn import Affine, Conv, Dropout, MaxPool, ReLU, Sequential

INPUT_SHAPE = (3, 224, 224)


def alexnet(num_classes: int = 1000, drop: float = 0.5) -> Sequential:
    """AlexNet in its one-tower form: 61,100,840 parameters for images (3, 224, 224).

    - num_classes: number of scores
    - drop: share of the hidden units that dropout silences

    Source: A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014, the model of one
    tower; the architecture, Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", 2012.
    """
    features = Sequential(
        conv1=Conv(64, 11, stride=4, pad=2, rounding="floor"),
        relu1=ReLU(),
        pool1=MaxPool(3, stride=2, rounding="floor"),
        conv2=Conv(192, 5, pad=2),
        relu2=ReLU(),
        pool2=MaxPool(3, stride=2, rounding="floor"),
        conv3=Conv(384, 3, pad=1),
        relu3=ReLU(),
        conv4=Conv(256, 3, pad=1),
        relu4=ReLU(),
        conv5=Conv(256, 3, pad=1),
        relu5=ReLU(),
        pool5=MaxPool(3, stride=2, rounding="floor"),
    )
    classifier = Sequential(
        dropout1=Dropout(drop=drop),
        fc1=Affine(4096),
        relu1=ReLU(),
        dropout2=Dropout(drop=drop),
        fc2=Affine(4096),
        relu2=ReLU(),
        fc3=Affine(whole_number("num_classes", num_classes, 1)),
    )
    return Sequential(features=features, classifier=classifier)
